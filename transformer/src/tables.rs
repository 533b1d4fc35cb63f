//! Keeps the tables of look-ups as their files and hashes are.

use std::sync::Arc;
use std::time::Duration;

use pipeline::alert::{Problem, Severity};
use pipeline::names::Namespace;
use pipeline::service::Runtime;
use pipeline::store::Store;
use tokio_util::task::AbortOnDropHandle;

use crate::map::{LARGEST_TABLE, MOST_ROWS, Mapping};

/// Between two looks at the files.
const EVERY: Duration = Duration::from_secs(5);
/// Looks at the files for one at the hashes.
const HASHES: usize = 6;
/// Under which people are told of a table that cannot be used.
const PROBLEM: &str = "lookup";

/// Waits until every table that is in Redis was read once, because without its rows cells would go blank, and keeps all
/// tables as they are from then on.
pub(crate) async fn kept(rt: &Runtime, mapping: &Arc<Mapping>) -> AbortOnDropHandle<()> {
    await_hashes(rt, mapping).await;
    AbortOnDropHandle::new(tokio::spawn(watch(rt.clone(), Arc::clone(mapping))))
}

async fn await_hashes(rt: &Runtime, mapping: &Mapping) {
    while let Err(error) = ask(&rt.store, &rt.namespace, mapping).await {
        let error = format!("{error:#}");
        tracing::warn!(error, "tables of look-ups are awaited");
        let waits = words::text!("nothing is mapped until it can be read");
        raise(rt, words::of(error, waits));
        if !rt.shutdown.sleep(EVERY).await {
            return;
        }
    }
    rt.alerts.clear(PROBLEM);
}

/// Reads the hashes and makes tables of them, for who does not go on looking.
pub(crate) async fn ask(store: &Store, namespace: &Namespace, mapping: &Mapping) -> anyhow::Result<()> {
    if mapping.sources().hashes().is_empty() {
        return Ok(());
    }
    give(store, namespace, mapping)
        .await
        .map_err(anyhow::Error::msg)?;
    // What has changed counts when it is the same at the next look.
    for _ in 0..2 {
        mapping.sources().refresh().map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

async fn give(store: &Store, namespace: &Namespace, mapping: &Mapping) -> Result<(), String> {
    let largest = usize::try_from(LARGEST_TABLE).unwrap_or(usize::MAX);
    for (collection, name) in mapping.sources().hashes() {
        let key = namespace.lookup_key(&name);
        let of = |why: String| words::of(format_args!("lookup.{collection}"), why);
        match store.hash(&key, MOST_ROWS, largest).await {
            Ok(Some(fields)) if fields.is_empty() => {
                return Err(of(words::tr!("Redis has no hash {key}")));
            }
            Ok(Some(fields)) => mapping.sources().give(&collection, fields),
            Ok(None) => {
                return Err(of(words::tr!(
                    "the hash {key} has more than {MOST_ROWS} fields or {} MiB",
                    LARGEST_TABLE >> 20
                )));
            }
            Err(error) if !error.is_outage() => {
                return Err(of(words::tr!("what Redis has under {key} is no hash of texts")));
            }
            Err(error) => return Err(of(words::of(key, error.explain()))),
        }
    }
    Ok(())
}

/// Reads the files and hashes again when they change, until the process ends.
async fn watch(rt: Runtime, mapping: Arc<Mapping>) {
    if mapping.sources().is_empty() {
        return;
    }
    let (mut looks, mut is_away, mut away) = (0, false, None);
    while rt.shutdown.sleep(EVERY).await {
        looks += 1;
        if looks % HASHES == 0 {
            let was_away = is_away;
            away = give(&rt.store, &rt.namespace, &mapping).await.err();
            is_away = away.is_some();
            if was_away && !is_away {
                rt.alerts.clear(PROBLEM);
            }
        }
        let files = Arc::clone(&mapping);
        // A file may lie on a disk that does not answer at once.
        let Ok(read) = tokio::task::spawn_blocking(move || files.sources().refresh()).await else {
            return;
        };
        match read.and_then(|is_new| away.take().map_or(Ok(is_new), Err)) {
            Ok(false) => {}
            Ok(true) => {
                tracing::info!(tables = ?mapping.sources().sizes(), "tables of look-ups read again");
                rt.alerts.clear(PROBLEM);
            }
            Err(error) => {
                tracing::warn!(error, "tables of look-ups stay as they were");
                let stays = words::tr!("{error}; the tables stay as they were before the file changed");
                raise(&rt, stays);
            }
        }
    }
}

fn raise(rt: &Runtime, detail: String) {
    rt.alerts.raise(Problem {
        key: PROBLEM.to_owned(),
        severity: Severity::Warning,
        summary: words::text!("a table of look-ups cannot be used").to_owned(),
        detail,
        patience: Duration::ZERO,
    });
}
