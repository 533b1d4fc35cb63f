//! The schema's table names every key and field that the scripts write.

use std::collections::BTreeSet;

use super::*;
use crate::jdy::lookup::FoundRow;

async fn fields(redis: &PrivateRedis, key: &str) -> BTreeSet<String> {
    let mut connection = redis.store().connection().await.unwrap();
    let mut command = redis::cmd("HKEYS");
    command.arg(key);
    command.query_async(&mut *connection).await.unwrap()
}

async fn keys(redis: &PrivateRedis) -> BTreeSet<String> {
    let mut connection = redis.store().connection().await.unwrap();
    let mut command = redis::cmd("KEYS");
    command.arg("*");
    command.query_async(&mut *connection).await.unwrap()
}

fn names(known: &[&str]) -> BTreeSet<String> {
    known.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn the_scripts_write_what_the_schema_names() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let row = |id: &str| {
        let found = FoundRow {
            id: id.to_owned(),
            content: "aa".to_owned(),
            is_key_right: true,
            is_known_by_id: false,
            written_ms: 1_000_000,
        };
        ("1".to_owned(), found)
    };
    crate::index::testing::rebuild_with(&ledger, "form", &[row("r1"), row("r2")]).await;
    assert_eq!(ledger.duplicates().await.unwrap().len(), 1);
    place(&ledger, "2", 10, "aa", "r9").await;
    claim(&ledger, "2", 11, "aa").await;
    claim(&ledger, "2", 12, "bb").await;
    let refetched = claim_as(&ledger, "1", 11, "bb", Operation::Upsert, OLD).await.0;
    assert_eq!(refetched, Claim::Refetch);
    let (_, batch, fence) = claim(&ledger, "3", 11, "bb").await;
    let named = [(0, "r3")].into_iter();
    ledger.name_rows(&batch, &fence, named).await.unwrap();
    let seen = Seen {
        company: "1".to_owned(),
        row_id: "r1".to_owned(),
        hash: "edited".to_owned(),
    };
    let now = crate::ledger::index::clock(&ledger).await.unwrap();
    let touched = ledger
        .touched(now, Duration::ZERO, Undo::default(), &[seen])
        .await;
    assert_eq!(touched.unwrap(), [TouchJudged::Touched(Touch::Edited, false)]);
    ledger.verify_later(&["1"], Duration::ZERO).await.unwrap();
    let due = ledger.due_for_verification(1, LEASE).await.unwrap();
    ledger.verified(&due, &["1"]).await.unwrap();
    ledger.verify_later(&["2"], LEASE).await.unwrap();

    let (_, done, proof) = claim(&ledger, "4", 11, "bb").await;
    let later = Verify::Confirmed(LEASE);
    ledger.commit(&done, &proof, &landed("r4"), later).await.unwrap();

    crate::ledger::index::passed_over(&ledger, "r7").await.unwrap();

    use crate::ledger::schema::{batch as batches, index, row};
    let mut seen = fields(&redis, &ledger.row_key("1")).await;
    seen.extend(fields(&redis, &ledger.row_key("2")).await);
    seen.extend(fields(&redis, &ledger.row_key("4")).await);
    let known = [
        row::ID,
        row::VERSION,
        row::HASH,
        row::BATCH,
        row::FLOOR,
        row::COMMITTED,
        row::SEEN_IN,
        row::UNCHANGED,
        row::TOUCHED,
        row::CONFIRMED,
    ];
    let mut known = names(&known);
    known.extend(names(&row::ASKED));
    known.extend(names(&row::VERIFIED));
    assert_eq!(seen, known);

    let seen = fields(&redis, &ledger.batch_key(&batch)).await;
    let mut known = names(&[batches::OWNER, batches::LEASE, batches::LEFT, batches::FENCE]);
    known.extend(
        [
            batches::MEMBER,
            batches::ROW,
            batches::TRANSACTION,
            batches::FIRST_SENT,
            batches::NAMED,
        ]
        .map(|letter| format!("{letter}0")),
    );
    assert_eq!(seen, known);

    let seen = fields(&redis, ledger.index_key()).await;
    let mut known = names(&index::OTHERS);
    known.extend(names(&[
        index::NOTICED,
        index::SETTLES,
        index::FLOOR,
        index::RUN,
        index::HISTORY,
    ]));
    assert_eq!(seen, known);

    let of_ledger = &ledger.inner.names;
    let mut known = names(&[
        ledger.index_key(),
        ledger.epoch_key(),
        &of_ledger.batches(),
        &of_ledger.verify(),
        &of_ledger.duplicates(),
        &format!("{}:of", of_ledger.duplicates()),
        &format!("{}fence", of_ledger.prefix()),
        &ledger.batch_key(&batch),
    ]);
    let other = ledger.known_rows(&["2"]).await.unwrap().remove(0);
    known.insert(ledger.batch_key(&other.unwrap().batch.unwrap()));
    known.extend(["1", "2", "3", "4"].map(|company| ledger.row_key(company)));
    assert_eq!(keys(&redis).await, known);
}

#[tokio::test]
async fn plain_reads_say_what_was_written() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    let (_, batch, _) = claim(&ledger, "1", 11, "bb").await;
    let (_, other, fence) = claim(&ledger, "2", 12, "cc").await;
    let rows = [(0, "r2"), (9, "r9")].into_iter();
    ledger.name_rows(&other, &fence, rows).await.unwrap();
    let named = ledger.named_rows().await.unwrap();
    let named: Vec<_> = named
        .iter()
        .map(|row| (&*row.company, &*row.id, &*row.hash))
        .collect();
    assert_eq!(named, [("2", "r2", "cc")]);
    let known = ledger.known_rows(&["nobody", "1"]).await.unwrap();
    let expected = KnownRow {
        id: Some("r1".to_owned()),
        version: decode_version(&version(10)),
        hash: Some("aa".to_owned()),
        batch: Some(batch.clone()),
        floor: None,
        placed: false,
        written_ms: known[1].as_ref().and_then(|row| row.written_ms),
        doubted_ms: None,
    };
    assert_eq!(known, [None, Some(expected)]);
    let held = ledger.known_batch(&batch).await.unwrap().unwrap();
    assert_eq!((held.owner.as_str(), held.left), ("one", 1));
    assert!(held.lease_ms > 0);
    assert_eq!(ledger.known_batch("gone").await.unwrap(), None);
    assert_eq!(ledger.scan(0, 100).await.unwrap().1.len(), 2);
}
