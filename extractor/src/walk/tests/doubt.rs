//! One answer that shows nobody, with status 200 and a total of zero: it ends nothing.

use super::{hidden::walk_around, *};
use std::sync::atomic::AtomicUsize;

/// A vendor one of whose answers to a first page is empty.
struct Hollow {
    model: Model,
    /// Which of those that would have shown somebody; `usize::MAX`: none.
    nth: usize,
    met: AtomicUsize,
    /// The same words are always answered so: from a cache.
    cached: Mutex<Option<PageRequest>>,
    keeps: bool,
    /// Nobody is shown without a lower bound.
    needs_start: bool,
}

impl Hollow {
    fn new(model: Model, nth: usize) -> Self {
        Self {
            model,
            nth,
            met: AtomicUsize::new(0),
            cached: Mutex::default(),
            keeps: false,
            needs_start: false,
        }
    }
}

impl Pages for Hollow {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        let page = self.model.page(request.clone()).await?;
        assert!(
            self.model.state.lock().unwrap().calls < 5_000,
            "it comes to an end"
        );
        let hollow = Page {
            items: vec![],
            total: Some(0),
            ..page.clone()
        };
        if self.needs_start && request.start.is_none()
            || self.cached.lock().unwrap().as_ref() == Some(&request)
        {
            return Ok(hollow);
        }
        if request.page == 1 && page.rows() > 0 && self.met.fetch_add(1, Ordering::Relaxed) == self.nth {
            *self.cached.lock().unwrap() = self.keeps.then_some(request);
            return Ok(hollow);
        }
        Ok(page)
    }
}

async fn shown(listing: &impl Pages) -> HashSet<String> {
    let mut walk = Walk::new(hidden::all(), None, 500, false);
    let mut seen = HashSet::new();
    while let Some(step) = walk.next(listing).await.unwrap() {
        assert_eq!(step.unread, None);
        for item in step.items {
            assert!(seen.insert(item.company_id), "handed out twice");
        }
    }
    seen
}

#[tokio::test]
async fn one_answer_that_shows_nobody_passes_over_nobody() {
    for keeps in [false, true] {
        for times in [spread as fn(u64, &mut StdRng) -> i64, import] {
            for order in [Order::Descending, Order::Ascending, Order::Unstable] {
                for (exclusive, half_open) in [(false, false), (true, false), (false, true)] {
                    // Some of the answers are those of the cuts, some those of the slices.
                    for nth in (0..30).step_by(4) {
                        let mut model = Model::new(51, order, times, 150, 0);
                        (model.exclusive, model.half_open) = (exclusive, half_open);
                        let mut hollow = Hollow::new(model, nth);
                        hollow.keeps = keeps;
                        let what = format!("{nth} {order:?} {keeps} {exclusive} {half_open}");
                        assert_eq!(shown(&hollow).await.len(), 150, "{what}");
                        let calls = hollow.model.state.lock().unwrap().calls;
                        assert!(calls < 300, "{what}: {calls} calls for 8 pages");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_listing_that_shows_nobody_without_a_lower_bound_is_asked_with_one() {
    for (customers, most) in [(15, 20), (300, 250)] {
        let mut hollow = Hollow::new(
            Model::new(52, Order::Descending, spread, customers, 0),
            usize::MAX,
        );
        hollow.needs_start = true;
        assert_eq!(shown(&hollow).await.len() as u64, customers);
        let calls = hollow.model.state.lock().unwrap().calls;
        assert!(calls < most, "{calls} calls for {customers} customers");
    }
}

/// What the second look costs an account with right answers.
#[tokio::test]
async fn nobody_is_doubted_more_than_once() {
    let model = Model::new(
        53,
        Order::Descending,
        |id, _| START + 86_400 * (id as i64 % 5),
        40,
        0,
    );
    let (items, _) = walk_around(&model, hidden::all()).await;
    let calls = model.state.lock().unwrap().calls;
    assert_eq!(items.len(), 40);
    assert!(calls < 90, "{calls} calls for 40 customers");
    let nobody = Model::new(54, Order::Descending, spread, 0, 0);
    assert!(walk(&nobody, hidden::all()).await.unwrap().is_empty());
    assert_eq!(nobody.state.lock().unwrap().calls, 2);
    let mut believing = Walk::new(hidden::all(), None, 500, false).believing(true);
    while believing.next(&nobody).await.unwrap().is_some() {}
    assert_eq!(nobody.state.lock().unwrap().calls, 3);
}

/// Two servers that take turns, one of which knows nobody.
struct Turns {
    model: Model,
    calls: AtomicUsize,
}

impl Pages for Turns {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        let page = self.model.page(request).await?;
        assert!(
            self.model.state.lock().unwrap().calls < 5_000,
            "it comes to an end"
        );
        match self.calls.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => Ok(Page {
                items: vec![],
                total: Some(0),
                ..page
            }),
            _ => Ok(page),
        }
    }
}

#[tokio::test]
async fn of_two_servers_that_take_turns_the_one_that_shows_somebody_counts() {
    for customers in [10, 300] {
        let turns = Turns {
            model: Model::new(55, Order::Descending, spread, customers, 0),
            calls: AtomicUsize::new(0),
        };
        let mut walk = Walk::new(hidden::all(), None, 500, false);
        let mut seen = HashSet::new();
        while let Some(step) = walk.next(&turns).await.unwrap() {
            seen.extend(step.items.into_iter().map(|item| item.company_id));
        }
        assert_eq!(seen.len() as u64, customers);
    }
}
