//! What one page says about changes that no run has published yet.
//!
//! A page proves nothing by what it does not show: a vendor may ignore bounds and sort the oldest first, may count wrongly,
//! may show a change late. So a poll only ever asks for a run sooner; that every change is listed is the runs' business, and
//! `EVERY` remains the longest wait.

use crate::okki::{ListItem, Page};

/// How far a poll reaches back behind the checkpoint, for what OKKI shows late.
pub(crate) const LATE_S: i64 = 30;

/// Under which the page was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// The lower bound, unix seconds.
    pub start: i64,
    /// Rows wanted.
    pub count: u32,
    /// OKKI's clock, unix seconds.
    pub now: i64,
    /// How far windows stay behind that, in seconds.
    pub settle: i64,
    /// Deleted customers were asked for.
    pub removed: bool,
}

/// What a page shows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Customers that a run would publish, if no earlier one has.
    pub candidates: Vec<ListItem>,
    /// There are more than fit on the page.
    pub more: bool,
}

/// Sorts what the page shows.
pub(crate) fn shown(page: Page, asked: Asked) -> Shown {
    let rows = page.rows();
    // Of a listing that ignores its bounds, totals say nothing.
    let honours_bounds = page
        .items
        .iter()
        .all(|item| item.update_time <= 0 || item.update_time >= asked.start);
    let full = rows >= u64::from(asked.count) || page.total.is_some_and(|total| total > rows);
    let is_candidate = |item: &ListItem| match item.update_time {
        // Nobody can say whether a run has published this state, but of a removal, which has only one.
        time if time <= 0 => asked.removed,
        // What lies further ahead waits for its time.
        time => time >= asked.start && time <= asked.now.saturating_add(asked.settle),
    };
    Shown {
        candidates: page.items.into_iter().filter(is_candidate).collect(),
        more: rows > 0 && honours_bounds && full,
    }
}

/// In how many seconds a run sees something that is not published: when the oldest of these is as old as windows stay behind
/// OKKI's clock. Nothing when all is published.
pub(crate) fn run_in(shown: &Shown, known: &[bool], asked: Asked) -> Option<i64> {
    let fresh = shown.candidates.iter().zip(known).filter(|(_, known)| !**known);
    let oldest = fresh.map(|(item, _)| item.update_time).min();
    let wait = |time: i64| {
        time.saturating_add(asked.settle)
            .saturating_sub(asked.now)
            .clamp(0, 2 * asked.settle)
    };
    oldest.map(wait).or(shown.more.then_some(asked.settle))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked {
        start: 1_000,
        count: 3,
        now: 1_100,
        settle: 5,
        removed: false,
    };

    fn page(times: &[i64], total: Option<u64>) -> Page {
        let item = |(n, time): (usize, &i64)| ListItem {
            company_id: n.to_string(),
            update_time: *time,
        };
        Page {
            items: times.iter().enumerate().map(item).collect(),
            total,
            ..Page::default()
        }
    }

    fn verdict(times: &[i64], total: Option<u64>, known: &[bool], asked: Asked) -> Option<i64> {
        let shown = shown(page(times, total), asked);
        let known: Vec<_> = shown
            .candidates
            .iter()
            .map(|item| known[item.company_id.parse::<usize>().unwrap()])
            .collect();
        run_in(&shown, &known, asked)
    }

    #[test]
    fn a_run_is_due_when_the_oldest_change_is_old_enough() {
        assert_eq!(verdict(&[], Some(0), &[], ASKED), None);
        assert_eq!(verdict(&[1_050], Some(1), &[true], ASKED), None);
        assert_eq!(verdict(&[1_050], Some(1), &[false], ASKED), Some(0));
        assert_eq!(verdict(&[1_100], Some(1), &[false], ASKED), Some(5));
        assert_eq!(verdict(&[1_100, 1_097], Some(2), &[false, false], ASKED), Some(2));
        assert_eq!(verdict(&[1_100, 1_097], Some(2), &[false, true], ASKED), Some(5));
    }

    #[test]
    fn more_than_a_page_asks_for_a_run_whatever_it_shows() {
        assert_eq!(verdict(&[1_050], Some(9), &[true], ASKED), Some(5));
        assert_eq!(verdict(&[1_050; 3], None, &[true; 3], ASKED), Some(5));
        assert_eq!(verdict(&[1_050], Some(9), &[false], ASKED), Some(0));
    }

    #[test]
    fn what_no_run_would_publish_asks_for_none() {
        // The whole account, however it is sorted.
        assert_eq!(verdict(&[10, 20, 30], Some(100_000), &[false; 3], ASKED), None);
        assert_eq!(
            verdict(&[1_099, 20, 30], Some(100_000), &[false; 3], ASKED),
            Some(4)
        );
        // A time that nobody can read, and one that has not come yet.
        assert_eq!(
            verdict(
                &[0, 1_106, i64::MAX],
                Some(3),
                &[false; 3],
                Asked { count: 9, ..ASKED }
            ),
            None
        );
        let removed = Asked {
            removed: true,
            ..ASKED
        };
        assert_eq!(verdict(&[0], Some(1), &[false], removed), Some(0));
        assert_eq!(verdict(&[0], Some(1), &[true], removed), None);
    }
}
