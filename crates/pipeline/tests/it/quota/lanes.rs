//! Live changes go before backfills, backfills before replays.

use std::time::Duration;

use pipeline::quota::{Bucket, Lane};

use super::replicas::{Load, merged, run, used, violations};
use crate::support;

const TIME: Duration = Duration::from_secs(6);

fn load(lane: Lane, tasks: usize) -> Load {
    Load {
        lane,
        ..Load::live(&[Bucket::per_second("endpoint", 20.0)], tasks)
    }
}

#[test]
fn endless_live_work_leaves_little_to_the_lower_lanes() {
    let run = run(
        &support::namespace(),
        &[
            load(Lane::Replay, 8),
            load(Lane::Backfill, 8),
            load(Lane::Live, 8),
        ],
        TIME,
    );
    let calls = &run.calls;
    let counts: Vec<_> = calls.iter().map(Vec::len).collect();
    println!("replay, backfill, live under endless load: {counts:?}");
    assert!(counts[0] + counts[1] <= counts[2] / 5, "{counts:?}");
    let all = merged(&run.calls);
    assert_eq!(violations(&all, 20), 0);
    assert!(used(&all, 20.0) >= 0.95, "{}", used(&all, 20.0));
}

#[test]
fn what_live_work_leaves_goes_to_the_backfill() {
    // One task that also sleeps takes what it needs, and the other lane fills the rest.
    let run = run(
        &support::namespace(),
        &[load(Lane::Backfill, 8), sparse_live()],
        TIME,
    );
    let all = merged(&run.calls);
    println!(
        "backfill beside sparse live work: {} + {}, used {:.2} %",
        run.calls[0].len(),
        run.calls[1].len(),
        used(&all, 20.0) * 100.0
    );
    assert_eq!(violations(&all, 20), 0);
    assert!(used(&all, 20.0) >= 0.95, "{}", used(&all, 20.0));
    assert!(
        run.calls[1].len() >= 20,
        "live work was held up: {}",
        run.calls[1].len()
    );
}

/// Live work that is limited elsewhere to a quarter of the endpoint's quota.
fn sparse_live() -> Load {
    Load::live(
        &[
            Bucket::per_second("elsewhere", 5.0),
            Bucket::per_second("endpoint", 20.0),
        ],
        2,
    )
}
