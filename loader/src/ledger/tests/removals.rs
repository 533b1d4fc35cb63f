//! The guard of removals: how many go, for which reason the others wait, and what ends that.

use super::*;

const LIMITS: RemovalLimits = RemovalLimits {
    share: 50,
    probation: Duration::ZERO,
};
/// A run of its own for each removal.
const LIVE: &str = "";

/// Rows of so many customers, "1" and on.
async fn rows(ledger: &Ledger, count: usize) {
    for n in 1..=count {
        let company = n.to_string();
        create(ledger, &company, 1, "aa", &format!("r{company}")).await;
    }
}

/// One claim of one removal, which is committed when it goes; rows are counted when that is asked for.
async fn remove(ledger: &Ledger, company: &str, number: i64, run: &str, limits: RemovalLimits) -> Claim {
    let version = version(number);
    loop {
        let batch = uuid::Uuid::new_v4().to_string();
        let item = Item {
            operation: Operation::Delete,
            company,
            hash: "",
            sequence: NEW,
            ..plain(&version)
        };
        let cause = Cause {
            filtered: true,
            allowed: run == "weighed",
            backfill: run != LIVE,
            run,
        };
        let guard = Some((limits, [cause]));
        let guard = guard
            .as_ref()
            .map(|(limits, causes)| (*limits, causes.as_slice()));
        let mut claimed = ledger.claim_seen(&batch, &[item], true, guard).await.unwrap();
        match claimed.claims.remove(0) {
            Claim::Uncounted => drop(ledger.count_rows().await.unwrap()),
            Claim::Remove(id) => {
                let removed = [Committed {
                    slot: 0,
                    change: Change::Removed,
                }];
                ledger
                    .commit(&batch, &claimed.fence, &removed, Verify::No)
                    .await
                    .unwrap();
                return Claim::Remove(id);
            }
            other => return other,
        }
    }
}

/// How many of these go, and how many wait.
async fn many(
    ledger: &Ledger,
    companies: std::ops::RangeInclusive<usize>,
    number: i64,
    run: &str,
) -> (usize, usize) {
    let (mut gone, mut parked) = (0, 0);
    for n in companies {
        match remove(ledger, &n.to_string(), number, run, LIMITS).await {
            Claim::Remove(_) => gone += 1,
            Claim::Parked => parked += 1,
            other => panic!("{n}: {other:?}"),
        }
    }
    (gone, parked)
}

async fn forget_the_week(redis: &PrivateRedis, ledger: &Ledger) {
    let key = format!("{}removals", ledger.names().prefix());
    let mut connection = redis.store().connection().await.unwrap();
    let mut keys = redis::cmd("HKEYS");
    let fields: Vec<String> = keys.arg(&key).query_async(&mut *connection).await.unwrap();
    let days: Vec<String> = fields
        .into_iter()
        .filter(|field| field.starts_with('d') && field[1..].parse::<u64>().is_ok())
        .collect();
    assert!(!days.is_empty());
    let mut forget = redis::cmd("HDEL");
    forget.arg(&key).arg(days);
    forget.query_async::<()>(&mut *connection).await.unwrap();
}

#[tokio::test]
async fn half_of_the_rows_go_and_each_is_counted_once() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    rows(&ledger, 40).await;
    assert_eq!(many(&ledger, 1..=40, 2, LIVE).await, (20, 20));
    let state = ledger.removal_state().await.unwrap();
    assert_eq!((state.parked, state.left_filter, state.removed), (20, 20, 20));
    assert!(state.waiting_since_ms > 0);
    // Again, and in a newer version: nobody is counted twice, nothing goes.
    assert_eq!(many(&ledger, 21..=40, 2, LIVE).await, (0, 20));
    assert_eq!(many(&ledger, 21..=40, 3, LIVE).await, (0, 20));
    assert_eq!(remove(&ledger, "1", 2, LIVE, LIMITS).await, Claim::Landed);
    let again = ledger.removal_state().await.unwrap();
    assert_eq!((again.parked, again.removed), (20, 20));
    // Newer states make what is parked old, one after the other; then removals go as before.
    for n in 21..=40 {
        let answer = claim_guarded(&ledger, &n.to_string(), 4).await;
        assert_eq!(answer, Claim::Unchanged, "{n}");
        assert_eq!(
            remove(&ledger, &n.to_string(), 3, LIVE, LIMITS).await,
            Claim::Stale
        );
    }
    let state = ledger.removal_state().await.unwrap();
    assert_eq!(
        (state.parked, state.left_filter, state.waiting_since_ms),
        (0, 0, 0)
    );
    // Those that were gone come back, and are counted before the next one is judged.
    for n in 1..=20 {
        create(&ledger, &n.to_string(), 5, "aa", &format!("s{n}")).await;
    }
    assert_eq!(many(&ledger, 1..=3, 6, LIVE).await, (3, 0));
}

/// A newer state of a customer, in a loader that deletes.
async fn claim_guarded(ledger: &Ledger, company: &str, number: i64) -> Claim {
    let version = version(number);
    let item = Item {
        company,
        sequence: NEW,
        ..plain(&version)
    };
    let cause = Cause {
        filtered: false,
        allowed: false,
        backfill: false,
        run: "",
    };
    let claimed = ledger
        .claim_seen("state", &[item], true, Some((LIMITS, &[cause])))
        .await;
    claimed.unwrap().claims.remove(0)
}

#[tokio::test]
async fn ten_go_whatever_their_share_and_a_form_that_is_not_read_lets_no_more_go() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    rows(&ledger, 12).await;
    assert_eq!(many(&ledger, 1..=12, 2, LIVE).await, (10, 2));

    let redis = PrivateRedis::start().await;
    let other = super::ledger(&redis, "two", LEASE);
    crate::index::testing::open(&other, "form", Duration::ZERO).await;
    for n in 1..=30 {
        let company = n.to_string();
        crate::index::testing::look_up(&other, &company, None)
            .await
            .unwrap();
        create(&other, &company, 1, "aa", &format!("r{n}")).await;
    }
    for n in 1..=11 {
        let answer = remove(&other, &n.to_string(), 2, LIVE, LIMITS).await;
        assert_eq!(answer == Claim::Unread, n > 10, "{n}: {answer:?}");
    }
    crate::ledger::index::complete(&other).await.unwrap();
    assert_eq!(many(&other, 11..=30, 2, LIVE).await, (5, 15));
}

#[tokio::test]
async fn a_backfill_cannot_outlive_the_week() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    rows(&ledger, 60).await;
    assert_eq!(many(&ledger, 1..=20, 2, "full").await, (20, 0));
    forget_the_week(&redis, &ledger).await;
    assert_eq!(many(&ledger, 21..=40, 2, "full").await, (10, 10));
}

#[tokio::test]
async fn a_person_decides_about_what_waits_and_about_nothing_else() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    rows(&ledger, 40).await;
    assert_eq!(many(&ledger, 1..=24, 2, LIVE).await, (20, 4));
    let kept = ledger.decide_removals(Decision::Keep, Duration::ZERO, "{}").await;
    assert_eq!(kept.unwrap(), 4);
    // What comes after the decision is another matter.
    assert_eq!(many(&ledger, 25..=26, 2, LIVE).await, (0, 2));
    for n in 21..=24 {
        assert_eq!(
            remove(&ledger, &n.to_string(), 2, LIVE, LIMITS).await,
            Claim::Kept
        );
    }
    let allowed = ledger
        .decide_removals(Decision::Allow, Duration::ZERO, "{}")
        .await;
    assert_eq!(allowed.unwrap(), 2);
    // Everything is counted anew: ten and the two that were allowed.
    assert_eq!(many(&ledger, 25..=40, 2, LIVE).await, (12, 4));
    assert_eq!(ledger.removal_log().await.unwrap().len(), 2);
    let hour = Duration::from_secs(3600);
    ledger.decide_removals(Decision::Allow, hour, "{}").await.unwrap();
    assert_eq!(many(&ledger, 21..=24, 3, LIVE).await, (4, 0));
    assert_eq!(many(&ledger, 37..=40, 2, LIVE).await, (4, 0));
    // What a command has weighed is not counted.
    rows_again(&ledger, 41..=70).await;
    for n in 41..=70 {
        let answer = remove(&ledger, &n.to_string(), 2, "weighed", LIMITS).await;
        assert!(matches!(answer, Claim::Remove(_)), "{n}: {answer:?}");
    }
}

#[tokio::test]
async fn a_later_word_ends_what_was_allowed_for_a_time() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    rows(&ledger, 40).await;
    let hour = Duration::from_secs(3600);
    ledger.decide_removals(Decision::Allow, hour, "{}").await.unwrap();
    assert_eq!(many(&ledger, 1..=4, 2, LIVE).await, (4, 0));
    let keep = ledger.decide_removals(Decision::Keep, Duration::ZERO, "{}").await;
    assert_eq!(keep.unwrap(), 0);
    assert_eq!(ledger.removal_state().await.unwrap().free_until_ms, 0);
    let (gone, waiting) = many(&ledger, 5..=40, 2, LIVE).await;
    assert!(gone < 25 && waiting > 10, "{gone} went, {waiting} wait");
}

async fn rows_again(ledger: &Ledger, companies: std::ops::RangeInclusive<usize>) {
    for n in companies {
        create(ledger, &n.to_string(), 1, "aa", &format!("r{n}")).await;
    }
}

#[tokio::test]
async fn when_counting_begins_all_wait_and_are_judged_together() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    rows(&ledger, 8).await;
    let first = RemovalLimits {
        probation: Duration::from_secs(3600),
        ..LIMITS
    };
    for n in 1..=5 {
        assert_eq!(
            remove(&ledger, &n.to_string(), 2, LIVE, first).await,
            Claim::Parked
        );
    }
    let state = ledger.removal_state().await.unwrap();
    assert_eq!((state.parked, state.waiting_since_ms), (5, 0));
    assert!(state.is_young(first.probation) && !state.is_young(Duration::ZERO));
    // Five of eight, although ten might go at another time. The limit is asked as if that time were over.
    let over = RemovalLimits {
        probation: Duration::from_millis(u64::try_from(state.time_ms - state.began_ms).unwrap() + 1),
        ..LIMITS
    };
    while ledger.removal_state().await.unwrap().waiting_since_ms == 0 {
        assert_eq!(remove(&ledger, "1", 2, LIVE, over).await, Claim::Parked);
    }
}
