//! A bundle that came again: its consumer may have died of one of its records.
//!
//! Each record goes back into the queue alone and marked, confirmed, and only then is the bundle acknowledged. Nobody
//! handles any of them before, so dividing kills nobody, and a killer kills once more at most before it stands alone
//! ([`Delivery::returns`]). A death in between leaves both the copies and the bundle, which is harmless.

use super::{
    batch::{BatchEnd, Context},
    delivery::Delivery,
};
use crate::{broker::PublishError, handler::Handler, telemetry::names};

impl<H: Handler> Context<H> {
    pub(super) async fn divide(&self, records: Vec<Delivery>) -> BatchEnd {
        let home = self.rt.namespace.queue(self.stage);
        let copies = records.iter().map(|record| record.copy(home.clone())).collect();
        let end = |kept, settled, lost| BatchEnd { kept, settled, lost };
        match self.publisher.publish(copies).await {
            Ok(()) => {
                metrics::counter!(names::DIVIDED, "stage" => self.stage.name())
                    .increment(records.len() as u64);
                tracing::info!(
                    stage = %self.stage,
                    records = records.len(),
                    "a bundle came again; each of its records goes on alone"
                );
                end(Vec::new(), records, None)
            }
            Err(error @ PublishError::Unconfirmed(_)) => end(Vec::new(), Vec::new(), Some(error)),
            Err(error) => {
                self.rt.broker.refused_publish(&error);
                end(records, Vec::new(), None)
            }
        }
    }
}
