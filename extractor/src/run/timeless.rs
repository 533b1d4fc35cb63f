//! Removals that the listing shows without a time: under which version they go on, and how they are remembered.

use super::{Runner, Stop};
use crate::{okki::ListItem, state::Phase};
use pipeline::watermarks::Watermarks;
use std::{borrow::Cow, collections::HashSet};

/// Those of a step, and our time when it was shown.
#[derive(Default)]
pub(super) struct Timeless {
    ids: HashSet<String>,
    latest: i64,
}

impl Runner {
    /// A removal without a time happened before the listing showed it: its version is OKKI's time of that moment, after
    /// every state of before and before every one that follows. An answer may put that moment into the past: no removal is
    /// older than what is known of the customer.
    pub(super) async fn with_times(
        &self,
        phase: Phase,
        mut items: Vec<ListItem>,
        now: Option<i64>,
    ) -> Result<(Vec<ListItem>, Timeless), Stop> {
        let timeless = items
            .iter()
            .filter(|item| phase == Phase::Removed && item.update_time <= 0);
        let ids: HashSet<String> = timeless.map(|item| item.company_id.clone()).collect();
        if ids.is_empty() {
            return Ok((items, Timeless::default()));
        }
        let clocks = self.state.clocks().await?;
        let (now, latest) = (clocks.okki_now(now), clocks.latest());
        let marks = Watermarks::new(self.rt.store.clone(), self.rt.namespace.clone());
        let all: Vec<&str> = items.iter().map(|item| item.company_id.as_str()).collect();
        let known = marks.standings(&all).await?;
        for (item, known) in items.iter_mut().zip(known) {
            if ids.contains(&item.company_id) {
                item.update_time = removed_at(now, known.newest());
            }
        }
        Ok((items, Timeless { ids, latest }))
    }
}

impl Timeless {
    /// The removals as they are remembered: by who they are, so that no time at which one was shown makes it forgotten, and
    /// published by each window again.
    pub(super) fn known_as<'a>(&self, items: &'a [ListItem]) -> Cow<'a, [ListItem]> {
        if self.ids.is_empty() {
            return Cow::Borrowed(items);
        }
        let mut items = items.to_vec();
        for item in items
            .iter_mut()
            .filter(|item| self.ids.contains(&item.company_id))
        {
            item.update_time = item.update_time.max(self.latest);
        }
        Cow::Owned(items)
    }
}

/// The time of a removal that was shown when OKKI said that it was `now`.
fn removed_at(now: i64, newest: Option<i64>) -> i64 {
    newest.map_or(now, |newest| newest.max(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_is_no_older_than_what_is_known_and_is_remembered_whatever_its_time() {
        assert_eq!(removed_at(1_000, None), 1_000);
        assert_eq!(removed_at(1_000, Some(900)), 1_000);
        assert_eq!(removed_at(1_000, Some(1_500)), 1_500);
        let timeless = Timeless {
            ids: HashSet::from(["1".to_owned()]),
            latest: 2_000,
        };
        let row = |id: &str| ListItem {
            company_id: id.to_owned(),
            update_time: 1_000,
        };
        let known = timeless.known_as(&[row("1"), row("2")]).into_owned();
        assert_eq!([known[0].update_time, known[1].update_time], [2_000, 1_000]);
    }
}
