//! What the simulated vendors do all the time, and what they saw.

use super::supervisor::Supervised;
use kit::simulator::dice::Dice;
use kit::simulator::{Fault, FaultKind, Ids, Overruns, Vendor};

/// The vendor's code of a refused row: the check of an aggregation table failed.
pub(crate) const REFUSED: i64 = 4402;
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
    faults.extend(strange(seed));
    for fault in faults {
        run.pipeline.simulator.fault(fault);
    }
}

/// What Jiandaoyun does not promise never to do: to refuse a call and carry it out, at once or after its resend was
/// refused, and, in some seeds, to name new rows in another order.
fn strange(seed: u64) -> Vec<Fault> {
    let jdy = |operation: &str, kind, probability| {
        Fault::on(Vendor::Jdy, operation, kind).probability(probability, seed)
    };
    let mut faults = Vec::new();
    for operation in ["batch_create", "update", "delete"] {
        let code = REFUSED;
        faults.push(jdy(operation, FaultKind::RefusedButDone { rows: 3, code }, 0.01));
        // No later than a slow vendor's late commit, which is what `LATE_WRITES` is made for.
        let late = FaultKind::LateAfterRefusal { ms: 3_000, code };
        faults.push(jdy(operation, late, 0.01));
    }
    let mut dice = Dice::new(&[seed, 0x1D5]);
    if dice.one_in(2) {
        let ids = *dice.pick(&[Ids::Reversed, Ids::Rotated]);
        let probability = *dice.pick(&[1.0, 0.2]);
        faults.push(jdy("batch_create", FaultKind::BentIds { ids }, probability));
    }
    faults
}
