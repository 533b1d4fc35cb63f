//! The scripts against a private Redis: every verdict of a claim, and what leases, fences and epochs protect.

use std::time::Duration;

use super::testing::PrivateRedis;
use super::*;
use crate::index::testing::make_ready;
use pipeline::version::Version;

const LEASE: Duration = Duration::from_secs(30);

fn ledger(redis: &PrivateRedis, owner: &str, lease: Duration) -> Ledger {
    Ledger::new(redis.store(), &"test".parse().unwrap(), "form", owner, lease)
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
    claim_as(ledger, company, number, hash, Operation::Upsert, i64::MAX).await
}

async fn claim_as(
    ledger: &Ledger,
    company: &str,
    number: i64,
    hash: &str,
    operation: Operation,
    fetched_at: i64,
) -> (Claim, String, String) {
    let batch = uuid::Uuid::new_v4().to_string();
    let version = version(number);
    let fetched_at = fetched_at.min(1 << 52);
    let item = Item {
        company,
        version: &version,
        hash,
        operation,
        fetched_at,
        set: r#"{"_w":{"value":1}}"#,
        clear: r#""_x":{"value":""}"#,
    };
    let mut claimed = ledger.claim(&batch, &[item], false).await.unwrap();
    (claimed.claims.remove(0), batch, claimed.fence)
}

fn landed(id: &str) -> [Settled; 1] {
    [Settled {
        slot: 0,
        change: Change::Landed(id.to_owned()),
    }]
}

/// Claims and commits a create.
async fn create(ledger: &Ledger, company: &str, number: i64, hash: &str, id: &str) {
    let (verdict, batch, fence) = claim(ledger, company, number, hash).await;
    assert_eq!(verdict, Claim::Create);
    ledger.commit(&batch, &fence, &landed(id), None).await.unwrap();
}

#[tokio::test]
async fn a_row_is_created_once_then_unchanged_updated_or_stale() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    assert_eq!(claim(&ledger, "1", 10, "aa").await.0, Claim::Unchanged);
    assert_eq!(claim(&ledger, "1", 9, "bb").await.0, Claim::Stale);
    assert_eq!(claim(&ledger, "1", 20, "aa").await.0, Claim::Unchanged);
    assert_eq!(
        claim(&ledger, "1", 15, "bb").await.0,
        Claim::Stale,
        "unchanged content moves the version"
    );
    let (verdict, batch, fence) = claim(&ledger, "1", 21, "bb").await;
    assert_eq!(verdict, Claim::Update("r1".into()));
    ledger.commit(&batch, &fence, &landed("r1"), None).await.unwrap();
    assert_eq!(claim(&ledger, "1", 21, "bb").await.0, Claim::Unchanged);
    let (verdict, ..) = claim(&ledger, "1", 21, "cc").await;
    assert_eq!(
        verdict,
        Claim::Update("r1".into()),
        "an edited dead letter keeps its version"
    );
}

#[tokio::test]
async fn a_claimed_row_is_busy_until_its_lease_ends_and_then_orphaned() {
    let redis = PrivateRedis::start().await;
    let one = ready(&redis).await;
    let two = ledger(&redis, "two", LEASE);
    two.set_epoch(one.epoch());
    let (_, batch, fence) = claim(&one, "1", 10, "aa").await;
    assert_eq!(
        claim(&two, "1", 11, "bb").await.0,
        Claim::Busy(batch.clone(), "one".into())
    );
    assert!(
        two.take_over(&batch, true).await.unwrap().is_none(),
        "not while the lease runs"
    );
    assert!(two.orphans(10).await.unwrap().is_empty());

    expire(&redis, &one, &batch).await;
    assert_eq!(claim(&two, "1", 11, "bb").await.0, Claim::Orphaned(batch.clone()));
    assert_eq!(two.orphans(10).await.unwrap(), std::slice::from_ref(&batch));
    let taken = two.take_over(&batch, false).await.unwrap().unwrap();
    let member = &taken.members[0];
    assert_eq!(
        (member.kind, &*member.row, member.hash.as_str()),
        (Kind::Create, r#"{"_w":{"value":1}}"#, "aa")
    );
    assert!(member.first_sent_ms > 0 && !member.transaction.is_empty());

    let late = one.commit(&batch, &fence, &landed("r1"), None).await;
    assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
    two.commit(&batch, &taken.fence, &landed("r2"), None)
        .await
        .unwrap();
    assert_eq!(claim(&one, "1", 11, "bb").await.0, Claim::Update("r2".into()));
}

#[tokio::test]
async fn a_commit_can_be_repeated_and_a_batch_ends_with_its_last_member() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let old = version(1);
    let rows = ["1", "2", "3"];
    let items: Vec<Item<'_>> = rows
        .iter()
        .map(|company| Item {
            company,
            version: &old,
            hash: "aa",
            operation: Operation::Upsert,
            fetched_at: 1,
            set: "{}",
            clear: "",
        })
        .collect();
    let claimed = ledger.claim("b", &items, false).await.unwrap();
    let settle = |slot, change| Settled { slot, change };
    let first = [settle(0, Change::Landed("r1".into())), settle(1, Change::Freed)];
    ledger.commit("b", &claimed.fence, &first, None).await.unwrap();
    ledger.commit("b", &claimed.fence, &first, None).await.unwrap();
    assert_eq!(claim(&ledger, "2", 2, "aa").await.0, Claim::Create, "freed");
    assert!(matches!(claim(&ledger, "3", 2, "aa").await.0, Claim::Busy(..)));
    ledger
        .commit("b", &claimed.fence, &[settle(2, Change::Removed)], None)
        .await
        .unwrap();
    let gone = ledger.commit("b", &claimed.fence, &first, None).await;
    assert!(matches!(gone, Err(Error::Fenced)), "the batch is over: {gone:?}");
    assert_eq!(
        claim(&ledger, "3", 0, "aa").await.0,
        Claim::Stale,
        "a removed row remembers its version"
    );
    assert_eq!(claim(&ledger, "3", 3, "aa").await.0, Claim::Create);
}

#[tokio::test]
async fn updates_are_stored_as_they_are_sent() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    let (_, batch, _) = claim(&ledger, "1", 11, "bb").await;
    let taken = ledger.take_over(&batch, true).await.unwrap().unwrap();
    assert_eq!(&*taken.members[0].row, r#"{"_w":{"value":1},"_x":{"value":""}}"#);
    assert_eq!(
        (taken.members[0].kind, taken.members[0].row_id.as_str()),
        (Kind::Update, "r1")
    );
}

#[tokio::test]
async fn new_transaction_ids_are_what_a_successor_finds() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let (_, batch, _) = claim(&ledger, "1", 10, "aa").await;
    let taken = ledger.take_over(&batch, true).await.unwrap().unwrap();
    let before = taken.members[0].transaction.clone();
    let mut groups = [taken.members];
    ledger.regroup(&batch, &taken.fence, &mut groups).await.unwrap();
    let again = ledger.take_over(&batch, true).await.unwrap().unwrap();
    assert_ne!(again.members[0].transaction, before);
    assert_eq!(again.members, groups[0]);
    let fenced = ledger.regroup(&batch, &taken.fence, &mut groups).await;
    assert!(matches!(fenced, Err(Error::Fenced)));
}

#[tokio::test]
async fn removals_delete_mark_or_find_nothing() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    for operation in [Operation::Delete, Operation::Mark] {
        let company = format!("absent {operation:?}");
        let verdict = claim_as(&ledger, &company, 10, "", operation, 1).await.0;
        assert_eq!(verdict, Claim::Absent);
        assert_eq!(
            claim(&ledger, &company, 9, "aa").await.0,
            Claim::Stale,
            "an older state may not come back"
        );
    }
    create(&ledger, "1", 10, "aa", "r1").await;
    let (verdict, batch, fence) = claim_as(&ledger, "1", 11, "", Operation::Delete, 1).await;
    assert_eq!(verdict, Claim::Remove("r1".into()));
    ledger
        .commit(
            &batch,
            &fence,
            &[Settled {
                slot: 0,
                change: Change::Removed,
            }],
            None,
        )
        .await
        .unwrap();
    assert_eq!(
        claim(&ledger, "1", 12, "aa").await.0,
        Claim::Create,
        "a customer that comes back gets a new row"
    );

    create(&ledger, "2", 10, "aa", "r2").await;
    let (verdict, batch, fence) = claim_as(&ledger, "2", 11, "", Operation::Mark, 1).await;
    assert_eq!(verdict, Claim::Update("r2".into()));
    ledger.commit(&batch, &fence, &landed("r2"), None).await.unwrap();
    assert_eq!(
        claim_as(&ledger, "2", 11, "", Operation::Mark, 1).await.0,
        Claim::Unchanged
    );
    assert_eq!(
        claim(&ledger, "2", 12, "aa").await.0,
        Claim::Update("r2".into()),
        "same content, but marked"
    );
}

#[tokio::test]
async fn a_redis_that_was_restarted_answers_nothing_but_no_index() {
    let mut redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    redis.restart_empty().await;
    let version = version(11);
    let item = Item {
        company: "1",
        version: &version,
        hash: "aa",
        operation: Operation::Upsert,
        fetched_at: 1,
        set: "{}",
        clear: "",
    };
    // The connection that broke says so once.
    let answer = loop {
        match ledger.claim("b", &[item], false).await {
            Err(Error::Store(error)) if error.is_outage() => {}
            answer => break answer,
        }
    };
    assert!(matches!(answer, Err(Error::NoIndex)));
    make_ready(&ledger, "form").await;
    // The same data on a server that was restarted: it may have lost its last second.
    let run: String = field(&redis, "run").await;
    set_field(&redis, "run", "another").await;
    assert!(matches!(
        ledger.claim("b", &[item], false).await,
        Err(Error::NoIndex)
    ));
    assert!(matches!(
        ledger.commit("b", "1", &landed("r"), None).await,
        Err(Error::NoIndex)
    ));
    set_field(&redis, "run", &run).await;
    assert_eq!(
        ledger.claim("b", &[item], false).await.unwrap().claims,
        [Claim::Create]
    );
}

#[tokio::test]
async fn after_a_rebuild_an_old_record_is_fetched_again_instead_of_written() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let found = crate::jdy::lookup::FoundRow {
        id: "r1".into(),
        hash: "aa".into(),
        written_ms: 1_000_000,
    };
    crate::index::testing::rebuild_with(&ledger, "form", &[("1".to_owned(), found)]).await;
    let upsert = Operation::Upsert;
    assert_eq!(
        claim_as(&ledger, "1", 10, "bb", upsert, 1_000_000).await.0,
        Claim::Refetch
    );
    assert_eq!(
        claim_as(&ledger, "1", 10, "aa", upsert, 900_000).await.0,
        Claim::Unchanged
    );
    assert_eq!(
        claim_as(&ledger, "1", 11, "bb", upsert, 1_000_000).await.0,
        Claim::Refetch,
        "the doubt remains"
    );
    let (verdict, batch, fence) = claim_as(&ledger, "1", 12, "bb", upsert, 1_006_000).await;
    assert_eq!(verdict, Claim::Update("r1".into()));
    ledger.commit(&batch, &fence, &landed("r1"), None).await.unwrap();
    assert_eq!(
        claim_as(&ledger, "1", 13, "cc", upsert, 900_000).await.0,
        Claim::Update("r1".into())
    );
}

#[tokio::test]
async fn rows_on_the_list_are_judged_once_they_are_due() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    create(&ledger, "2", 10, "bb", "r2").await;
    ledger.verify_later(&["1", "2"], Duration::ZERO).await.unwrap();
    ledger
        .verify_later(&["3"], Duration::from_secs(600))
        .await
        .unwrap();
    let due = ledger
        .due_for_verification(10, Duration::from_secs(600))
        .await
        .unwrap();
    assert_eq!(due.companies, ["1", "2"]);
    assert!(
        ledger
            .due_for_verification(10, Duration::ZERO)
            .await
            .unwrap()
            .companies
            .is_empty(),
        "handed out"
    );
    let seen = |company: &str, id: &str, hash: &str| Seen {
        company: company.into(),
        row_id: id.into(),
        hash: hash.into(),
    };
    let judged = ledger
        .judge(
            &due,
            &[seen("1", "r1", "aa"), seen("2", "r2", "old")],
            Duration::ZERO,
            LEASE,
        )
        .await
        .unwrap();
    assert_eq!(judged, [Judged::Same, Judged::Differs]);
    assert_eq!(claim(&ledger, "1", 11, "aa").await.0, Claim::Unchanged);
    assert_eq!(
        claim(&ledger, "2", 11, "bb").await.0,
        Claim::Update("r2".into()),
        "content counts as unknown"
    );
}

/// Whoever judged may be killed before the customer was asked for: the next one must find it on the list.
#[tokio::test]
async fn what_differs_stays_on_the_list_until_it_was_asked_for() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let (now, hold) = (Duration::ZERO, Duration::from_secs(600));
    create(&ledger, "1", 10, "aa", "r1").await;
    let seen = [Seen {
        company: "1".into(),
        row_id: "r1".into(),
        hash: "old".into(),
    }];
    ledger.verify_later(&["1"], now).await.unwrap();
    let killed = ledger.due_for_verification(10, now).await.unwrap();
    let judged = ledger.judge(&killed, &seen, now, now).await.unwrap();
    assert_eq!(judged, [Judged::Differs]);

    let next = ledger.due_for_verification(10, hold).await.unwrap();
    assert_eq!(next.companies, ["1"], "nobody said that it was asked for");
    ledger.verified(&killed, &["1"]).await.unwrap();
    let judged = ledger.judge(&next, &seen, now, now).await.unwrap();
    assert_eq!(judged, [Judged::Differs], "the first one's word is too old");

    ledger.verified(&next, &["1"]).await.unwrap();
    ledger.verify_later(&["2"], now).await.unwrap();
    let left = ledger.due_for_verification(10, hold).await.unwrap();
    assert_eq!(left.companies, ["2"]);
}

/// Found by chaos: the form was read before the rows were there, and judged after they had been committed, so that
/// they were made a second time.
#[tokio::test]
async fn a_look_says_nothing_about_what_happened_after_it() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let (hold, now) = (Duration::from_secs(600), Duration::ZERO);
    let unseen = |company: &str| Seen {
        company: company.into(),
        row_id: String::new(),
        hash: String::new(),
    };
    let (_, batch, fence) = claim(&ledger, "1", 10, "aa").await;
    ledger.verify_later(&["1", "2", "3"], now).await.unwrap();
    let due = ledger.due_for_verification(10, hold).await.unwrap();
    // What is handed out cannot be claimed, but this was claimed before.
    ledger.commit(&batch, &fence, &landed("r1"), None).await.unwrap();
    ledger.verify_later(&["2"], now).await.unwrap();
    let seen = ["1", "2", "3"].map(unseen);
    // The commit may fall into the same millisecond as the look.
    let judged = ledger
        .judge(&due, &seen, Duration::from_millis(1), now)
        .await
        .unwrap();
    assert_eq!(judged, [Judged::Busy, Judged::Busy, Judged::Same]);
    assert_eq!(
        claim(&ledger, "1", 10, "aa").await.0,
        Claim::Unchanged,
        "not forgotten"
    );

    let due = ledger.due_for_verification(10, hold).await.unwrap();
    assert_eq!(due.companies, ["1", "2"], "looked at once more");
    let judged = ledger.judge(&due, &seen[..1], hold, now).await.unwrap();
    assert_eq!(judged, [Judged::Busy], "too young to be seen");
}

#[tokio::test]
async fn a_batch_of_this_process_may_send_only_while_its_renewals_succeed() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let registry = Registry::new(LEASE);
    let version = version(1);
    let item = Item {
        company: "1",
        version: &version,
        hash: "aa",
        operation: Operation::Upsert,
        fetched_at: 1,
        set: "{}",
        clear: "",
    };
    let mut held = registry.announce("b").unwrap();
    assert!(registry.announce("b").is_none());
    let claimed = ledger.claim("b", &[item], false).await.unwrap();
    held.granted(claimed.fence, claimed.time_ms);
    registry.renew(&ledger).await.unwrap();
    assert!(held.permits() && held.permitted().await);

    expire(&redis, &ledger, "b").await;
    let other = self::ledger(&redis, "two", LEASE);
    other.set_epoch(ledger.epoch());
    other.take_over("b", false).await.unwrap().unwrap();
    registry.renew(&ledger).await.unwrap();
    assert!(!held.permits() && held.is_lost() && !held.permitted().await);
    drop(held);
    assert!(!registry.is_live("b"));
}

/// Ends a lease now.
async fn expire(redis: &PrivateRedis, ledger: &Ledger, batch: &str) {
    let mut connection = redis.store().connection().await.unwrap();
    let key = ledger.batch_key(batch);
    redis::cmd("HSET")
        .arg(key)
        .arg("lease")
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

async fn field(redis: &PrivateRedis, name: &str) -> String {
    let mut connection = redis.store().connection().await.unwrap();
    redis::cmd("HGET")
        .arg("{test}:index")
        .arg(name)
        .query_async(&mut *connection)
        .await
        .unwrap()
}

async fn set_field(redis: &PrivateRedis, name: &str, value: &str) {
    let mut connection = redis.store().connection().await.unwrap();
    let command = redis::cmd("HSET")
        .arg("{test}:index")
        .arg(name)
        .arg(value)
        .to_owned();
    command.query_async::<()>(&mut *connection).await.unwrap();
}
