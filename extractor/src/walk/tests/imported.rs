//! Accounts that were imported within one second: the second is found at once, whatever the span around it.

use super::*;

/// Calls of a walk without a lower bound over so many customers of one second, and nobody is missed.
async fn calls(count: u64, others: u64, order: Order) -> u64 {
    let times = move |id: u64, rng: &mut StdRng| {
        if id <= others {
            spread(id, rng)
        } else {
            START + 500_000
        }
    };
    let mut model = Model::new(11, order, times, count + others, 0);
    model.clamp = 200;
    nobody_is_missed(model, &format!("{count} of one second and {others} {order:?}")).await
}

#[tokio::test]
async fn a_small_account_of_one_second_costs_no_search_through_years() {
    for count in [1, 19, 20, 60, 199, 200] {
        let calls = calls(count, 0, Order::Unstable).await;
        assert!(calls <= 30, "{count}: {calls} calls");
    }
}

#[tokio::test]
async fn a_second_beside_others_is_cut_out_of_what_it_is_in() {
    // Pages without an order are turned again and again until everybody was seen.
    let orders = [
        (Order::Descending, 4),
        (Order::Ascending, 4),
        (Order::Unstable, 20),
    ];
    for (order, times) in orders {
        for (count, others) in [(60, 1), (150, 40), (1_000, 30), (2_000, 400)] {
            let pages = (count + others) / 200;
            let calls = calls(count, others, order).await;
            assert!(
                calls <= 120 + times * pages,
                "{count} and {others} {order:?}: {calls} calls"
            );
        }
    }
}
