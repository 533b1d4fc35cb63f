//! Pages that hide somebody: without a list, not advancing, or not to be read at all.

use super::*;

/// Without totals nobody knows whether it was all.
#[tokio::test]
async fn pages_that_do_not_advance_are_an_error_without_totals() {
    let mut model = Model::new(5, Order::Descending, spread, 300, 0);
    model.repeat_pages = true;
    model.totals = |_, _| None;
    let error = walk(&model, all()).await.unwrap_err();
    assert!(error.to_string().contains("does not advance"), "{error}");
}

#[tokio::test]
async fn pages_that_do_not_advance_cost_the_seconds_that_need_them() {
    for (times, unread) in [
        (spread as fn(u64, &mut StdRng) -> i64, vec![]),
        (import, vec![START + 500_000]),
    ] {
        let mut model = Model::new(5, Order::Descending, times, 300, 0);
        model.repeat_pages = true;
        let (items, seconds) = walk_around(&model, all()).await;
        assert_eq!(seconds, unread);
        let at_once = items
            .iter()
            .filter(|item| unread.contains(&item.update_time))
            .count();
        let others = model
            .state
            .lock()
            .unwrap()
            .customers
            .values()
            .filter(|at| !unread.contains(at))
            .count();
        assert_eq!(items.len() - at_once, others);
    }
}

pub(super) fn all() -> Window {
    Window {
        start: None,
        end: START + 1_000_000,
    }
}

/// Everybody who is handed out, and the seconds that could not be read.
pub(super) async fn walk_around(model: &Model, window: Window) -> (Vec<ListItem>, Vec<i64>) {
    let mut walk = Walk::new(window, None, 500, false);
    let (mut items, mut unread) = (Vec::new(), Vec::new());
    while let Some(step) = walk.next(model).await.unwrap() {
        items.extend(step.items);
        if step.unread.is_some() {
            assert_eq!(step.slice.start, Some(step.slice.end));
            unread.push(step.slice.end);
        }
    }
    (items, unread)
}

/// The total says that there is more, and the next page has no list: not an end.
#[tokio::test]
async fn nobody_is_hidden_by_later_pages_without_a_list() {
    for order in [Order::Descending, Order::Ascending, Order::Unstable] {
        for changed in [0, 60] {
            let mut model = Model::new(11, order, spread, 400, changed);
            model.no_later_pages = true;
            model.clamp = 25;
            let calls = nobody_is_missed(model, &format!("no later pages {order:?} {changed}")).await;
            assert!(calls < 200, "{calls} calls for 16 pages");
        }
        for hiccups in 1..6 {
            let model = Model::new(12, order, spread, 400, 0);
            model.hiccups.store(hiccups, Ordering::Relaxed);
            nobody_is_missed(model, &format!("{hiccups} hiccups {order:?}")).await;
        }
    }
}

#[tokio::test]
async fn a_second_whose_later_pages_have_no_list_is_told() {
    let mut model = Model::new(13, Order::Descending, import, 300, 0);
    model.no_later_pages = true;
    let (items, unread) = walk_around(&model, all()).await;
    assert_eq!(unread, [START + 500_000]);
    let others = items.iter().filter(|item| item.update_time != START + 500_000);
    assert_eq!(others.count(), 100);
}

/// Totals that always say too much are found out, and cost a few calls, not a search in every second.
#[tokio::test]
async fn overstated_totals_are_found_out() {
    for times in [spread as fn(u64, &mut StdRng) -> i64, import] {
        let honest = nobody_is_missed(Model::new(14, Order::Descending, times, 300, 0), "honest").await;
        for more in [
            |total: usize, _| Some(total as u64 + 7),
            |total: usize, _| Some(total as u64 * 3 + 1),
        ] as [fn(usize, usize) -> Option<u64>; 2]
        {
            let mut model = Model::new(14, Order::Descending, times, 300, 0);
            model.totals = more;
            let calls = nobody_is_missed(model, "overstated").await;
            assert!(
                calls < 3 * honest + 200,
                "{calls} calls, {honest} with honest totals"
            );
        }
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_read_costs_its_second() {
    for (exclusive, half_open) in [(false, false), (true, false), (false, true)] {
        for order in [Order::Descending, Order::Ascending, Order::Unstable] {
            let mut model = Model::new(15, order, spread, 400, 0);
            (model.exclusive, model.half_open) = (exclusive, half_open);
            let broken = *model.state.lock().unwrap().customers.values().nth(200).unwrap();
            model.broken = Some(broken);
            let (items, unread) = walk_around(&model, all()).await;
            assert!(unread.contains(&broken), "{unread:?} without {broken}");
            assert!(
                unread.iter().all(|at| (at - broken).abs() <= 1),
                "{unread:?}, {broken}"
            );
            let seen: HashSet<_> = items.into_iter().map(|item| item.company_id).collect();
            let state = model.state.lock().unwrap();
            let missed = state
                .customers
                .iter()
                .filter(|(id, _)| !seen.contains(&id.to_string()));
            for (id, at) in missed {
                assert!(unread.contains(at), "{id} at {at} was passed over without a word");
            }
            assert!(state.calls < 400, "{} calls for 20 pages", state.calls);
        }
    }
}

#[tokio::test]
async fn a_neighbour_of_what_cannot_be_read_is_read() {
    let mut model = Model::new(16, Order::Descending, |id, _| START + id as i64, 60, 0);
    model.broken = Some(START + 30);
    let (items, unread) = walk_around(&model, all()).await;
    assert_eq!((items.len(), unread), (59, vec![START + 30]));
}

#[tokio::test]
async fn a_listing_that_is_away_is_no_page_that_cannot_be_read() {
    let model = Model::new(17, Order::Descending, spread, 300, 0);
    let mut walk = Walk::new(all(), None, 500, false);
    walk.next(&model).await.unwrap();
    model.away.store(true, Ordering::Relaxed);
    assert!(matches!(walk.next(&model).await, Err(Error::Garbled(_))));
    model.away.store(false, Ordering::Relaxed);
    // It goes on where it was.
    let mut count = 0;
    while let Some(step) = walk.next(&model).await.unwrap() {
        assert!(step.unread.is_none());
        count += step.items.len();
    }
    assert!(count > 200);
}

/// Once in the whole walk, and nothing else says that there are more.
#[tokio::test]
async fn one_answer_without_a_list_is_no_end() {
    for totals in [|_, _| None, |_, rows| Some(rows as u64)] as [fn(usize, usize) -> Option<u64>; 2] {
        for order in [Order::Descending, Order::Ascending, Order::Unstable] {
            for hiccups in 1..4 {
                let mut model = Model::new(21, order, spread, 100, 0);
                model.totals = totals;
                model.hiccups.store(hiccups, Ordering::Relaxed);
                nobody_is_missed(model, &format!("{hiccups} hiccups {order:?}")).await;
            }
        }
    }
}

/// A server that fails on large pages of a second, as long as it is asked for large ones.
#[tokio::test]
async fn a_second_that_only_small_pages_show_is_read_whole() {
    let mut model = Model::new(22, Order::Descending, |_, _| START, 700, 0);
    (model.clamp, model.broken, model.broken_above) = (500, Some(START), 100);
    let (items, unread) = walk_around(&model, all()).await;
    let calls = model.state.lock().unwrap().calls;
    assert_eq!((items.len(), unread.len()), (700, 0));
    assert!(calls < 300, "{calls} calls");
}

/// In an order that is another one each time, nobody knows which rows were shown: what was not is told.
#[tokio::test]
async fn a_broken_row_in_no_order_at_all_is_told() {
    for seed in 0..10 {
        let mut model = Model::new(seed, Order::Unstable, |id, _| START + i64::from(id == 7), 60, 0);
        model.broken = Some(START + 1);
        let (items, unread) = walk_around(&model, all()).await;
        let distinct: HashSet<_> = items.iter().map(|item| &item.company_id).collect();
        assert!(unread.contains(&(START + 1)), "{unread:?}");
        assert!(
            distinct.len() == 59 || unread.contains(&START),
            "{} {unread:?}",
            distinct.len()
        );
    }
}

/// A server that refuses spans longer than 31 days, and those without a bound.
struct ShortSpans(Model);

impl Pages for ShortSpans {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        let span = request.end.zip(request.start).map(|(end, start)| end - start);
        match span {
            Some(0..=2_678_400) => self.0.page(request).await,
            _ => {
                self.0.state.lock().unwrap().calls += 1;
                Err(Error::Business {
                    code: "400".to_owned(),
                    message: "the span must not exceed 31 days".to_owned(),
                })
            }
        }
    }
}

#[tokio::test]
async fn spans_that_are_refused_for_their_length_are_asked_in_shorter_ones() {
    let listing = ShortSpans(Model::new(25, Order::Descending, spread, 100, 0));
    let mut walk = Walk::new(all(), None, 500, false);
    let mut seen = HashSet::new();
    while let Some(step) = walk.next(&listing).await.unwrap() {
        assert_eq!(step.unread, None);
        seen.extend(step.items.into_iter().map(|item| item.company_id));
    }
    assert_eq!(seen.len(), 100);
    let calls = listing.0.state.lock().unwrap().calls;
    assert!(calls < 1_100, "{calls} calls for 19 years");
}

/// The reason was found, and what comes behind it is another matter.
#[tokio::test]
async fn an_outage_behind_a_broken_row_is_an_outage() {
    let mut model = Model::new(23, Order::Ascending, spread, 400, 0);
    let early = *model.state.lock().unwrap().customers.values().min().unwrap();
    model.broken = Some(early);
    let mut walk = Walk::new(all(), None, 500, false);
    loop {
        let step = walk.next(&model).await.unwrap().expect("the row is met");
        if step.unread.is_some() {
            break;
        }
    }
    model.away.store(true, Ordering::Relaxed);
    assert!(
        walk.next(&model).await.is_err(),
        "passed over while nothing answers"
    );
}

/// As search engines do: a page that ends behind the first 500 rows is refused, also of a span that shows nobody.
#[tokio::test]
async fn a_second_with_more_customers_than_pages_may_go_deep_stops_nobody() {
    let mut model = Model::new(24, Order::Descending, import, 1_050, 0);
    model.result_window = Some(500);
    let (items, unread) = walk_around(&model, all()).await;
    assert_eq!(unread, [START + 500_000]);
    let seen: HashSet<_> = items.iter().map(|item| item.company_id.as_str()).collect();
    let others = (1..=1_050u64).filter(|id| id.is_multiple_of(3));
    assert!(
        others
            .map(|id| id.to_string())
            .all(|id| seen.contains(id.as_str()))
    );
    let of_second = items.iter().filter(|item| item.update_time == START + 500_000);
    assert!(of_second.count() >= 480, "what is shown of it is handed out");
}

/// A listing that refuses the page behind the last one, as any page that cannot be there.
struct Refusing(Model);

impl Pages for Refusing {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        let number = request.page;
        let page = self.0.page(request).await?;
        match page.rows() {
            0 if number > 1 => Err(Error::NotFound {
                message: "no such page".into(),
            }),
            _ => Ok(page),
        }
    }
}

#[tokio::test]
async fn a_refusal_behind_the_last_page_is_its_end() {
    for (times, customers) in [
        (spread as fn(u64, &mut StdRng) -> i64, 9),
        (spread, 300),
        (import, 300),
    ] {
        let honest = Model::new(62, Order::Descending, times, customers, 0);
        walk(&honest, all()).await.unwrap();
        let honest = honest.state.lock().unwrap().calls;
        let refusing = Refusing(Model::new(62, Order::Descending, times, customers, 0));
        let mut walk = Walk::new(all(), None, 500, false);
        let mut seen = HashSet::new();
        while let Some(step) = walk.next(&refusing).await.unwrap() {
            assert_eq!(step.unread, None);
            seen.extend(step.items.into_iter().map(|item| item.company_id));
        }
        assert_eq!(seen.len() as u64, customers);
        let calls = refusing.0.state.lock().unwrap().calls;
        assert!(
            calls <= honest + 3,
            "{calls} calls, {honest} where nothing is refused"
        );
    }
}
