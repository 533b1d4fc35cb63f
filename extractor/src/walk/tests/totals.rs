//! Totals that are wrong on some pages only: none of them may end a second while somebody in it was not shown.

use super::{hidden::walk_around, *};

type Lie = fn(&mut StdRng, Answer) -> Option<u64>;

const AT: i64 = START + 500_000;

/// Totals that change their meaning from page to page.
const SIBLINGS: [(&str, Lie); 13] = [
    ("0 on empty pages", |_, a| {
        Some(if a.rows == 0 { 0 } else { a.total as u64 })
    }),
    ("later pages count their own rows", |_, a| {
        Some(if a.page > 1 { a.rows } else { a.total } as u64)
    }),
    ("short pages count their own rows", |_, a| {
        Some(if (1..20).contains(&a.rows) {
            a.rows
        } else {
            a.total
        } as u64)
    }),
    ("three times as many, and 0 on empty pages", |_, a| {
        Some(if a.rows == 0 { 0 } else { 3 * a.total as u64 })
    }),
    ("at random", wild),
    ("three times as many, or none", |rng, a| {
        Some(if rng.random() { 0 } else { 3 * a.total as u64 })
    }),
    ("half, or missing", |rng, a| {
        rng.random::<bool>().then_some(a.total as u64 / 2)
    }),
    ("right, or missing", |rng, a| {
        rng.random::<bool>().then_some(a.total as u64)
    }),
    ("missing on the first page, own rows on others", |_, a| {
        (a.page > 1).then_some(a.rows as u64)
    }),
    ("half on the first page, missing on others", |_, a| {
        (a.page == 1).then_some(a.total as u64 / 2)
    }),
    ("less with each page", |_, a| {
        Some((a.total as u64).saturating_sub(a.page))
    }),
    ("as many as were read so far", |_, a| {
        Some(((a.page as usize - 1) * 20 + a.rows) as u64)
    }),
    ("far too many", |_, _| Some(2_000_000_000)),
];

fn wild(rng: &mut StdRng, answer: Answer) -> Option<u64> {
    let total = answer.total as u64;
    match rng.random_range(0..9) {
        0 => Some(0),
        1 | 2 => Some(answer.rows as u64),
        3 => Some(total / 2),
        4 => Some(total * 3),
        5 => Some(total),
        6 => Some(rng.random_range(0..=total + 25)),
        7 => Some(answer.page * 20),
        _ => None,
    }
}

/// 100 customers at other times, 200 in one second: ten pages.
fn model(seed: u64, order: Order, lie: Lie) -> Model {
    let mut model = Model::new(seed, order, import, 300, 0);
    model.lie = Some(lie);
    model
}

/// Everybody is listed, or the second is told; returns whether everybody was, and the calls.
async fn nobody_is_lost_silently(model: &Model, what: &str) -> (bool, u64) {
    let window = Window {
        start: None,
        end: START + 1_000_000,
    };
    let (items, unread) = walk_around(model, window).await;
    let seen: HashSet<_> = items.into_iter().map(|item| item.company_id).collect();
    let state = model.state.lock().unwrap();
    let lost = state
        .customers
        .iter()
        .filter(|(id, at)| !seen.contains(&id.to_string()) && !unread.contains(at))
        .count();
    assert_eq!(lost, 0, "{what}: passed over without a word");
    (seen.len() == state.customers.len(), state.calls)
}

#[tokio::test]
async fn totals_that_are_wrong_on_some_pages_end_nothing() {
    for (name, lie) in SIBLINGS {
        for order in [Order::Descending, Order::Ascending] {
            for seed in 0..5 {
                let what = format!("{name}, {order:?}, {seed}");
                let (all, calls) = nobody_is_lost_silently(&model(seed, order, lie), &what).await;
                assert!(all, "{what}: pages were right, and not everybody was listed");
                assert!(calls < 700, "{what}: {calls} calls for 15 pages");
            }
        }
    }
}

#[tokio::test]
async fn whatever_totals_say_nobody_is_lost_silently() {
    for seed in 0..400 {
        for order in [Order::Descending, Order::Ascending] {
            let (all, _) =
                nobody_is_lost_silently(&model(seed, order, wild), &format!("{seed} {order:?}")).await;
            assert!(all, "{seed} {order:?}");
        }
    }
}

/// Nothing is right any more: only many passes find everybody.
#[tokio::test]
async fn random_totals_some_empty_pages_and_no_order_lose_nobody_silently() {
    for seed in 0..60 {
        for (order, empties) in [
            (Order::Descending, Some(7)),
            (Order::Unstable, None),
            (Order::Unstable, Some(7)),
        ] {
            let mut model = model(seed, order, wild);
            model.empties = empties;
            nobody_is_lost_silently(&model, &format!("{seed} {order:?} {empties:?}")).await;
        }
    }
}

/// A page of the second that is always empty: some total has said that there are more.
#[tokio::test]
async fn a_page_without_rows_is_told_when_any_total_counts_them() {
    for hidden in [2, 5, 10] {
        for (name, lie) in &SIBLINGS[..4] {
            let mut model = model(3, Order::Descending, *lie);
            model.hidden_page = Some(hidden);
            nobody_is_lost_silently(&model, &format!("page {hidden}, {name}")).await;
        }
    }
}

#[tokio::test]
async fn right_totals_of_pages_with_rows_cost_no_more_calls() {
    let honest = nobody_is_lost_silently(&model(1, Order::Descending, |_, a| Some(a.total as u64)), "").await;
    let empty = nobody_is_lost_silently(&model(1, Order::Descending, SIBLINGS[0].1), "").await;
    assert_eq!(honest, empty);
}

/// Many leave the second while it is read: what is left is proven by the pages that are left, and nothing is told.
#[tokio::test]
async fn a_second_that_empties_while_it_is_read_is_no_doubt() {
    for order in [Order::Descending, Order::Ascending, Order::Unstable] {
        for (when, stay) in [(12, 190), (18, 150), (18, 30), (20, 5), (16, 0), (19, 20)] {
            let model = Model::new(5, order, |_, _| AT, 200, 0);
            let mut walk = Walk::new(super::hidden::all(), None, 500, false);
            let mut seen = HashSet::new();
            let mut is_gone = false;
            while let Some(step) = walk.next(&model).await.unwrap() {
                assert_eq!(step.unread, None, "{order:?} {when} {stay}");
                seen.extend(step.items.into_iter().map(|item| item.company_id));
                let mut state = model.state.lock().unwrap();
                if state.calls >= when && !is_gone {
                    is_gone = true;
                    let later = START + 2_000_000;
                    state
                        .customers
                        .iter_mut()
                        .filter(|(id, _)| **id > stay)
                        .for_each(|(_, at)| *at = later);
                }
            }
            let state = model.state.lock().unwrap();
            let is_missed = |(id, at): (&u64, &i64)| *at == AT && !seen.contains(&id.to_string());
            assert!(!state.customers.iter().any(is_missed), "{order:?} {when} {stay}");
            assert!(state.calls < 300, "{} calls {order:?} {when} {stay}", state.calls);
        }
    }
}

/// Pages that end after so many bytes, with 110 to 200 rows.
#[tokio::test]
async fn pages_of_any_size_end_nothing() {
    let fits: Fits = |rest| {
        let mut bytes = 0;
        let sizes = rest.iter().map(|(id, _)| 100 + id * 7_919 % 120);
        let fitting = sizes.take_while(|size| {
            bytes += size;
            bytes < 20_000
        });
        fitting.count().max(1)
    };
    let lies: [(&str, Lie); 4] = [
        ("own rows", |_, a| Some(a.rows as u64)),
        ("0", |_, _| Some(0)),
        ("missing", |_, _| None),
        ("right on full pages, own rows on others", |_, a| {
            Some(if a.rows == 200 { a.total } else { a.rows } as u64)
        }),
    ];
    for (name, lie) in lies {
        for order in [Order::Descending, Order::Ascending] {
            for times in [spread as fn(u64, &mut StdRng) -> i64, |id, _| {
                START + 300 * id as i64
            }] {
                let mut model = Model::new(41, order, times, 3_000, 0);
                (model.clamp, model.lie, model.fits) = (200, Some(lie), Some(fits));
                let what = format!("{name}, {order:?}");
                let (all, calls) = nobody_is_lost_silently(&model, &what).await;
                assert!(all, "{what}");
                assert!(calls < 400, "{what}: {calls} calls for 24 pages");
            }
        }
    }
}

/// What the second look at short pages costs an account with right totals.
#[tokio::test]
async fn short_pages_cost_one_call_more() {
    let mut model = Model::new(42, Order::Descending, spread, 6_000, 0);
    model.clamp = 200;
    let window = super::hidden::all();
    let (items, _) = walk_around(&model, window).await;
    let calls = model.state.lock().unwrap().calls;
    assert_eq!(items.len(), 6_000);
    assert!(calls < 130, "{calls} calls for 30 pages");
}

/// Totals that are the rows of the page, and pages that are cut by bytes: no page is so small that nothing can follow it.
#[tokio::test]
async fn pages_of_few_rows_whose_totals_are_their_rows_hide_nobody() {
    for fits in [
        (|rows| match rows.first() {
            Some((id, _)) if id % 3 == 0 => 6,
            _ => 100,
        }) as Fits,
        |rows| if rows.len() > 500 { 100 } else { 10 },
        |_| 3,
    ] {
        for order in [Order::Descending, Order::Ascending] {
            let mut model = Model::new(61, order, spread, 1_000, 0);
            (model.clamp, model.fits) = (100, Some(fits));
            model.totals = |_, rows| Some(rows as u64);
            nobody_is_missed(model, &format!("{order:?}")).await;
        }
    }
}
