//! What Redis really holds, in the form in which the model says what it should hold.

use std::collections::{BTreeMap, BTreeSet};

use super::snapshot::Snapshot;
use crate::ledger::Ledger;
use crate::ledger::schema::{batch, index, row};
use crate::ledger::testing::PrivateRedis;

const PREFIX: &str = "{model}:ledger:form:";

/// Everything of the ledger but times.
pub(super) async fn snapshot(redis: &PrivateRedis) -> Snapshot {
    let mut connection = redis.store().connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{PREFIX}*"))
        .query_async(&mut *connection)
        .await
        .unwrap();
    let hash = |key: &&String| {
        key.starts_with(&format!("{PREFIX}row:")) || key.starts_with(&format!("{PREFIX}batch:"))
    };
    let hashes: Vec<&String> = keys.iter().filter(hash).collect();
    let mut pipe = redis::pipe();
    for set in ["batches", "verify"] {
        pipe.cmd("ZRANGE").arg(format!("{PREFIX}{set}")).arg(0).arg(-1);
    }
    for key in &hashes {
        pipe.cmd("HGETALL").arg(key.as_str());
    }
    let answers: Vec<redis::Value> = pipe.query_async(&mut *connection).await.unwrap();
    let set = |at: usize| redis::from_redis_value::<Vec<String>>(answers[at].clone()).unwrap();
    let mut seen = Snapshot {
        leased: set(0).into_iter().collect(),
        verify: set(1).into_iter().collect(),
        ..Snapshot::default()
    };
    for (key, answer) in hashes.iter().zip(&answers[2..]) {
        let mut fields: BTreeMap<String, String> = redis::from_redis_value(answer.clone()).unwrap();
        let name = key.strip_prefix(PREFIX).unwrap();
        if let Some(company) = name.strip_prefix("row:") {
            // A time, which the model does not have.
            fields.remove(row::COMMITTED);
            fields.remove(row::READ_BY);
            if !fields.is_empty() {
                seen.rows.insert(company.to_owned(), fields);
            }
        } else if let Some(held) = name.strip_prefix("batch:") {
            fields.retain(|field, _| field != batch::LEASE && !field.starts_with(batch::FIRST_SENT));
            seen.batches.insert(held.to_owned(), fields);
        }
    }
    seen
}

/// Ends the lease of a batch now.
pub(super) async fn lapse(redis: &PrivateRedis, ledger: &Ledger, name: &str) {
    let mut connection = redis.store().connection().await.unwrap();
    redis::pipe()
        .cmd("HSET")
        .arg(ledger.batch_key(name))
        .arg(batch::LEASE)
        .arg(1)
        .cmd("ZADD")
        .arg(format!("{PREFIX}batches"))
        .arg(1)
        .arg(name)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}

/// Lets the time pass that these rows had to wait until they are read again.
pub(super) async fn make_due(redis: &PrivateRedis, companies: &BTreeSet<String>) {
    if companies.is_empty() {
        return;
    }
    let mut connection = redis.store().connection().await.unwrap();
    let mut pipe = redis::pipe();
    for company in companies {
        pipe.cmd("ZADD")
            .arg(format!("{PREFIX}verify"))
            .arg(1)
            .arg(company);
    }
    pipe.query_async::<()>(&mut *connection).await.unwrap();
}

/// The index was read at this time of the common clock.
pub(super) async fn built_at(redis: &PrivateRedis, time_ms: i64) {
    let mut connection = redis.store().connection().await.unwrap();
    redis::cmd("HSET")
        .arg("{model}:index")
        .arg(index::BUILT)
        .arg(time_ms)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}

pub(super) async fn empty(redis: &PrivateRedis) {
    let mut connection = redis.store().connection().await.unwrap();
    redis::cmd("FLUSHALL")
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}
