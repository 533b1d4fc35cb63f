//! The letters that an operation is about to move out of a queue, in Redis; as many as one operation moves at a time.

use crate::error::Result;
use pipeline::{
    stage::Stage,
    store::{Script, Store},
};
use std::{collections::HashMap, sync::LazyLock};

static ARRIVED_ONCE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("arrived.lua")));

/// Behind the name of the operation once the broker has confirmed the copy.
const ARRIVED: &str = " arrived";

/// What is being moved out of the dead letters or the archive of a stage.
#[derive(Clone)]
pub(crate) struct Leaving {
    store: Store,
    key: String,
}

/// One letter that an operation was moving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    /// What is noted of who moves it: the operation, or the one that is being undone.
    pub(super) operation: String,
    /// The broker has confirmed the copy.
    pub(super) arrived: bool,
}

impl Leaving {
    pub(crate) fn new(
        store: &Store,
        namespace: &pipeline::names::Namespace,
        stage: Stage,
        archive: bool,
    ) -> Self {
        Self {
            store: store.clone(),
            key: namespace.leaving_key(stage, archive),
        }
    }

    /// Before the copies are published.
    pub(crate) async fn intend(&self, mark: &str, letters: &[String]) -> Result<()> {
        if letters.is_empty() {
            return Ok(());
        }
        let mut connection = self.store.connection().await?;
        Ok(self
            .write(letters, mark)
            .query_async::<()>(&mut *connection)
            .await?)
    }

    /// After the broker has confirmed them; counts them in the operation's record in the same step, and each letter once: who
    /// looked while the mover stood still may have found the copies first.
    pub(crate) async fn arrived(&self, mark: &str, letters: &[String], record: &str) -> Result<()> {
        if letters.is_empty() {
            return Ok(());
        }
        let keys = [self.key.clone(), record.to_owned()];
        let mut args = vec![format!("{mark}{ARRIVED}")];
        args.extend_from_slice(letters);
        self.store.invoke::<u64>(&ARRIVED_ONCE, &keys, &args).await?;
        Ok(())
    }

    fn write(&self, letters: &[String], value: &str) -> redis::Cmd {
        let mut command = redis::cmd("HSET");
        command.arg(&self.key);
        for letter in letters {
            command.arg(letter).arg(value);
        }
        command
    }

    /// After the letters are gone from the queue.
    pub(crate) async fn forget(&self, letters: &[String]) -> Result<()> {
        if letters.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("HDEL");
        command.arg(&self.key).arg(letters);
        let mut connection = self.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    /// What operations have left behind that were killed or stand still; whoever holds the lease of the queue sees no others.
    pub(super) async fn all(&self) -> Result<HashMap<String, Left>> {
        let mut connection = self.store.connection().await?;
        let fields: HashMap<String, String> = redis::cmd("HGETALL")
            .arg(&self.key)
            .query_async(&mut *connection)
            .await?;
        let read = |value: String| match value.strip_suffix(ARRIVED) {
            Some(operation) => Left {
                operation: operation.to_owned(),
                arrived: true,
            },
            None => Left {
                operation: value,
                arrived: false,
            },
        };
        Ok(fields
            .into_iter()
            .map(|(letter, value)| (letter, read(value)))
            .collect())
    }
}
