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
            fields.remove(row::LOOKED);
            fields.remove(row::DOUBTED);
            // Its name is only known to Redis.
            fields.remove(row::SEEN_IN);
            for asked in row::ASKED.into_iter().chain(row::VERIFIED) {
                fields.remove(asked);
            }
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
        // Nor was it asked for a moment ago.
        pipe.cmd("HDEL")
            .arg(format!("{PREFIX}row:{company}"))
            .arg(&row::VERIFIED);
    }
    pipe.query_async::<()>(&mut *connection).await.unwrap();
}

/// Sets fields of the index.
pub(super) async fn set_index(redis: &PrivateRedis, fields: &[(&str, &str)]) {
    let mut connection = redis.store().connection().await.unwrap();
    redis::cmd("HSET")
        .arg("{model}:index")
        .arg(fields)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}

/// Lets the time pass that further requests for a customer have to wait.
pub(super) async fn ask_again(redis: &PrivateRedis) {
    let mut connection = redis.store().connection().await.unwrap();
    let mut pipe = redis::pipe();
    for company in super::COMPANIES {
        let key = format!("{PREFIX}row:{company}");
        pipe.cmd("HDEL").arg(key).arg(&row::ASKED);
    }
    pipe.query_async::<()>(&mut *connection).await.unwrap();
}

/// Nobody remembers what people did.
pub(super) async fn forget_touches(redis: &PrivateRedis) {
    let mut connection = redis.store().connection().await.unwrap();
    let mut pipe = redis::pipe();
    for company in super::COMPANIES {
        pipe.cmd("HDEL")
            .arg(format!("{PREFIX}row:{company}"))
            .arg(row::TOUCHED);
    }
    pipe.query_async::<()>(&mut *connection).await.unwrap();
}

/// The shared counter stands here.
pub(super) async fn set_sequence(redis: &PrivateRedis, sequence: u64) {
    let mut connection = redis.store().connection().await.unwrap();
    redis::cmd("SET")
        .arg("{model}:sequence")
        .arg(sequence)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}

/// Everything that Redis holds.
pub(super) type Disk = Vec<(String, Vec<u8>)>;

pub(super) async fn save(redis: &PrivateRedis) -> Disk {
    let mut connection = redis.store().connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg("*")
        .query_async(&mut *connection)
        .await
        .unwrap();
    if keys.is_empty() {
        return Disk::new();
    }
    let mut pipe = redis::pipe();
    for key in &keys {
        pipe.cmd("DUMP").arg(key);
    }
    let dumps: Vec<Vec<u8>> = pipe.query_async(&mut *connection).await.unwrap();
    keys.into_iter().zip(dumps).collect()
}

/// Another run of the server, with what was on the disk.
pub(super) async fn restart(redis: &PrivateRedis, disk: &Disk) {
    empty(redis).await;
    let mut connection = redis.store().connection().await.unwrap();
    let mut pipe = redis::pipe();
    for (key, dump) in disk {
        pipe.cmd("RESTORE").arg(key).arg(0).arg(dump.as_slice());
    }
    pipe.cmd("HSET")
        .arg("{model}:index")
        .arg(index::RUN)
        .arg("another");
    pipe.query_async::<()>(&mut *connection).await.unwrap();
}

pub(super) async fn empty(redis: &PrivateRedis) {
    let mut connection = redis.store().connection().await.unwrap();
    redis::cmd("FLUSHALL")
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}
