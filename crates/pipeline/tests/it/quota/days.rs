//! The day's calls: what backfills leave of them, what an emptied Redis does not lose, and what a new day does not inherit.

use pipeline::names::Namespace;
use pipeline::quota::{Bucket, Error, Lane, Quota};

use crate::support;

const DAY_S: i64 = 86_400;
const BEIJING_S: i64 = 8 * 3600;

async fn tell<T: redis::FromRedisValue>(command: &str, args: &[&str]) -> T {
    let store = support::store();
    redis::cmd(command)
        .arg(args)
        .query_async(&mut *store.connection().await.unwrap())
        .await
        .unwrap()
}

async fn used(namespace: &Namespace) -> i64 {
    tell("HGET", &[&support::account_keys(namespace).bucket("b"), "used"]).await
}

async fn calls(quota: &Quota, bucket: &Bucket, count: usize) {
    for _ in 0..count {
        quota.acquire(&[bucket], Lane::Live).await.unwrap();
    }
}

async fn is_used_up(quota: &Quota, bucket: &Bucket) {
    let error = quota.acquire(&[bucket], Lane::Live).await.unwrap_err();
    assert!(matches!(error, Error::DailyUsedUp { .. }), "{error}");
}

/// Unless midnight comes in the middle of it; then the test begins again on the new day.
fn today() -> i64 {
    (jiff::Timestamp::now().as_second() + BEIJING_S) / DAY_S
}

#[tokio::test]
async fn backfills_and_replays_leave_a_share_of_the_day_to_live_work() {
    let namespace = support::namespace();
    let bucket = Bucket::per_second("b", 1000.0)
        .with_daily(10)
        .with_lower_lanes_up_to(50);
    let quota = support::quota(&namespace);
    calls(&quota, &bucket, 2).await;
    for _ in 0..3 {
        quota.acquire(&[&bucket], Lane::Backfill).await.unwrap();
    }
    for lane in [Lane::Backfill, Lane::Replay] {
        let error = quota.acquire(&[&bucket], lane).await.unwrap_err();
        assert!(matches!(error, Error::ShareUsedUp { .. }), "{error}");
        let until = error.live_goes_on_until().unwrap().as_second();
        assert_eq!((until + BEIJING_S) % DAY_S, 0, "midnight in Beijing");
    }
    calls(&quota, &bucket, 5).await;
    is_used_up(&quota, &bucket).await;
}

#[tokio::test]
async fn the_days_count_goes_on_from_what_processes_know_when_redis_is_emptied() {
    let namespace = support::namespace();
    let bucket = Bucket::per_second("b", 1000.0).with_daily(9);
    let (first, second) = (support::quota(&namespace), support::quota(&namespace));
    calls(&first, &bucket, 3).await;
    calls(&second, &bucket, 2).await;
    let keys = support::account_keys(&namespace);
    let keys = [keys.server(), keys.bucket("b"), keys.calls("b")];
    let () = tell("DEL", &keys.each_ref().map(String::as_str)).await;
    // It knows of three; its two calls after the loss come on top of the five that the other one knows.
    calls(&first, &bucket, 2).await;
    assert_eq!(used(&namespace).await, 5);
    calls(&second, &bucket, 1).await;
    assert_eq!(used(&namespace).await, 8);
    calls(&first, &bucket, 1).await;
    is_used_up(&first, &bucket).await;

    // A server that comes back with an older state, such as a snapshot.
    let () = tell("HSET", &[&keys[1], "used", "2", "made", "2"]).await;
    let () = tell("HSET", &[&keys[0], "run", "another-server"]).await;
    is_used_up(&first, &bucket).await;
}

#[tokio::test]
async fn a_new_day_begins_with_nothing() {
    let namespace = support::namespace();
    let bucket = Bucket::per_second("b", 1000.0).with_daily(2);
    let quota = support::quota(&namespace);
    calls(&quota, &bucket, 2).await;
    is_used_up(&quota, &bucket).await;
    let yesterday = (today() - 1).to_string();
    let () = tell(
        "HSET",
        &[&support::account_keys(&namespace).bucket("b"), "day", &yesterday],
    )
    .await;
    calls(&quota, &bucket, 2).await;
    is_used_up(&quota, &bucket).await;
}

/// Runs a script of the quota as it is shipped.
async fn run_script(text: &str, namespace: &Namespace, args: &[&str]) {
    let keys = support::account_keys(namespace);
    let store = support::store();
    let script = redis::Script::new(text);
    let mut invocation = script.key(keys.bucket("b"));
    invocation.key(keys.calls("b"));
    for arg in args {
        invocation.arg(*arg);
    }
    let () = invocation
        .invoke_async(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
}

/// Five calls today, and one in the log at this time.
async fn with_call_at(namespace: &Namespace, at: &str) {
    let keys = support::account_keys(namespace);
    let day = today().to_string();
    let () = tell(
        "HSET",
        &[
            &keys.bucket("b"),
            "day",
            &day,
            "used",
            "5",
            "made",
            "5",
            "tat",
            "0",
        ],
    )
    .await;
    let () = tell("LPUSH", &[&keys.calls("b"), at]).await;
}

#[tokio::test]
async fn a_call_of_yesterday_that_comes_back_is_not_taken_from_today() {
    let give_back = include_str!("../../../src/quota/give_back.lua");
    let offset = BEIJING_S.to_string();
    let now = jiff::Timestamp::now().as_microsecond();
    for (at, expected) in [(now - DAY_S * 1_000_000, 5), (now, 4)] {
        let (namespace, at) = (support::namespace(), at.to_string());
        with_call_at(&namespace, &at).await;
        run_script(give_back, &namespace, &[&at, "1000", &offset]).await;
        assert_eq!(used(&namespace).await, expected);
    }
}

#[tokio::test]
async fn a_call_that_leaves_after_midnight_counts_for_the_new_day() {
    let moved = include_str!("../../../src/quota/moved.lua");
    let offset = BEIJING_S.to_string();
    let now = jiff::Timestamp::now().as_microsecond();
    for (granted, expected) in [(now - DAY_S * 1_000_000, 6), (now, 5)] {
        let (namespace, granted) = (support::namespace(), granted.to_string());
        with_call_at(&namespace, &granted).await;
        run_script(moved, &namespace, &[&offset, &granted, &(now + 1).to_string()]).await;
        assert_eq!(used(&namespace).await, expected);
        let log: Vec<i64> = tell(
            "LRANGE",
            &[&support::account_keys(&namespace).calls("b"), "0", "-1"],
        )
        .await;
        assert_eq!(log, [now + 1]);
    }
}
