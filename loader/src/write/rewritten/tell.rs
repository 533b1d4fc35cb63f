//! Telling people that keys do not stay, and trying whether they do by now (I13).

use std::time::{Duration, Instant};

use pipeline::alert::{Problem, Severity};
use pipeline::lease::Lease;
use pipeline::retry::Backoff;
use serde_json::json;

use super::super::Writer;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::Recognition;
use crate::keyless;
use crate::ledger::Rewriting;
use crate::vendor::Patience;

/// How often it is asked how many there are, by all loaders.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// First and longest wait between two tries whether a key stays by now.
const TRY_EVERY: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(600));
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The problem for people.
const PROBLEM: &str = "keys-rewritten";

/// Tells people while new rows wait because keys do not stay, and tries now and then whether they do, until the process ends.
pub(crate) async fn tell_rewritten(writer: Writer) {
    let mut tries = Tries::default();
    let mut told = None;
    while writer.runtime.shutdown.sleep(ASK_EVERY).await {
        let known = match writer.ledger.rewriting().await {
            Ok(known) => known,
            Err(error) => {
                tracing::debug!(%error, "rows whose keys do not stay are not counted");
                continue;
            }
        };
        writer.rewritten.learn(known);
        let holds = writer.rewritten.holds_newcomers();
        writer.tell_about_keys(known, holds, told == Some(holds));
        told = Some(holds);
        if known.rows == 0 {
            tries = Tries::default();
        } else if Instant::now() >= tries.due && writer.runtime.gate.is_open() {
            writer.try_keys(&mut tries).await;
        }
    }
}

/// When keys are tried again, and which.
struct Tries {
    due: Instant,
    backoff: Backoff,
    cursor: u64,
    turn: usize,
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            due: Instant::now() + TRY_EVERY.0,
            backoff: Backoff::new(TRY_EVERY.0, TRY_EVERY.1),
            cursor: 0,
            turn: 0,
        }
    }
}

impl Writer {
    fn tell_about_keys(&self, known: Rewriting, holds: bool, was_told: bool) {
        let Rewriting { rows, in_a_row } = known;
        let key_widget = self.index.key_widget().unwrap_or_default();
        self.runtime.status.set(
            "keys_rewritten",
            json!({"rows": rows, "in_a_row": in_a_row, "new_rows_wait": holds, "key_widget": key_widget}),
        );
        if was_told && !holds {
            return;
        }
        let problem = Problem {
            key: PROBLEM.to_owned(),
            severity: Severity::Critical,
            summary: words::tr!(
                "new rows wait, because something in the form writes into the key widget {key_widget}"
            ),
            detail: words::tr!(
                "{rows} rows hold something else in {key_widget} than was written there, after a second try, too: switch \
                 off the automation, formula, default value or check of the form that writes this widget. These rows are \
                 known by their ids and go on being updated; new ones are made as soon as a key stays, which is tried now \
                 and then"
            ),
            patience: Duration::ZERO,
        };
        match holds {
            true => self.runtime.alerts.raise(problem),
            false => self.runtime.alerts.over(problem),
        }
    }

    /// Writes the key of one of these rows again, and when it is there those of others; one loader does it for all.
    async fn try_keys(&self, tries: &mut Tries) {
        let Some(recognition) = self.index.recognition() else {
            return;
        };
        let key = self.runtime.namespace.keyless_lease_key();
        let lease = Lease::acquire(&self.runtime.store, key, &self.runtime.instance, keyless::LEASE).await;
        let Ok(Some(lease)) = lease else { return };
        let is_there = tokio::select! {
            is_there = self.try_some_keys(&recognition, tries) => is_there,
            () = lease.lost() => None,
            () = self.runtime.shutdown.requested() => None,
        };
        if let Err(error) = lease.release().await {
            tracing::debug!(%error, "lease of who writes keys is not released, it will expire");
        }
        // Whether it stays shows behind the next look.
        let wait = match is_there {
            Some(true) => self.lateness(),
            _ => tries.backoff.next_delay(),
        };
        tries.due = Instant::now() + wait;
    }

    async fn try_some_keys(&self, recognition: &Recognition, tries: &mut Tries) -> Option<bool> {
        let some = self.ledger.some_rewritten(tries.cursor, LARGEST_BATCH).await;
        let (next, mut rows) = some.map_err(|error| drop(self.ledger_failed(&error))).ok()?;
        tries.cursor = next;
        if rows.is_empty() {
            return None;
        }
        // Not always the same one, which may be a case of its own.
        let first = tries.turn % rows.len();
        rows.rotate_left(first);
        tries.turn += 1;
        let rows: Vec<(&str, &str)> = rows
            .iter()
            .map(|(company, id)| (company.as_str(), id.as_str()))
            .collect();
        let patience = Patience::new(PATIENCE);
        let (first, others) = rows.split_first()?;
        let rewritten = self.write_keys(recognition, &[*first], &patience).await?;
        if !rewritten.is_empty() {
            return Some(false);
        }
        // Only now: what is wrong with one may be wrong with all, and each try is a write.
        self.write_keys(recognition, others, &patience).await?;
        Some(true)
    }
}
