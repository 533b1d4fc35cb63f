//! What the last comparisons have left open, as findings, until later ones are clean.

use super::facts::compared;
use crate::when;
use pipeline::{
    comparison::{Compared, Side},
    doctor::Finding,
    service::Runtime,
    store::Error,
};

/// Of a running pipeline, for who judges nothing else.
///
/// # Errors
/// When Redis does not answer.
pub async fn left_open(runtime: &Runtime) -> Result<Vec<Finding>, Error> {
    Ok(findings(&compared(runtime).await?))
}

pub(super) fn findings(compared: &[(Side, Compared)]) -> Vec<Finding> {
    let open = compared.iter().filter(|(_, last)| last.open > 0);
    open.map(|(side, last)| finding(*side, last)).collect()
}

fn finding(side: Side, last: &Compared) -> Finding {
    let (open, at) = (last.open, when::time(last.at_ms));
    let only_dead = last
        .kinds
        .iter()
        .all(|(kind, count)| *count == 0 || kind == "dead letters");
    let kinds = last.kinds.iter().filter(|(_, count)| *count > 0);
    let kinds = kinds.map(|(kind, count)| format!("{} {count}", words::said(kind)));
    let kinds = words::list(&kinds.collect::<Vec<_>>());
    let mut seen = match side {
        Side::Source => {
            words::tr!("the comparison with OKKI of {at} has left {open} customers open ({kinds})")
        }
        Side::Form => {
            words::tr!("the comparison with the form of {at} has left {open} customers open ({kinds})")
        }
    };
    if !last.examples.is_empty() {
        seen += &words::tr!(", such as {}", words::list(&last.examples));
    }
    let program = match side {
        Side::Source => "extractor",
        Side::Form => "loader",
    };
    let next = match (last.fixes, last.remedies.is_empty()) {
        // Fetching them again would kill them again.
        (false, _) if only_dead => words::tr!(
            "`dead groups` of each program says why they died; once the cause is gone, `dead replay` puts them back"
        ),
        (false, _) => {
            words::tr!("`{program} reconcile --fix` has them fetched again, or handled as ON_REMOVAL says")
        }
        (true, true) => words::tr!("`{program} reconcile` shows them, and whether they are still there"),
        (true, false) => words::tr!(
            "{}; then `{program} reconcile`: this is told until it is clean",
            words::retold(&last.remedies)
        ),
    };
    Finding::bad(words::text!("comparison"), seen, next)
}
