//! What leases, fences and epochs protect from: a restarted Redis, a rebuilt index, a lease that ended.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::ledger::schema::index;

#[tokio::test]
async fn a_redis_that_was_restarted_answers_nothing_but_no_index() {
    let mut redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    redis.restart_empty().await;
    let version = version(11);
    let item = plain(&version);
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
    let run: String = field(&redis, index::RUN).await;
    set_field(&redis, index::RUN, "another").await;
    assert!(matches!(
        ledger.claim("b", &[item], false).await,
        Err(Error::NoIndex)
    ));
    assert!(matches!(
        ledger.commit("b", "1", &landed("r"), Verify::No).await,
        Err(Error::NoIndex)
    ));
    set_field(&redis, index::RUN, &run).await;
    assert_eq!(
        ledger.claim_seen("b", &[item], false, None).await.unwrap().claims,
        [Claim::Create]
    );
}

/// The run is the same, and what another master wrote in between may have replaced what was known.
#[tokio::test]
async fn a_master_that_was_a_replica_in_between_answers_nothing_but_no_index() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    let run: String = field(&redis, index::RUN).await;
    let mut connection = redis.store().connection().await.unwrap();
    for master in [["127.0.0.1", "1"], ["NO", "ONE"]] {
        let mut command = redis::cmd("REPLICAOF");
        command.arg(&master).exec_async(&mut *connection).await.unwrap();
    }
    let version = version(11);
    let answer = ledger.claim_seen("b", &[plain(&version)], false, None).await;
    assert!(matches!(answer, Err(Error::NoIndex)));
    make_ready(&ledger, "form").await;
    assert_eq!(field(&redis, index::RUN).await, run);
}

#[tokio::test]
async fn a_batch_of_this_process_may_send_only_while_its_renewals_succeed() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let registry = Registry::new(LEASE);
    let version = version(1);
    let item = plain(&version);
    let mut live = registry.announce("b").unwrap();
    assert!(registry.announce("b").is_none());
    let claimed = ledger.claim_seen("b", &[item], false, None).await.unwrap();
    live.granted(claimed.fence, claimed.time_ms);
    registry.renew(&ledger).await.unwrap();
    assert!(live.may_send() && live.wait_to_send().await);

    expire(&redis, &ledger, "b").await;
    let other = self::ledger(&redis, "two", LEASE);
    other.set_epoch(ledger.epoch());
    other.take_over("b", false).await.unwrap().unwrap();
    registry.renew(&ledger).await.unwrap();
    assert!(!live.may_send() && live.is_lost() && !live.wait_to_send().await);
    drop(live);
    assert!(!registry.is_live("b"));
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

/// A machine that sleeps stops the clocks that most programs measure by, but neither Redis nor the vendor.
#[tokio::test]
async fn a_loader_whose_machine_slept_knows_that_its_lease_and_its_transaction_id_are_old() {
    static CLOCK: AtomicU64 = AtomicU64::new(1_000);
    let clock = || Duration::from_secs(CLOCK.load(Ordering::Relaxed));
    let registry = Registry::by(clock, LEASE);
    let mut live = registry.announce("batch").unwrap();
    live.granted("1".to_owned(), 5_000);
    assert!(live.may_send());
    assert_eq!(live.now_ms(), 5_000);
    CLOCK.fetch_add(7_200, Ordering::Relaxed);
    assert!(!live.may_send(), "its lease is over");
    assert_eq!(live.now_ms(), 7_205_000, "two hours later");
}
