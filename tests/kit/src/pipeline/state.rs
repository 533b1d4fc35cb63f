//! What the replicas say and whether they still run.

use anyhow::bail;
use pipeline::telemetry::names;

use super::{PipelineUnderTest, Place, Service};
use crate::process::tail;

impl<V> PipelineUnderTest<V> {
    /// An error, with its log, if a replica that nobody killed has ended with an error.
    pub fn check(&mut self) -> anyhow::Result<()> {
        for Place { replica, .. } in &mut self.places {
            let ended = replica.process().exited()?;
            if let Some(status) = ended.filter(|status| !status.success() && !replica.killed()) {
                bail!(
                    "{} ended by itself ({status}); its log ends:\n{}",
                    replica.name(),
                    tail(&replica.log(), 25)
                );
            }
        }
        Ok(())
    }

    /// Whether every replica answers that it is ready.
    pub async fn all_ready(&self) -> bool {
        for replica in self.replicas() {
            if !replica.is_ready().await {
                return false;
            }
        }
        true
    }

    /// What every replica says of its readiness, for the explanation of a failure.
    pub async fn states(&self) -> String {
        let mut states = Vec::new();
        for replica in self.replicas() {
            states.push(replica.state().await);
        }
        states.join("\n")
    }

    /// The sum of a metric over the replicas of a service; what cannot be read counts nothing.
    pub async fn metric(&self, name: &str, service: Service) -> u64 {
        let mut sum = 0.0;
        for replica in self.replicas().filter(|replica| replica.service == service) {
            sum += replica.metric(name).await.unwrap_or(0.0);
        }
        // Counts of records, far below what a float holds exactly.
        sum as u64
    }

    /// `Ok` when no replica has a record in hand, else a sentence that says who holds how many or does not answer.
    pub async fn idle(&self) -> Result<(), String> {
        self.is_idle(|held| held == Some(0.0)).await
    }

    /// The same of the replicas that answer.
    pub(super) async fn answering_are_idle(&self) -> Result<(), String> {
        self.is_idle(|held| held.is_none_or(|held| held == 0.0)).await
    }

    async fn is_idle(&self, is_idle: impl Fn(Option<f64>) -> bool) -> Result<(), String> {
        let mut busy = Vec::new();
        for replica in self.replicas() {
            let held = replica.metric(names::IN_FLIGHT).await;
            if !is_idle(held) {
                busy.push(format!("{}: {held:?}", replica.name()));
            }
        }
        if busy.is_empty() {
            Ok(())
        } else {
            Err(busy.join(", "))
        }
    }
}
