//! `extractor sync --id`: these customers now, whatever is known of them, up to their rows.

use super::{Ended, Sync};
use crate::{ahead::Looks, failure_scope::FailureScope, state::FetchResult};
use pipeline::{accounting::Balance, quota::Lane, setting::ConfigError, watermarks::Watermarks};
use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(250);
/// What is pending for longer is told.
const TELL_AFTER: Duration = Duration::from_secs(3);
/// So many of them.
const TOLD: usize = 10;

/// The ids that were typed, each once.
pub(in crate::commands::sync) fn ids(typed: &[String]) -> Result<Vec<String>, ConfigError> {
    let ids: BTreeSet<&str> = typed
        .iter()
        .map(|id| id.trim())
        .filter(|id| !id.is_empty())
        .collect();
    if ids.is_empty() && !typed.is_empty() {
        let remedy = words::text!("write ids as OKKI has them; perhaps a variable of the shell is empty");
        return Err(ConfigError::new("--id", words::tr!("names no customer"), remedy));
    }
    let is_id = |id: &str| id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
    match ids.iter().find(|id| !is_id(id)) {
        Some(wrong) => Err(ConfigError::new(
            "--id",
            words::tr!("`{wrong}` is no id of a customer"),
            words::tr!("write ids as OKKI has them, such as 56657420945678,56657420945679"),
        )),
        None => Ok(ids.into_iter().map(str::to_owned).collect()),
    }
}

impl Sync {
    /// Publishes the customers, fetches them, and waits for their rows.
    pub(in crate::commands::sync) async fn fetch_these(self, ids: Vec<String>) -> anyhow::Result<Ended> {
        let work = async {
            if self.force {
                self.set_back(&ids).await?;
            }
            let run = crate::these::publish(&self.rt, &self.state, &ids).await?;
            let (id, runs) = (run.id.clone(), [run]);
            let summary = tokio::select! {
                summary = self.wait_for_details(&runs) => summary?,
                never = self.tell_pending(&id) => match never {},
            };
            let rows = self.wait_for_rows(&id).await?;
            Ok((summary, rows))
        };
        let (summary, rows) = self.beside_details(work).await?;
        summary.print(self.json)?;
        let unknown = summary.of(FetchResult::Unknown);
        words::ensure!(unknown == 0, "{unknown} customers are not shown by okki");
        let filtered = summary.of(FetchResult::Filtered);
        words::ensure!(
            filtered == 0,
            "{filtered} customers are outside of the filter (group, parameters, condition)"
        );
        words::ensure!(rows.dead == 0, "{} customers are dead letters", rows.dead);
        words::ensure!(
            rows.superseded == 0,
            "{} customers are not written: a newer state of them was written than okki shows; when it shows no newer one, \
             --force writes what it shows now",
            rows.superseded
        );
        words::ensure!(
            rows.in_flight == 0,
            "{} customers are not written yet; they are on their way as long as transformer and loader run",
            rows.in_flight
        );
        Ok(Ended::Done)
    }

    /// What listing and detail both show counts, even where a newer state was written.
    async fn set_back(&self, ids: &[String]) -> anyhow::Result<()> {
        let looks = Looks {
            rt: &self.rt,
            client: &self.client,
            watermarks: &Watermarks::new(self.rt.store.clone(), self.rt.namespace.clone()),
            scope: &FailureScope::new(Arc::clone(&self.client)),
            lane: Lane::Live,
            count: crate::ahead::ROWS,
        };
        Ok(looks.set_back_these(ids).await?)
    }

    /// Says for whom the command waits, as soon as that takes longer than calls do; completes never.
    async fn tell_pending(&self, run: &str) -> Infallible {
        loop {
            tokio::time::sleep(TELL_AFTER).await;
            match self.state.pending_ids(run, TOLD).await {
                Ok(ids) if ids.is_empty() => {}
                Ok(mut ids) => {
                    ids.sort_unstable();
                    if ids.len() == TOLD {
                        ids.push("…".to_owned());
                    }
                    let few = words::list(&ids);
                    eprintln!(
                        "{}",
                        words::tr!("waiting for {few}: okki has not shown them yet, and is asked once more")
                    );
                    return std::future::pending().await;
                }
                Err(error) => tracing::debug!(%error, "pending customers not read"),
            }
        }
    }

    /// Until every customer of the run is finished, or none has been for long.
    async fn wait_for_rows(&self, run: &str) -> anyhow::Result<Balance> {
        let (mut left, mut moved) = (u64::MAX, Instant::now());
        loop {
            let balance = self.rt.account.balance(run).await?;
            if balance.in_flight != left {
                (left, moved) = (balance.in_flight, Instant::now());
            }
            if left == 0 || moved.elapsed() > self.stalled() {
                return Ok(balance);
            }
            if !self.rt.shutdown.sleep(POLL).await {
                words::bail!("stopped; the customers are on their way");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_and_count_once() {
        let typed = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(ids(&typed(&["7", " 8 ", "7", ""])).unwrap(), ["7", "8"]);
        assert!(ids(&[]).unwrap().is_empty());
        let error = ids(&typed(&[""])).unwrap_err().to_string();
        assert!(error.contains("names no customer"), "{error}");
        for wrong in ["x", "-7", "07", "7.0"] {
            let error = ids(&typed(&["7", wrong])).unwrap_err().to_string();
            assert!(error.starts_with("--id") && error.contains(wrong), "{error}");
        }
    }
}
