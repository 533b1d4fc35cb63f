//! What became of records since the log was told last.

use crate::disposition::Disposition;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Records by what became of them, since they were counted last. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Done(Arc<[AtomicU64; Disposition::ALL.len()]>);

impl Done {
    /// One more.
    pub(crate) fn count(&self, disposition: Disposition) {
        if let Some(count) = self.0.get(disposition as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All of it, which begins anew then.
    pub(super) fn take(&self) -> [u64; Disposition::ALL.len()] {
        std::array::from_fn(|at| self.0.get(at).map_or(0, |count| count.swap(0, Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_is_counted_once_and_by_what_became_of_it() {
        let done = Done::default();
        for disposition in Disposition::ALL {
            done.clone().count(disposition);
        }
        done.count(Disposition::Loaded);
        let mut expected = [1; Disposition::ALL.len()];
        expected[Disposition::Loaded as usize] = 2;
        assert_eq!(done.take(), expected);
        assert_eq!(done.take(), [0; Disposition::ALL.len()]);
    }
}
