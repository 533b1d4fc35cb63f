//! Live changes go before backfills, backfills before replays.

use pipeline::quota::{Bucket, Lane};

use super::replicas::{Load, merged, run, violations};
use crate::support;

/// Six windows.
const CALLS: usize = 120;

fn load(lane: Lane, tasks: usize) -> Load {
    Load {
        lane,
        ..Load::live(&[Bucket::per_second("endpoint", 20.0)], tasks)
    }
}

#[test]
fn endless_live_work_leaves_little_to_the_lower_lanes() {
    let calls = run(
        &support::namespace(),
        &[
            load(Lane::Replay, 8),
            load(Lane::Backfill, 8),
            load(Lane::Live, 8),
        ],
        CALLS,
    );
    let counts: Vec<_> = calls.iter().map(Vec::len).collect();
    println!("replay, backfill, live under endless load: {counts:?}");
    // Without lanes the lower two would have twice as many.
    assert!(counts[0] + counts[1] < counts[2], "{counts:?}");
    assert_eq!(violations(&merged(&calls), 20), 0);
}

#[test]
fn what_live_work_leaves_goes_to_the_backfill() {
    // Two tasks that also wait elsewhere take what they need, and the other lane fills the rest.
    let calls = run(
        &support::namespace(),
        &[load(Lane::Backfill, 8), sparse_live()],
        CALLS,
    );
    let (backfill, live) = (calls[0].len(), calls[1].len());
    println!("backfill beside sparse live work: {backfill} + {live}");
    assert_eq!(violations(&merged(&calls), 20), 0);
    assert!(live > 0 && backfill > live, "{backfill} + {live}");
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
