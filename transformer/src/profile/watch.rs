//! Profiles what a replica maps, adds it to the profile of the namespace, and tells what has changed.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mapping::clean::clean_in;
use mapping::{Path, Zone};
use pipeline::alert::{Problem, Severity};
use pipeline::service::Runtime;
use pipeline::telemetry::names;

use super::drift::Change;
use super::{Drift, Profile, glued, kept, plain};

/// Records that are profiled in a second; parsing all of an answer costs more than mapping the usual part of it.
const EACH_SECOND: u32 = 20;
/// Between two additions to the profile of the namespace.
const EVERY: Duration = Duration::from_secs(5);

/// What one replica has seen since its last addition.
pub(crate) struct Watch {
    rt: Runtime,
    /// The paths that the mapping reads, as profiles spell them.
    read: Vec<String>,
    zone: Zone,
    seen: Mutex<Seen>,
}

struct Seen {
    since: Profile,
    second: Instant,
    left: u32,
}

impl Watch {
    /// Nothing seen yet.
    pub(crate) fn new<'p>(rt: Runtime, zone: Zone, read: impl Iterator<Item = &'p Path>) -> Watch {
        Watch {
            rt,
            zone,
            read: read.map(|path| glued(&plain(path.as_str()))).collect(),
            seen: Mutex::new(Seen {
                since: Profile::default(),
                second: Instant::now(),
                left: EACH_SECOND,
            }),
        }
    }

    /// Takes an answer into account, unless enough were in this second. What cannot be parsed is somebody else's matter.
    pub(crate) fn see(&self, detail: &[u8]) {
        let Ok(mut seen) = self.seen.lock() else { return };
        if seen.second.elapsed() >= Duration::from_secs(1) {
            (seen.second, seen.left) = (Instant::now(), EACH_SECOND);
        }
        if seen.left == 0 {
            return;
        }
        seen.left -= 1;
        let record = serde_json::from_slice(detail)
            .ok()
            .and_then(|detail| clean_in(detail, &self.zone).ok());
        if let Some(record) = record {
            seen.since.add(&record);
        }
    }

    /// Adds what was seen to the profile of the namespace, again and again, and once more at the end.
    pub(crate) async fn run(self: Arc<Self>) {
        while self.rt.shutdown.sleep(EVERY).await {
            self.add().await;
        }
        self.add().await;
    }

    async fn add(&self) {
        let since = match self.seen.lock() {
            Ok(mut seen) if seen.since.records() > 0 => std::mem::take(&mut seen.since),
            _ => return,
        };
        match kept::add(&self.rt.store, &self.rt.namespace, &since).await {
            Ok(Some(drift)) => drift.iter().for_each(|drift| self.tell(drift)),
            // Others were faster, or Redis is away: with the next turn.
            Ok(None) | Err(_) => {
                if let Ok(mut seen) = self.seen.lock() {
                    let later = std::mem::replace(&mut seen.since, since);
                    seen.since.merge(later);
                }
            }
        }
    }

    fn tell(&self, drift: &Drift) {
        let change = drift.change.name();
        metrics::counter!(names::FIELD_DRIFT, "change" => change).increment(1);
        let key = glued(&drift.key);
        let is_read = self
            .read
            .iter()
            .any(|path| *path == key || path.strip_prefix(&key).is_some_and(|rest| rest.starts_with('_')));
        tracing::info!(field = %drift.key, change, looks = %drift.looks, mapped = is_read, "field of OKKI changed");
        let problem = Problem {
            key: format!("field:{}", drift.key),
            severity: Severity::Warning,
            summary: words::tr!("OKKI no longer sends {}", drift.key),
            detail: words::tr!(
                "the mapping reads it ({}); its cells become empty. See `transformer mapping fields`",
                drift.looks
            ),
            patience: Duration::ZERO,
        };
        match drift.change {
            Change::Vanished if is_read => {
                tracing::warn!(field = %drift.key, looks = %drift.looks, "mapped field is in no answer any more");
                self.rt.alerts.raise(problem);
            }
            // Another replica may have seen it vanish.
            Change::Back => self.rt.alerts.over(problem),
            _ => {}
        }
    }
}
