//! What the simulated vendors do all the time, and what they saw.

use super::supervisor::Supervised;
use kit::simulator::{Fault, FaultKind, Overruns, Vendor};

/// What a refused customer has in its short name.
pub(crate) const MARKER: &str = "【拒收】";

/// Calls over a limit so far, both vendors.
pub(crate) fn overruns(run: &Supervised) -> Overruns {
    Overruns::of(&run.pipeline.simulator.stats())
}

/// Faults that are there all the time: every answer may be lost, and some come from a gateway.
pub(crate) fn lose_answers(run: &Supervised, seed: u64) {
    let jdy = |operation: &str, kind, probability| {
        Fault::on(Vendor::Jdy, operation, kind).probability(probability, seed)
    };
    let okki = |operation: &str, kind, probability| {
        Fault::on(Vendor::Okki, operation, kind).probability(probability, seed)
    };
    let mut faults = vec![
        okki(
            "*",
            FaultKind::Status {
                status: 502,
                commit: false,
            },
            0.005,
        ),
        okki("*", FaultKind::Reset { commit: false }, 0.005),
        okki("info", FaultKind::Malformed, 0.002),
        okki("info", FaultKind::Hang { commit: false }, 0.001),
    ];
    for operation in ["batch_create", "update", "delete"] {
        faults.extend([
            jdy(operation, FaultKind::Hang { commit: true }, 0.015),
            jdy(
                operation,
                FaultKind::Status {
                    status: 502,
                    commit: true,
                },
                0.02,
            ),
            jdy(operation, FaultKind::Reset { commit: true }, 0.02),
            jdy(operation, FaultKind::Reset { commit: false }, 0.02),
            jdy(operation, FaultKind::LateCommit { ms: 1_500 }, 0.01),
            jdy(operation, FaultKind::Malformed, 0.01),
        ]);
    }
    for fault in faults {
        run.pipeline.simulator.fault(fault);
    }
}
