//! Pauses, daily quotas, slow limits and a Redis that forgets.

use std::time::{Duration, Instant};

use pipeline::names::Namespace;
use pipeline::quota::{Allowance, Bucket, Error, Lane, Quota};

use super::replicas::violations;
use crate::support;

/// Far below any wait that is asked for here.
const AT_ONCE: Duration = Duration::from_millis(500);
/// Far above any wait that is asked for here, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// The first call in a namespace waits for one window, since nobody knows what happened before.
async fn warm(namespace: &Namespace, bucket: &Bucket) -> Quota {
    let quota = support::quota(namespace);
    quota.acquire(&[bucket], Lane::Live).await.unwrap();
    quota
}

async fn wait(quota: &Quota, bucket: &Bucket) -> Duration {
    let asked = Instant::now();
    let acquired = tokio::time::timeout(LIMIT, quota.acquire(&[bucket], Lane::Live)).await;
    acquired.expect("a permit").unwrap();
    asked.elapsed()
}

/// A busy machine makes some waits long: one that is not shows that nothing else is waited for.
async fn goes_at_once(quota: &Quota, bucket: &Bucket) -> bool {
    for _ in 0..20 {
        if wait(quota, bucket).await < AT_ONCE {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn a_push_back_holds_everybody() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", 1000.0));
    let here = warm(&namespace, &bucket).await;
    let there = support::quota(&namespace);
    let pushed = Instant::now();
    here.push_back(&bucket, Duration::from_secs(2)).await.unwrap();
    here.push_back(&bucket, Duration::from_millis(10)).await.unwrap();
    wait(&there, &bucket).await;
    assert!(
        pushed.elapsed() >= Duration::from_secs(2),
        "{:?}",
        pushed.elapsed()
    );
    assert!(goes_at_once(&there, &bucket).await);
}

#[tokio::test]
async fn a_push_back_reaches_those_who_wait_already() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", 0.5));
    let quota = warm(&namespace, &bucket).await;
    let waiting = wait(&quota, &bucket);
    let pushed = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        quota.push_back(&bucket, Duration::from_secs(3)).await.unwrap();
    };
    let (waited, ()) = tokio::join!(waiting, pushed);
    assert!(waited >= Duration::from_secs(3), "{waited:?}");
}

#[tokio::test]
async fn the_daily_quota_ends_at_the_next_midnight_of_its_zone() {
    let namespace = support::namespace();
    let bucket = Bucket::per_second("b", 1000.0).with_daily(3);
    let quota = support::quota(&namespace);
    for _ in 0..3 {
        quota
            .acquire(&[&Bucket::per_second("other", 1000.0), &bucket], Lane::Live)
            .await
            .unwrap();
    }
    let error = quota
        .acquire(&[&Bucket::per_second("other", 1000.0), &bucket], Lane::Live)
        .await
        .unwrap_err();
    let Error::DailyUsedUp { bucket: name, until } = error else {
        panic!("{error}")
    };
    let (now, day) = (jiff::Timestamp::now().as_second(), 86_400);
    assert_eq!(name, "b");
    assert!(
        until.as_second() > now && until.as_second() <= now + day,
        "{until}"
    );
    assert_eq!((until.as_second() + 8 * 3600) % day, 0, "midnight in Beijing");
    let elsewhere = Bucket {
        day_offset_s: -5 * 3600,
        ..Bucket::per_second("c", 1000.0).with_daily(0)
    };
    let error = quota.acquire(&[&elsewhere], Lane::Live).await.unwrap_err();
    let Error::DailyUsedUp { until, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((until.as_second() - 5 * 3600) % day, 0, "midnight at -05:00");
}

#[tokio::test]
async fn a_long_pause_is_an_error_and_not_a_wait() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", 1000.0));
    let quota = warm(&namespace, &bucket).await;
    quota.push_back(&bucket, Duration::from_secs(7200)).await.unwrap();
    let error = quota.acquire(&[&bucket], Lane::Live).await.unwrap_err();
    let Error::Closed { until, .. } = error else {
        panic!("{error}")
    };
    let wait = until.as_second() - jiff::Timestamp::now().as_second();
    assert!((7000..=7201).contains(&wait), "{wait}");
}

#[tokio::test]
async fn one_call_goes_through_a_long_pause_and_may_end_it() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", 1000.0));
    let quota = warm(&namespace, &bucket).await;
    let key = support::account_keys(&namespace).bucket("b");
    let time_passes = async || {
        let store = support::store();
        let mut connection = store.connection().await.unwrap();
        let now = jiff::Timestamp::now().as_microsecond();
        redis::cmd("HSET")
            .arg(&[&key, "again", &now.to_string()])
            .query_async::<()>(&mut *connection)
            .await
            .unwrap();
    };
    let is_closed = async || {
        let refused = quota.grant(&[&bucket], Lane::Live).await;
        matches!(refused, Err(Error::Closed { .. }))
    };
    quota.push_back(&bucket, Duration::from_secs(7200)).await.unwrap();
    assert!(is_closed().await);
    time_passes().await;
    assert!(quota.grant(&[&bucket], Lane::Live).await.unwrap().is_probe());
    assert!(is_closed().await, "a second one");
    time_passes().await;
    let there = support::quota(&namespace);
    assert!(there.grant(&[&bucket], Lane::Live).await.unwrap().is_probe());
    there.reopen(&bucket).await.unwrap();
    assert!(!quota.grant(&[&bucket], Lane::Live).await.unwrap().is_probe());
    // The same for calls of which none is left.
    let (left, lasts) = (0, Duration::from_secs(7200));
    let counted = jiff::Timestamp::now().as_microsecond();
    let allowance = Allowance { left, lasts };
    quota.obey(&bucket, counted, allowance).await.unwrap();
    assert!(is_closed().await);
    time_passes().await;
    assert!(quota.grant(&[&bucket], Lane::Live).await.unwrap().is_probe());
    quota.reopen(&bucket).await.unwrap();
    assert!(goes_at_once(&quota, &bucket).await);
}

#[tokio::test]
async fn what_the_vendor_says_is_left_is_all_that_goes() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", 1000.0));
    let quota = warm(&namespace, &bucket).await;
    let early = Instant::now();
    let mut counted = Vec::new();
    for _ in 0..3 {
        let granted = quota.grant(&[&bucket], Lane::Live).await.unwrap();
        counted.push(granted.counted_at(early));
    }
    let say = async |counted: i64, left| {
        let lasts = Duration::from_secs(3600);
        let allowance = Allowance { left, lasts };
        quota.obey(&bucket, counted, allowance).await.unwrap();
    };
    // The answer to the second call does not count the third one; the first one's comes late and knows less.
    say(counted[1], 4).await;
    say(counted[0], 900).await;
    for _ in 0..3 {
        quota.acquire(&[&bucket], Lane::Live).await.unwrap();
    }
    let error = quota.acquire(&[&bucket], Lane::Live).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error}");
    // A later answer knows of more.
    say(jiff::Timestamp::now().as_microsecond(), 1).await;
    quota.acquire(&[&bucket], Lane::Live).await.unwrap();
    quota.acquire(&[&bucket], Lane::Live).await.unwrap_err();
}

#[tokio::test]
async fn slow_limits_have_long_windows() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", 0.8));
    let quota = warm(&namespace, &bucket).await;
    let mut counted = Vec::new();
    for _ in 0..3 {
        let granted = quota.grant(&[&bucket], Lane::Live).await.unwrap();
        let at = Instant::now();
        counted.push(granted.counted_at(at));
        quota.sent(&[&bucket], granted, at).await.unwrap();
    }
    let apart: Vec<_> = counted.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(apart.iter().all(|apart| *apart >= 1_250_000), "{apart:?}");
}

#[tokio::test]
async fn a_redis_that_forgot_the_last_second_lets_one_pass() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", 100.0));
    let quota = warm(&namespace, &bucket).await;
    assert!(goes_at_once(&quota, &bucket).await);
    let keys = support::account_keys(&namespace);
    let keys = [keys.server(), keys.bucket("b"), keys.calls("b")];
    let store = support::store();
    redis::cmd("DEL")
        .arg(&keys)
        .query_async::<()>(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
    assert!(wait(&quota, &bucket).await >= Duration::from_secs(1), "emptied");
    assert!(goes_at_once(&quota, &bucket).await);
    let restarted = ["HSET", &keys[0], "run", "another-server"];
    redis::cmd(restarted[0])
        .arg(&restarted[1..])
        .query_async::<()>(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
    assert!(wait(&quota, &bucket).await >= Duration::from_secs(1), "restarted");
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_stop_the_pipeline() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", 100.0));
    let quota = warm(&namespace, &bucket).await;
    let future = jiff::Timestamp::now().as_microsecond() + 3_600_000_000;
    let store = support::store();
    let mut connection = store.connection().await.unwrap();
    let calls = support::account_keys(&namespace).calls("b");
    redis::cmd("LPUSH")
        .arg(calls)
        .arg(future)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
    let state = ["tat", &future.to_string()].map(str::to_owned);
    redis::cmd("HSET")
        .arg(support::account_keys(&namespace).bucket("b"))
        .arg(&state)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
    let waited = wait(&quota, &bucket).await;
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    assert!(goes_at_once(&quota, &bucket).await);
}

/// Slots that a stuttering process cannot use in time must neither be used late nor be lost for long.
#[tokio::test]
async fn a_process_that_stutters_gives_its_slots_back() {
    let (namespace, bucket) = (support::namespace(), Bucket::per_second("b", 50.0));
    let quota = warm(&namespace, &bucket).await;
    let stutter = tokio::spawn(async {
        loop {
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..60))).await;
            let until = Instant::now() + Duration::from_millis(30);
            while Instant::now() < until {
                std::hint::spin_loop();
            }
        }
    });
    let mut calls = Vec::new();
    while calls.len() < 150 {
        let buckets = [&bucket];
        let granted = quota.grant(&buckets, Lane::Live);
        let granted = tokio::time::timeout(LIMIT, granted)
            .await
            .expect("a permit")
            .unwrap();
        let at = Instant::now();
        calls.push(granted.counted_at(at));
        quota.sent(&[&bucket], granted, at).await.unwrap();
    }
    stutter.abort();
    assert_eq!(violations(&calls, 50), 0);
}
