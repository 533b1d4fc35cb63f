//! The walk against a model of the vendor whose customers change between any two calls.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod displaced;
mod doubt;
mod hidden;
mod imported;
mod slices;
mod totals;

use super::*;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use std::collections::BTreeMap;
use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

const START: i64 = 1_700_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Descending,
    Ascending,
    Unstable,
}

struct Model {
    state: Mutex<State>,
    order: Order,
    clamp: usize,
    exclusive: bool,
    /// The upper bound is exclusive, the lower one is not.
    half_open: bool,
    dates_only: bool,
    /// From the rows of the window and those of the page.
    totals: fn(usize, usize) -> Option<u64>,
    /// Instead of those, with the number of the page.
    lie: Option<fn(&mut StdRng, Answer) -> Option<u64>>,
    /// One of so many later pages comes without rows.
    empties: Option<u32>,
    /// This page never has rows.
    hidden_page: Option<u64>,
    repeat_pages: bool,
    /// Rows behind so many are refused, whatever the span.
    result_window: Option<u64>,
    /// Page numbers after the last one show the last one.
    clamp_pages: bool,
    /// Pages after the first one come without a list.
    no_later_pages: bool,
    /// So many answers come without a list.
    hiccups: AtomicUsize,
    /// A page with a row of this second cannot be read.
    broken: Option<i64>,
    /// Only pages of more than so many rows.
    broken_above: usize,
    /// Nothing is answered from now on.
    away: AtomicBool,
    /// The time that is shown of a customer, beside the one by which bounds are compared.
    shows: fn(u64, i64) -> i64,
    /// Bounds are ignored.
    unbounded: bool,
    /// How many of these rows fit into a page, by their size.
    fits: Option<Fits>,
}

/// How many of these customers, with their times, a page holds.
type Fits = fn(&[(u64, i64)]) -> usize;

/// What is told with a page, truly.
#[derive(Clone, Copy)]
struct Answer {
    total: usize,
    rows: usize,
    page: u64,
}

struct State {
    customers: BTreeMap<u64, i64>,
    clock: i64,
    rng: StdRng,
    to_change: usize,
    calls: u64,
}

impl Model {
    fn new(
        seed: u64,
        order: Order,
        times: impl Fn(u64, &mut StdRng) -> i64,
        count: u64,
        to_change: usize,
    ) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let customers = (1..=count).map(|id| (id, times(id, &mut rng))).collect();
        let state = State {
            customers,
            clock: START + 1_000_000,
            rng,
            to_change,
            calls: 0,
        };
        let totals = |total, _| Some(total as u64);
        let state = Mutex::new(state);
        Self {
            state,
            order,
            clamp: 20,
            exclusive: false,
            half_open: false,
            dates_only: false,
            totals,
            lie: None,
            empties: None,
            hidden_page: None,
            repeat_pages: false,
            clamp_pages: false,
            result_window: None,
            no_later_pages: false,
            hiccups: AtomicUsize::new(0),
            broken: None,
            broken_above: 0,
            away: AtomicBool::new(false),
            shows: |_, time| time,
            unbounded: false,
            fits: None,
        }
    }
}

impl Model {
    /// The rows of a page: so many, or as many as fit.
    fn cut<'a>(&self, rows: &'a [(u64, i64)], page: u64, size: usize) -> &'a [(u64, i64)] {
        let mut rest = rows;
        for _ in 1..page {
            if rest.is_empty() {
                break;
            }
            rest = &rest[self.length(rest, size)..];
        }
        &rest[..self.length(rest, size)]
    }

    fn length(&self, rest: &[(u64, i64)], size: usize) -> usize {
        let fitting = self.fits.map_or(size, |fits| fits(rest));
        fitting.min(size).min(rest.len())
    }
}

impl Pages for Model {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        let mut guard = self.state.lock().unwrap();
        let state = &mut *guard;
        state.calls += 1;
        state.clock += 1;
        if self.away.load(Ordering::Relaxed) {
            return Err(Error::Garbled("a page of some gateway".to_owned()));
        }
        let behind = request
            .page
            .saturating_mul((self.clamp as u64).min(request.count.into()));
        if self.result_window.is_some_and(|window| behind > window) {
            return Err(Error::Garbled("result window is too large".to_owned()));
        }
        // A few customers change before every answer.
        for _ in 0..3.min(state.to_change) {
            state.to_change -= 1;
            let id = state.rng.random_range(1..=state.customers.len() as u64);
            let now = state.clock;
            state.customers.insert(id, now);
        }
        let day = |time: i64| (time + 28_800).div_euclid(DAY);
        let inside = |time: i64| match (self.dates_only, self.exclusive) {
            _ if self.unbounded => true,
            _ if self.half_open => {
                request.start.is_none_or(|start| time >= start) && request.end.is_none_or(|end| time < end)
            }
            (true, _) => {
                request.start.is_none_or(|start| day(time) >= day(start))
                    && request.end.is_none_or(|end| day(time) <= day(end))
            }
            (_, true) => {
                request.start.is_none_or(|start| time > start) && request.end.is_none_or(|end| time < end)
            }
            _ => request.start.is_none_or(|start| time >= start) && request.end.is_none_or(|end| time <= end),
        };
        let mut rows: Vec<(u64, i64)> = state
            .customers
            .iter()
            .map(|(id, time)| (*id, *time))
            .filter(|(_, time)| inside(*time))
            .collect();
        match self.order {
            Order::Descending => rows.sort_by_key(|(id, time)| std::cmp::Reverse((*time, *id))),
            Order::Ascending => rows.sort_by_key(|(id, time)| (*time, *id)),
            Order::Unstable => rows.shuffle(&mut state.rng),
        }
        let size = self.clamp.min(request.count as usize);
        let last = rows.len().div_ceil(size).max(1) as u64;
        let page = match request.page {
            _ if self.repeat_pages => 1,
            page if self.clamp_pages => page.min(last),
            page => page,
        };
        let items: Vec<ListItem> = self
            .cut(&rows, page, size)
            .iter()
            .map(|(id, time)| ListItem {
                company_id: id.to_string(),
                update_time: (self.shows)(*id, *time),
            })
            .collect();
        if items.len() > self.broken_above
            && self
                .broken
                .is_some_and(|broken| items.iter().any(|item| item.update_time == broken))
        {
            return Err(Error::Garbled("a quote that nobody escaped".to_owned()));
        }
        let answer = Answer {
            total: rows.len(),
            rows: items.len(),
            page: request.page,
        };
        let total = match self.lie {
            Some(lie) => lie(&mut state.rng, answer),
            None => (self.totals)(rows.len(), items.len()),
        };
        let left = self.hiccups.load(Ordering::Relaxed);
        let is_empty = self.empties.is_some_and(|of| state.rng.random_range(0..of) == 0);
        let hides = self.no_later_pages || left > 0 || is_empty || self.hidden_page == Some(request.page);
        let items = match hides && request.page > 1 {
            true => {
                self.hiccups.store(left.saturating_sub(1), Ordering::Relaxed);
                vec![]
            }
            false => items,
        };
        Ok(Page {
            items,
            damaged: vec![],
            total,
            now: Some(state.clock),
            untimed: vec![],
            ahead: vec![],
        })
    }
}

async fn walk(model: &Model, window: Window) -> Result<Vec<ListItem>, Error> {
    let mut walk = Walk::new(window, None, 500, false);
    let mut all = Vec::new();
    while let Some(step) = walk.next(model).await? {
        all.extend(step.items);
    }
    Ok(all)
}

/// Walks two windows while 20 % change during the first; every customer must be seen with its last time.
async fn nobody_is_missed(model: Model, what: &str) -> u64 {
    let end = model.state.lock().unwrap().clock - 5;
    let mut newest: BTreeMap<u64, i64> = BTreeMap::new();
    let mut items = walk(&model, Window { start: None, end }).await.unwrap();
    let calls = model.state.lock().unwrap().calls;
    let distinct: HashSet<_> = items.iter().map(|item| &item.company_id).collect();
    assert_eq!(distinct.len(), items.len(), "{what}: duplicates collapse");
    let next_end = model.state.lock().unwrap().clock + 1_000;
    items.extend(
        walk(
            &model,
            Window {
                start: Some(end - 600),
                end: next_end,
            },
        )
        .await
        .unwrap(),
    );
    for item in items {
        let seen = newest.entry(item.company_id.parse().unwrap()).or_default();
        *seen = (*seen).max(item.update_time);
    }
    assert_eq!(newest, model.state.lock().unwrap().customers, "{what}");
    calls
}

fn spread(_: u64, rng: &mut StdRng) -> i64 {
    START + rng.random_range(0..900_000)
}

/// Two thirds were imported within one second.
fn import(id: u64, rng: &mut StdRng) -> i64 {
    if id.is_multiple_of(3) {
        spread(id, rng)
    } else {
        START + 500_000
    }
}

#[tokio::test]
async fn nobody_is_missed_in_any_order_while_a_fifth_changes() {
    for seed in 0..30 {
        for order in [Order::Descending, Order::Ascending, Order::Unstable] {
            nobody_is_missed(
                Model::new(seed, order, spread, 600, 120),
                &format!("spread {seed} {order:?}"),
            )
            .await;
            nobody_is_missed(
                Model::new(seed, order, import, 600, 120),
                &format!("import {seed} {order:?}"),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn slices_cost_few_more_calls_than_pages() {
    let calls = nobody_is_missed(Model::new(1, Order::Descending, spread, 4_000, 0), "calls").await;
    assert!(calls < 480, "{calls} calls for 200 pages");
}

#[tokio::test]
async fn bounds_may_be_exclusive() {
    for seed in 0..10 {
        for times in [spread as fn(u64, &mut StdRng) -> i64, import] {
            let mut model = Model::new(seed, Order::Unstable, times, 600, 120);
            model.exclusive = true;
            // The outer ends are outside of the customers' times, as the overlap makes sure of in life.
            nobody_is_missed(model, "exclusive").await;
            let mut model = Model::new(seed, Order::Unstable, times, 600, 120);
            model.half_open = true;
            nobody_is_missed(model, "half open").await;
        }
    }
}

#[tokio::test]
async fn a_listing_may_honour_dates_only() {
    for order in [Order::Descending, Order::Unstable] {
        let mut model = Model::new(3, order, spread, 600, 0);
        model.dates_only = true;
        let end = START + 1_000_000;
        let items = walk(
            &model,
            Window {
                start: Some(START),
                end,
            },
        )
        .await
        .unwrap();
        let distinct: HashSet<_> = items.into_iter().map(|item| item.company_id).collect();
        assert_eq!(distinct.len(), 600, "{order:?}");
    }
}

#[tokio::test]
async fn totals_may_be_missing_or_overstated() {
    for totals in
        [|_, _| None, |total: usize, _| Some(total as u64 + 7)] as [fn(usize, usize) -> Option<u64>; 2]
    {
        let mut model = Model::new(4, Order::Descending, import, 300, 0);
        model.totals = totals;
        nobody_is_missed(model, "totals").await;
    }
}

/// Zero, the rows of the page, what a search engine counts, a few too few: none of them ends a listing.
const TOO_SMALL: [fn(usize, usize) -> Option<u64>; 5] = [
    |_, _| Some(0),
    |_, rows| Some(rows as u64),
    |total, _| Some(total.min(50) as u64),
    |total, _| Some(total.saturating_sub(3) as u64),
    |total, _| Some(total as u64 / 2),
];

#[tokio::test]
async fn totals_may_be_too_small() {
    for (n, totals) in TOO_SMALL.into_iter().enumerate() {
        for order in [Order::Descending, Order::Ascending] {
            for changed in [0, 60] {
                let mut model = Model::new(7, order, spread, 300, changed);
                model.totals = totals;
                nobody_is_missed(model, &format!("spread {n} {order:?} {changed}")).await;
            }
            let mut model = Model::new(8, order, import, 300, 0);
            model.totals = totals;
            nobody_is_missed(model, &format!("import {n} {order:?}")).await;
        }
    }
}

#[tokio::test]
async fn page_numbers_after_the_last_one_may_repeat_it() {
    for times in [spread, import] {
        let mut model = Model::new(9, Order::Descending, times, 300, 0);
        model.clamp_pages = true;
        nobody_is_missed(model, "clamped").await;
    }
}

#[tokio::test]
async fn a_walk_goes_on_at_its_cursor() {
    let model = Model::new(6, Order::Unstable, spread, 600, 0);
    let window = Window {
        start: None,
        end: START + 1_000_000,
    };
    let mut seen = HashSet::new();
    let mut cursor = None;
    for _ in 0..1_000 {
        // A new leader for every slice.
        let Some(step) = Walk::new(window, cursor, 500, false).next(&model).await.unwrap() else {
            break;
        };
        assert!(step.cursor > cursor);
        cursor = step.cursor;
        seen.extend(step.items.into_iter().map(|item| item.company_id));
    }
    assert_eq!(seen.len(), 600);
}
