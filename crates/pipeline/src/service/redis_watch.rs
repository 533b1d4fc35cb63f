//! What a service does when Redis does not do what the work needs.

use super::Runtime;
use crate::gate::Pause;
use std::time::Duration;

/// How often Redis is asked whether it is there; a loss is found by the first failing call anyway.
const EVERY: Duration = Duration::from_secs(5);

impl Runtime {
    /// Closes the gate when Redis does not do what the work needs, and lets it probe until it does.
    pub(super) async fn watch_redis(self) {
        loop {
            if let Err(error) = self.probe(false).await {
                self.redis_lost(&error);
            }
            if !self.shutdown.sleep(EVERY).await {
                return;
            }
        }
    }

    /// For handlers whose Redis call failed because Redis does not serve: pauses the stage until it does what failed, and
    /// until this process knows what was decided about the stage meanwhile.
    pub fn redis_lost(&self, error: &crate::store::Error) {
        let thorough = error.lacks_permission();
        let runtime = self.clone();
        self.gate.close_until(Pause::Redis, error.explain(), move || {
            let runtime = runtime.clone();
            async move { runtime.probe(thorough).await.is_ok() && runtime.knows_decisions().await }
        });
    }
}
