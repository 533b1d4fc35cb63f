//! Records that wait for a stage: the messages of its work queue, times what each of them carries.
//!
//! The broker counts messages, and one may carry many records. Whoever publishes knows how many, and adds them in Redis every
//! few seconds to what others have published of late, which weighs half with each time that somebody tells. A queue that holds
//! both single messages and bundles is so counted about right.

use crate::{broker, cause::logged, service::Runtime, stage::Stage, store};
use std::collections::HashMap;

/// Records of one message of each stage's work queue, about; 1 where nobody has told anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerMessage([f64; 3]);

impl Default for PerMessage {
    fn default() -> Self {
        Self([1.0; 3])
    }
}

impl PerMessage {
    /// What publishers have told.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn told(rt: &Runtime) -> Result<Self, store::Error> {
        let mut connection = rt.store.connection().await?;
        let mut command = redis::cmd("HGETALL");
        command.arg(rt.namespace.carried_key());
        let told: HashMap<String, String> = command.query_async(&mut *connection).await?;
        let number = |stage: Stage, what: &str| -> Option<f64> {
            told.get(&format!("{}:{what}", stage.name()))?.parse().ok()
        };
        Ok(Self(Stage::ALL.map(|stage| {
            let carried = number(stage, "records")
                .zip(number(stage, "messages"))
                .map(|(records, messages)| records / messages);
            carried
                .filter(|carried| (1.0..=1e6).contains(carried))
                .unwrap_or(1.0)
        })))
    }

    /// What so many messages of the stage's work queue carry.
    #[must_use]
    pub fn records(&self, stage: Stage, messages: u32) -> u64 {
        let [extract, transform, load] = self.0;
        let per_message = match stage {
            Stage::Extract => extract,
            Stage::Transform => transform,
            Stage::Load => load,
        };
        (f64::from(messages) * per_message).round() as u64
    }
}

/// Records that wait for the stage.
///
/// # Errors
/// When the broker is away. Without Redis a message counts as one record.
pub async fn records(rt: &Runtime, stage: Stage) -> Result<u64, broker::Error> {
    let messages = rt.broker.depth(&rt.namespace.queue(stage)).await?;
    Ok(PerMessage::told(rt)
        .await
        .unwrap_or_default()
        .records(stage, messages))
}

/// Tells what this process has published since it last did. Losing it costs a little precision.
pub async fn tell(rt: &Runtime) {
    let carried = rt.broker.carried();
    if carried.is_empty() {
        return;
    }
    let told = async {
        let script = redis::Script::new(include_str!("waiting/tell.lua"));
        let mut call = script.key(rt.namespace.carried_key());
        for (stage, carried) in carried {
            call.arg(stage.name()).arg(carried.messages).arg(carried.records);
        }
        let mut connection = rt.store.connection().await?;
        Ok::<(), store::Error>(call.invoke_async(&mut *connection).await?)
    };
    if let Err(error) = told.await {
        tracing::debug!(
            error = logged(&error),
            "what messages carry is not known to others"
        );
    }
}
