//! The scripts against a private Redis: every answer of a claim, and what leases, fences and epochs protect.

mod claims;
mod doubts;
mod epochs;
mod fences;
mod memory;
mod not_seen;
mod removals;
mod rewritten;
mod schema;
mod touched;

use std::time::Duration;

use super::testing::PrivateRedis;
use super::*;
use crate::index::testing::make_ready;
use pipeline::version::Version;

const LEASE: Duration = Duration::from_secs(30);
/// A record that was fetched before any index was begun, and one that was fetched after.
const OLD: u64 = 1;
const NEW: u64 = 1 << 52;

fn ledger(redis: &PrivateRedis, owner: &str, lease: Duration) -> Ledger {
    Ledger::new(redis.store(), &"test".parse().unwrap(), "form", owner, lease)
}

impl Ledger {
    /// Claims as the write path does: what has to be looked up first is not in the form.
    async fn claim_seen(
        &self,
        batch: &str,
        items: &[Item<'_>],
        deletes: bool,
        guard: Option<(RemovalLimits, &[Cause<'_>])>,
    ) -> Result<Claimed, Error> {
        match self.claim_guarded(batch, items, deletes, guard, None).await {
            Err(Error::Unseen(unseen)) => {
                let rows = unseen.rows.iter().map(|(company, _)| (company.clone(), None));
                let rows: Vec<_> = rows.collect();
                let reading = index::Reading::LookUp {
                    longest: Duration::ZERO,
                };
                index::learn(self, unseen.time_ms, Duration::ZERO, reading, &rows)
                    .await
                    .unwrap();
            }
            answer => return answer,
        }
        self.claim_guarded(batch, items, deletes, guard, None).await
    }
}

async fn ready(redis: &PrivateRedis) -> Ledger {
    let ledger = ledger(redis, "one", LEASE);
    make_ready(&ledger, "form").await;
    ledger
}

fn version(number: i64) -> String {
    encode_version(Version {
        update_time: number,
        sequence: 1,
    })
}

/// One claim of one record; the answer and what is needed to commit it.
async fn claim(ledger: &Ledger, company: &str, number: i64, hash: &str) -> (Claim, String, String) {
    claim_as(ledger, company, number, hash, Operation::Upsert, NEW).await
}

async fn claim_as(
    ledger: &Ledger,
    company: &str,
    number: i64,
    hash: &str,
    operation: Operation,
    sequence: u64,
) -> (Claim, String, String) {
    let batch = uuid::Uuid::new_v4().to_string();
    let version = version(number);
    let item = Item {
        company,
        version: &version,
        hash,
        operation,
        sequence,
        set: r#"{"_w":{"value":1}}"#,
        clear: r#""_x":{"value":""}"#,
    };
    let mut claimed = ledger.claim_seen(&batch, &[item], false, None).await.unwrap();
    (claimed.claims.remove(0), batch, claimed.fence)
}

/// A record that is claimed by hand.
fn plain(version: &str) -> Item<'_> {
    Item {
        company: "1",
        version,
        hash: "aa",
        operation: Operation::Upsert,
        sequence: OLD,
        set: "{}",
        clear: "",
    }
}

fn landed(id: &str) -> [Committed; 1] {
    [Committed {
        slot: 0,
        change: Change::Landed(id.to_owned()),
    }]
}

/// Claims and commits a create.
async fn create(ledger: &Ledger, company: &str, number: i64, hash: &str, id: &str) {
    let (answer, batch, fence) = claim(ledger, company, number, hash).await;
    assert_eq!(answer, Claim::Create);
    ledger
        .commit(&batch, &fence, &landed(id), Verify::No)
        .await
        .unwrap();
}

/// Claims and commits a create whose row id is taken from the answer by its place.
async fn place(ledger: &Ledger, company: &str, number: i64, hash: &str, id: &str) {
    let (answer, batch, fence) = claim(ledger, company, number, hash).await;
    assert_eq!(answer, Claim::Create);
    let placed = [Committed {
        slot: 0,
        change: Change::Placed(id.to_owned()),
    }];
    ledger.commit(&batch, &fence, &placed, Verify::No).await.unwrap();
}

/// Claims and commits an update of this row.
async fn update(ledger: &Ledger, company: &str, number: i64, hash: &str, id: &str) {
    let (answer, batch, fence) = claim(ledger, company, number, hash).await;
    assert_eq!(answer, Claim::Update(id.to_owned()));
    let id = id.trim_start_matches('?');
    ledger
        .commit(&batch, &fence, &landed(id), Verify::No)
        .await
        .unwrap();
}

/// Ends a lease now.
async fn expire(redis: &PrivateRedis, ledger: &Ledger, batch: &str) {
    let mut connection = redis.store().connection().await.unwrap();
    let key = ledger.batch_key(batch);
    redis::cmd("HSET")
        .arg(key)
        .arg(super::schema::batch::LEASE)
        .arg(1)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
    let set = &ledger.inner.keys[1];
    redis::cmd("ZADD")
        .arg(set)
        .arg(1)
        .arg(batch)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}
