//! Which customers are recorded: the ones that changed last, found in few calls whatever the listing's order is.
//!
//! The span is widened until the listing counts enough, narrowed again where it counts far too many, and then read. A
//! total that is wrong costs some customers of the recording, no more: this is a sample.

use crate::{
    okki::{Error, Page, PageRequest},
    walk::Pages,
};
use std::collections::HashMap;

const FIRST_SPAN_S: i64 = 3600;
const WIDER: i64 = 4;
/// Wider than any account is old.
const WIDEST_S: i64 = 40 * 366 * 86_400;
/// Calls that narrow a span.
const MOST_CUTS: u32 = 20;
/// Pages that are read of one span.
const MOST_PAGES: u64 = 20;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Customers at most.
    pub last: usize,
    /// Update times from here on, unix seconds.
    pub since: Option<i64>,
    /// Rows of a page.
    pub count: u32,
}

/// Finds the customers that changed last; the one that did so last comes first.
pub(crate) async fn newest(listing: &impl Pages, wanted: Wanted, now: i64) -> Result<Vec<String>, Error> {
    let (start, page) = wide_enough(listing, wanted, now).await?;
    let (start, page) = narrow_enough(listing, wanted, start, page, now).await?;
    read(listing, wanted, start, page).await
}

fn request(wanted: Wanted, start: Option<i64>, page: u64) -> PageRequest {
    PageRequest {
        start,
        end: None,
        page,
        count: wanted.count,
        removed: false,
    }
}

/// Customers that the span holds, as far as one page tells.
fn holds(page: &Page) -> u64 {
    page.total.unwrap_or(0).max(page.rows())
}

async fn wide_enough(listing: &impl Pages, wanted: Wanted, now: i64) -> Result<(Option<i64>, Page), Error> {
    let mut span = FIRST_SPAN_S;
    loop {
        let start = now - span;
        let bound = wanted.since.is_some_and(|since| start <= since) || span > WIDEST_S;
        let start = if bound { wanted.since } else { Some(start) };
        let page = listing.page(request(wanted, start, 1)).await?;
        if bound || holds(&page) >= wanted.last as u64 {
            return Ok((start, page));
        }
        span *= WIDER;
    }
}

/// A span in which not many more changed than are wanted, unless they all did in one second.
async fn narrow_enough(
    listing: &impl Pages,
    wanted: Wanted,
    start: Option<i64>,
    page: Page,
    now: i64,
) -> Result<(Option<i64>, Page), Error> {
    let most = (wanted.last as u64 * 2).max(u64::from(wanted.count));
    let mut best = (start, page);
    let (mut early, mut late) = (start.unwrap_or(now - WIDEST_S), now);
    for _ in 0..MOST_CUTS {
        if holds(&best.1) <= most || late - early <= 1 {
            break;
        }
        let middle = early + (late - early) / 2;
        let page = listing.page(request(wanted, Some(middle), 1)).await?;
        if holds(&page) >= wanted.last as u64 {
            early = middle;
            best = (Some(middle), page);
        } else {
            late = middle;
        }
    }
    Ok(best)
}

async fn read(
    listing: &impl Pages,
    wanted: Wanted,
    start: Option<i64>,
    first: Page,
) -> Result<Vec<String>, Error> {
    let of = holds(&first);
    let full = first.rows();
    let pages = of.div_ceil(full.max(1)).clamp(1, MOST_PAGES);
    let mut newest: HashMap<String, i64> = HashMap::new();
    let mut page = first;
    for number in 2.. {
        for item in page.items {
            let time = newest.entry(item.company_id).or_default();
            *time = (*time).max(item.update_time);
        }
        if number > pages {
            break;
        }
        page = listing.page(request(wanted, start, number)).await?;
    }
    let mut ids: Vec<(String, i64)> = newest.into_iter().collect();
    ids.sort_by(|(id, time), (other, their)| their.cmp(time).then_with(|| id.cmp(other)));
    ids.truncate(wanted.last);
    Ok(ids.into_iter().map(|(id, _)| id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okki::ListItem;
    use std::sync::atomic::{AtomicU32, Ordering};

    const NOW: i64 = 1_800_000_000;

    /// Customers by their update time, listed in one order or the other.
    struct Model {
        times: Vec<i64>,
        ascending: bool,
        calls: AtomicU32,
    }

    impl Pages for Model {
        async fn page(&self, request: PageRequest) -> Result<Page, Error> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let mut rows: Vec<_> = (0..self.times.len())
                .filter(|n| self.times[*n] >= request.start.unwrap_or(i64::MIN))
                .collect();
            rows.sort_by_key(|n| {
                if self.ascending {
                    self.times[*n]
                } else {
                    -self.times[*n]
                }
            });
            let total = Some(rows.len() as u64);
            let item = |n: &usize| ListItem {
                company_id: n.to_string(),
                update_time: self.times[*n],
            };
            let skipped = (request.page as usize - 1) * request.count as usize;
            let items = rows
                .iter()
                .skip(skipped)
                .take(request.count as usize)
                .map(item)
                .collect();
            Ok(Page {
                items,
                total,
                ..Page::default()
            })
        }
    }

    async fn chosen(times: Vec<i64>, ascending: bool, last: usize, since: Option<i64>) -> (Vec<i64>, u32) {
        let model = Model {
            times,
            ascending,
            calls: AtomicU32::default(),
        };
        let wanted = Wanted {
            last,
            since,
            count: 20,
        };
        let chosen = newest(&model, wanted, NOW).await.unwrap();
        let times = chosen
            .iter()
            .map(|id| model.times[id.parse::<usize>().unwrap()])
            .collect();
        (times, model.calls.into_inner())
    }

    #[tokio::test]
    async fn those_that_changed_last_are_found_in_any_order() {
        let times: Vec<i64> = (0..5_000).map(|n| NOW - n * n - 10).collect();
        for ascending in [true, false] {
            let (found, calls) = chosen(times.clone(), ascending, 50, None).await;
            assert_eq!(found, times[..50], "ascending: {ascending}");
            assert!(calls < 30, "{calls}");
        }
    }

    #[tokio::test]
    async fn a_quiet_account_and_a_bound_give_what_there_is() {
        let old = vec![NOW - 900_000_000, NOW - 800_000_000];
        let (found, _) = chosen(old.clone(), true, 50, None).await;
        assert_eq!(found, [old[1], old[0]]);
        let (found, _) = chosen(vec![NOW - 10, NOW - 90_000], true, 50, Some(NOW - 86_400)).await;
        assert_eq!(found, [NOW - 10]);
        assert_eq!(chosen(vec![], true, 50, None).await.0, [0_i64; 0]);
    }

    #[tokio::test]
    async fn a_bulk_change_does_not_make_it_read_the_account() {
        let (found, calls) = chosen(vec![NOW - 77; 100_000], true, 30, None).await;
        assert_eq!(found.len(), 30);
        assert!(calls <= 60, "{calls}");
    }
}
