//! What Redis remembers of rows without a key: for one form and one key widget, so that another one is asked anew.

use pipeline::names::Namespace;
use pipeline::store::{Error, Store};

/// What was seen last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// There were none; the index for which that was asked.
    None(String),
    /// There were some: when they are gone, the index has to be built anew.
    Some,
}

/// The place in Redis.
pub(crate) struct Memory {
    store: Store,
    key: String,
    /// Form and key widget.
    subject: String,
}

/// How long replicas and restarts rely on it that there were none: others may go on filling the form.
const NONE_FOR_S: u64 = 600;
const SUBJECT: &str = "form";
const STATE: &str = "state";
const EPOCH: &str = "epoch";

impl Memory {
    pub(crate) fn new(store: Store, namespace: &Namespace, form: String, key_widget: &str) -> Self {
        Self {
            store,
            key: namespace.keyless_key(),
            subject: format!("{form}/{key_widget}"),
        }
    }

    /// `None` when nothing is known of this form and key widget.
    pub(crate) async fn seen(&self) -> Result<Option<Seen>, Error> {
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("HMGET");
        command.arg(&self.key).arg(&[SUBJECT, STATE, EPOCH]);
        let fields: [Option<String>; 3] = command.query_async(&mut *connection).await?;
        let [subject, state, epoch] = fields.map(Option::unwrap_or_default);
        Ok(match state.as_str() {
            _ if subject != self.subject => None,
            "none" => Some(Seen::None(epoch)),
            "some" => Some(Seen::Some),
            _ => None,
        })
    }

    pub(crate) async fn keep(&self, seen: &Seen) -> Result<(), Error> {
        let (state, epoch) = match seen {
            Seen::None(epoch) => ("none", epoch.as_str()),
            Seen::Some => ("some", ""),
        };
        let fields = [(SUBJECT, self.subject.as_str()), (STATE, state), (EPOCH, epoch)];
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("DEL").arg(&self.key).ignore();
        pipe.cmd("HSET").arg(&self.key).arg(&fields).ignore();
        if matches!(seen, Seen::None(_)) {
            pipe.cmd("EXPIRE").arg(&self.key).arg(NONE_FOR_S).ignore();
        }
        let mut connection = self.store.connection().await?;
        Ok(pipe.query_async(&mut *connection).await?)
    }

    pub(crate) async fn forget(&self) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("DEL");
        command.arg(&self.key);
        Ok(command.query_async(&mut *connection).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::PrivateRedis;

    #[tokio::test]
    async fn another_form_or_key_widget_is_asked_anew() {
        let redis = PrivateRedis::start().await;
        let namespace: Namespace = "keyless".parse().unwrap();
        let memory = |form: &str, widget| Memory::new(redis.store(), &namespace, form.to_owned(), widget);
        let one = memory("a/e", "_k");
        assert_eq!(one.seen().await.unwrap(), None);
        for seen in [Seen::Some, Seen::None("epoch".to_owned())] {
            one.keep(&seen).await.unwrap();
            assert_eq!(one.seen().await.unwrap(), Some(seen));
            assert_eq!(memory("a/e", "_other").seen().await.unwrap(), None);
            assert_eq!(memory("a/f", "_k").seen().await.unwrap(), None);
        }
        one.forget().await.unwrap();
        assert_eq!(one.seen().await.unwrap(), None);
    }
}
