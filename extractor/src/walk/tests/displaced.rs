//! Listings that show other times than those by which they filter, of all customers or of one.

use super::{hidden::all, *};

/// Everybody who is handed out.
async fn ids(model: &Model, window: Window) -> HashSet<u64> {
    let items = walk(model, window).await.unwrap();
    items
        .into_iter()
        .map(|item| item.company_id.parse().unwrap())
        .collect()
}

/// Earlier and later by seconds, by hours and by more than a day.
const SHIFTS: [fn(u64, i64) -> i64; 8] = [
    |_, time| time - 1,
    |_, time| time - 5,
    |_, time| time - 1_800,
    |_, time| time - 5 * 3_600,
    |_, time| time - 40 * 3_600,
    |_, time| time + 5,
    |_, time| time + 8 * 3_600,
    |id, time| time - 3_600 * (id % 5) as i64,
];

#[tokio::test]
async fn a_listing_may_show_other_times_than_it_filters_by() {
    // One each two seconds, as an import makes them.
    let dense = |id: u64, _: &mut StdRng| START + 2 * id as i64;
    for (n, shows) in SHIFTS.into_iter().enumerate() {
        for (m, times) in [spread as fn(u64, &mut StdRng) -> i64, import, dense]
            .into_iter()
            .enumerate()
        {
            for order in [Order::Descending, Order::Ascending, Order::Unstable] {
                for (exclusive, half_open) in [(false, false), (true, false), (false, true)] {
                    // One second alone cannot be told from a bound that is inclusive.
                    if n == 0 && (exclusive || half_open) {
                        continue;
                    }
                    let mut model = Model::new(31, order, times, 400, 0);
                    (model.exclusive, model.half_open) = (exclusive, half_open);
                    model.shows = shows;
                    let seen = ids(&model, all()).await;
                    assert_eq!(seen.len(), 400, "shift {n}, times {m}, {order:?}");
                    let calls = model.state.lock().unwrap().calls;
                    assert!(calls < 900, "shift {n}, times {m}, {order:?}: {calls} calls");
                }
            }
        }
    }
}

/// A window of several slices, of which one row is shown in a slice that was read before it.
#[tokio::test]
async fn a_row_with_a_time_that_is_too_old_is_handed_out() {
    for shows in [
        (|id, time| if id == 250 { time - 7_200 } else { time }) as fn(u64, i64) -> i64,
        |id, time| if id == 250 { time - 400 * DAY } else { time },
        |id, time| if id == 250 { time + 7_200 } else { time },
    ] {
        for order in [Order::Descending, Order::Ascending, Order::Unstable] {
            let mut model = Model::new(32, order, |id, _| START + 40 * id as i64, 300, 0);
            model.shows = shows;
            let window = Window {
                start: Some(START),
                end: START + 20_000,
            };
            let mut walk = Walk::new(window, None, 500, false);
            let (mut seen, mut strays, mut displaced) = (HashSet::new(), HashSet::new(), 0);
            while let Some(step) = walk.next(&model).await.unwrap() {
                assert_eq!(step.unread, None);
                for item in step.items {
                    assert!(seen.insert(item.company_id), "handed out twice");
                }
                strays.extend(step.strays);
                displaced += step.displaced;
            }
            assert_eq!(seen.len(), 300, "{order:?}");
            assert_eq!(strays, HashSet::from(["250".to_owned()]), "{order:?}");
            assert!(displaced <= 1);
            let calls = model.state.lock().unwrap().calls;
            assert!(calls < 60, "{calls} calls for 15 pages");
        }
    }
}

/// On the first page of a slice that does not fit into a page.
#[tokio::test]
async fn one_row_far_outside_stops_nobody() {
    for times in [spread as fn(u64, &mut StdRng) -> i64, import] {
        for order in [Order::Descending, Order::Ascending, Order::Unstable] {
            let mut model = Model::new(33, order, times, 300, 0);
            model.shows = |id, time| if id % 50 == 7 { time - 400 * DAY } else { time };
            assert_eq!(ids(&model, all()).await.len(), 300, "{order:?}");
        }
    }
}

#[tokio::test]
async fn bounds_that_are_not_honoured_at_all_are_an_error() {
    for order in [Order::Descending, Order::Ascending, Order::Unstable] {
        let mut model = Model::new(34, order, spread, 300, 0);
        model.unbounded = true;
        let error = walk(&model, all()).await.unwrap_err();
        assert!(error.to_string().contains("not honoured"), "{error}");
        assert!(model.state.lock().unwrap().calls < 40);
    }
}
