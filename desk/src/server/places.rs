//! How many pages are kept up to date at a time: so many in all, and so many of one person, so that nobody takes the places
//! of all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pages that are kept up to date at a time.
const ALL: usize = 100;
/// Those of one person.
const EACH: usize = 25;

/// A page is kept up to date for as long as this is held.
pub(crate) struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_one: OwnedSemaphorePermit,
}

/// The places that there are.
pub(crate) struct Places {
    all: Arc<Semaphore>,
    each: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            each: Mutex::default(),
        }
    }
}

impl Places {
    /// A place for a page of this person, unless they or all together have none left.
    pub(crate) fn take(&self, name: &str) -> Option<Place> {
        let of_one = {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever looks at nothing is forgotten.
            each.retain(|_, own| own.available_permits() < EACH);
            let own = each.entry(name.to_owned());
            Arc::clone(own.or_insert_with(|| Arc::new(Semaphore::new(EACH))))
        };
        Some(Place {
            _of_one: of_one.try_acquire_owned().ok()?,
            _of_all: Arc::clone(&self.all).try_acquire_owned().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_leaves_places_for_others_and_all_together_are_bounded() {
        let places = Places::default();
        let mut mine: Vec<Place> = (0..EACH).map(|_| places.take("ann").unwrap()).collect();
        assert!(places.take("ann").is_none());
        let others: Vec<Place> = ["b", "c", "d"]
            .into_iter()
            .flat_map(|name| (0..EACH).map(move |_| name))
            .map(|name| places.take(name).unwrap())
            .collect();
        assert!(places.take("e").is_none(), "{} in all", others.len());
        mine.pop();
        assert!(places.take("e").is_some());
    }
}
