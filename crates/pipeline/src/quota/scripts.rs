//! What the quota says to Redis, and how the answers read.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    bucket::{Bucket, Lane},
    limits::{EARLY, SLACK},
};
use crate::names::Namespace;
use crate::store::{Error, Script, Store};

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("take.lua")));
static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("give_back.lua")));
static MOVED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("moved.lua")));
static CLOSED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("closed.lua")));
static PUSH_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("push_back.lua")));

/// How long a slot is kept for a higher lane that wanted it.
const GRACE: Duration = Duration::from_millis(25);

/// What the take script says.
pub(super) enum Answer {
    /// Calls may go, each after its wait, which is at most [`EARLY`].
    Granted(Vec<Slot>),
    /// The next slot is this far away.
    AskAgain { wait: Duration },
    /// Index of the bucket that has no calls left today.
    DailyUsedUp { bucket: usize, until: Timestamp },
}

/// A permit for one call.
pub(super) struct Slot {
    /// Send after this.
    pub(super) wait: Duration,
    /// The moment on Redis' clock.
    pub(super) at: i64,
}

/// Asks for permits from all buckets at once, or from none, for up to `wanted` calls.
pub(super) async fn take(
    store: &Store,
    namespace: &Namespace,
    buckets: &[&Bucket],
    lane: Lane,
    wanted: usize,
) -> Result<Answer, Error> {
    let mut keys = vec![namespace.quota_key()];
    let wanted = i64::try_from(wanted.max(1)).unwrap_or(1);
    let mut args = vec![i64::from(lane.rank()), micros(EARLY), micros(GRACE), wanted];
    for bucket in buckets {
        keys.extend([state_key(namespace, bucket), log_key(namespace, bucket)]);
        args.extend([
            i64::from(bucket.calls()),
            micros(bucket.window().mul_f64(1.0 + SLACK)),
            micros(bucket.pace()),
            i64::from(bucket.burst.max(1)),
            bucket
                .daily
                .map_or(-1, |daily| i64::try_from(daily).unwrap_or(i64::MAX)),
            i64::from(bucket.day_offset_s),
        ]);
    }
    let answer: Vec<i64> = store.invoke(&TAKE, &keys, &args).await?;
    let number = |at: usize| answer.get(at).copied().unwrap_or_default();
    let wait = |number: i64| Duration::from_micros(u64::try_from(number).unwrap_or(0));
    Ok(match number(0) {
        1 => Answer::Granted(
            answer[1..]
                .chunks_exact(2)
                .map(|slot| Slot {
                    wait: wait(slot[0]),
                    at: slot[1],
                })
                .collect(),
        ),
        0 => Answer::AskAgain {
            wait: wait(number(1)),
        },
        _ => Answer::DailyUsedUp {
            bucket: usize::try_from(number(2)).unwrap_or(usize::MAX),
            until: Timestamp::from_second(number(1)).unwrap_or(Timestamp::MAX),
        },
    })
}

/// Returns a slot that was not used.
pub(super) async fn give_back(
    store: &Store,
    namespace: &Namespace,
    buckets: &[&Bucket],
    slot: i64,
) -> Result<(), Error> {
    let keys = keys(namespace, buckets);
    let args: Vec<_> = std::iter::once(slot)
        .chain(buckets.iter().map(|b| micros(b.pace())))
        .collect();
    store.invoke(&GIVE_BACK, &keys, &args).await
}

/// Counts a call at another moment than its slot.
pub(super) async fn moved(
    store: &Store,
    namespace: &Namespace,
    buckets: &[&Bucket],
    slot: i64,
    counted: i64,
) -> Result<(), Error> {
    let args = [slot, counted];
    store.invoke(&MOVED, &keys(namespace, buckets), &args).await
}

/// Closes a bucket for all replicas for a while; never shortens an earlier pause.
pub(super) async fn push_back(
    store: &Store,
    namespace: &Namespace,
    bucket: &Bucket,
    pause: Duration,
) -> Result<(), Error> {
    store
        .invoke(&PUSH_BACK, &[state_key(namespace, bucket)], &[micros(pause)])
        .await
}

/// How long a bucket stays closed.
pub(super) async fn closed_for(
    store: &Store,
    namespace: &Namespace,
    bucket: &Bucket,
) -> Result<Duration, Error> {
    let left: u64 = store
        .invoke(&CLOSED, &[state_key(namespace, bucket)], &[] as &[i64])
        .await?;
    Ok(Duration::from_micros(left))
}

fn keys(namespace: &Namespace, buckets: &[&Bucket]) -> Vec<String> {
    let keys = |bucket: &&Bucket| [state_key(namespace, bucket), log_key(namespace, bucket)];
    buckets.iter().flat_map(keys).collect()
}

fn state_key(namespace: &Namespace, bucket: &Bucket) -> String {
    namespace.bucket_key(&bucket.name)
}

fn log_key(namespace: &Namespace, bucket: &Bucket) -> String {
    namespace.calls_key(&bucket.name)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
