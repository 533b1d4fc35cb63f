//! Named points of the write path at which a test lets the process die, stop or wait.
//!
//! `--failpoint NAME:abort` ends the process like `kill -9` when the point is reached, `NAME:abort:N` at the N-th time.
//! `record-COMPANY:abort` ends it whenever that customer's record arrives, as a record does that the program cannot bear.
//! Nothing is armed in production and an unarmed point costs one load.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Every point, in the order of the write path.
pub(crate) const POINTS: &[&str] = &[
    "handle-begin",
    "claim-before",
    "claim-after",
    "unseen-before",
    "unseen-read",
    "unseen-learned",
    "http-send",
    "http-answered",
    "create-answered",
    "lookup-before",
    "lookup-after",
    "commit-before",
    "commit-after",
    "regroup-before",
    "regroup-after",
    "update-before",
    "update-answered",
    "remove-before",
    "remove-answered",
    "takeover-before",
    "takeover-after",
    "handle-end",
    "marks-before",
    "marks-after",
    "index-begin",
    "index-page",
    "index-learned",
    "merge-before",
    "merge-deleted",
    "index-ready-before",
    "index-ready-after",
    "verify-popped",
    "verify-judged",
    "push-taken",
    "push-learned",
    "push-asked",
    "push-judged",
];

/// Before the company id of the record at which the process ends.
const RECORD: &str = "record-";

static ARMED: OnceLock<Armed> = OnceLock::new();

/// What happens at which point.
#[derive(Debug, Clone)]
pub(crate) struct Armed {
    name: String,
    action: Action,
    /// Passes left before it happens.
    left: Arc<AtomicU32>,
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Abort,
    Pause(Duration),
}

impl std::str::FromStr for Armed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        if !POINTS.contains(&name) && !name.starts_with(RECORD) {
            return Err(format!(
                "no failpoint `{name}`, expected one of {}",
                POINTS.join(", ")
            ));
        }
        let action = match parts.next() {
            Some("abort") | None => Action::Abort,
            Some(pause) => Action::Pause(pipeline::setting::parse_duration(pause)?),
        };
        let left = parts
            .next()
            .map_or(Ok(1), str::parse::<u32>)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            name: name.to_owned(),
            action,
            left: Arc::new(AtomicU32::new(left.max(1))),
        })
    }
}

/// Arms a point, once per process.
pub(crate) fn arm(armed: Armed) {
    // A second call keeps the first; only tests arm anything.
    drop(ARMED.set(armed));
}

/// The record of this customer has arrived.
pub(crate) fn meet(company_id: &str) {
    let Some(armed) = ARMED.get() else { return };
    if armed.name.strip_prefix(RECORD) == Some(company_id) {
        std::process::abort();
    }
}

/// The point `name` is reached.
pub(crate) async fn hit(name: &'static str) {
    let Some(armed) = ARMED.get() else { return };
    debug_assert!(POINTS.contains(&name), "{name} is not in the list");
    if armed.name != name || armed.left.fetch_sub(1, Ordering::AcqRel) != 1 {
        return;
    }
    match armed.action {
        Action::Abort => std::process::abort(),
        Action::Pause(pause) => tokio::time::sleep(pause).await,
    }
}
