//! Whether a customer whom the comparison has not listed is outside of the filter: what is needed before its row may go.

use super::{
    Comparison,
    progress::{Progress, Trust},
};
use crate::{
    deleted::{Existing, Presence},
    okki::{Detail, Error},
    source::Listed,
    window::Window,
};

/// How far around its time a customer is sought where the listing does not show everybody where it should.
const DAY_S: i64 = 86_400;

impl Comparison {
    /// By what its detail says; where that does not tell, by listings that were read after its last change: that of the
    /// comparison, and one more that is asked for this customer's time alone. Of who has changed since then nothing is known.
    pub(super) async fn is_listed(
        &self,
        progress: &Progress,
        id: &str,
        detail: &Detail,
    ) -> Result<Listed, Error> {
        let listed = self.client.lists(detail).await;
        let has_read = |second: &i64| self.window(progress).contains(*second) && progress.has_read(*second);
        let at = match detail.update_time.filter(has_read) {
            Some(at) if listed == Listed::Unknown => at,
            _ => return Ok(listed),
        };
        let Some(window) = sought(at, progress.trust()) else {
            return Ok(Listed::Unknown);
        };
        for part in 0..self.client.source().parts() {
            let listing = self.listing(part);
            let existing = Existing::for_removal(&listing, id, &[window], self.settings.count).await?;
            match existing.presence(id, 0) {
                Presence::Listed => return Ok(Listed::Yes),
                Presence::Unknown => return Ok(Listed::Unknown),
                Presence::Absent => {}
            }
        }
        Ok(Listed::No)
    }
}

/// Where a listing would show a customer whose detail has this time; `None` when it might be anywhere.
fn sought(at: i64, trust: Trust) -> Option<Window> {
    let around = match trust {
        Trust::Exact => 0,
        Trust::Days => DAY_S,
        Trust::Nothing => return None,
    };
    Some(Window {
        start: Some(at - around),
        end: at + around,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_less_a_listing_is_believed_the_farther_a_customer_is_sought() {
        let is_sought = |trust, second| sought(500_000, trust).map(|window| window.contains(second));
        assert_eq!(is_sought(Trust::Exact, 500_000), Some(true));
        assert_eq!(is_sought(Trust::Days, 500_000 - 5 * 3_600), Some(true));
        assert_eq!(is_sought(Trust::Nothing, 500_000), None, "nobody is removed");
    }
}
