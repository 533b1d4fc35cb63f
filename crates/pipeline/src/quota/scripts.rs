//! What the quota says to Redis, and how the answers read.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;

use super::{
    bucket::{Bucket, Lane},
    day::Count,
    limits::{EARLY, LONGEST_WAIT, SLACK},
    moves::Move,
};
use crate::names::AccountKeys;
use crate::store::{Error, Script, Store};

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::of_run_if_known(include_str!("take.lua")));
static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("give_back.lua")));
static MOVED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("moved.lua")));
static PUSH_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("push_back.lua")));
static REOPEN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("reopen.lua")));
static OBEY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("obey.lua")));

/// How long a slot is kept for a higher lane or another namespace that wanted it.
const GRACE: Duration = Duration::from_millis(25);

/// Whose buckets they are: the keys of the account, and the namespace that asks.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) keys: AccountKeys,
    pub(super) member: String,
}

/// What the take script says.
pub(super) enum Answer {
    /// Calls may go, each after its wait, which is at most [`EARLY`]; the day's count of each bucket.
    Granted {
        slots: Vec<Slot>,
        counts: Vec<Count>,
        /// It is the one call that is let through a long pause.
        probe: bool,
    },
    /// The next slot is this far away.
    AskAgain { wait: Duration },
    /// The bucket of this index gives nothing before `until`.
    Refused {
        bucket: usize,
        until: Timestamp,
        why: Refusal,
    },
}

/// Why a bucket gives nothing for long.
pub(super) enum Refusal {
    Day,
    ShareOfDay,
    Pause,
}

/// A permit for one call.
pub(super) struct Slot {
    /// Send after this.
    pub(super) wait: Duration,
    /// The moment on Redis' clock.
    pub(super) at: i64,
}

impl Shared {
    /// Asks for permits from all buckets at once, or from none, for up to `wanted` calls; `known` is what this process
    /// knows of the day's count of each bucket.
    pub(super) async fn take(
        &self,
        buckets: &[&Bucket],
        lane: Lane,
        wanted: usize,
        known: &[Count],
    ) -> Result<Answer, Error> {
        let mut keys = vec![self.keys.server()];
        let wanted = i64::try_from(wanted.max(1)).unwrap_or(1);
        let head = [
            i64::from(lane.rank()),
            micros(EARLY),
            micros(GRACE),
            wanted,
            micros(LONGEST_WAIT),
        ];
        let mut args: Vec<String> = head.iter().map(i64::to_string).collect();
        args.push(self.member.clone());
        for (bucket, known) in buckets.iter().zip(known) {
            keys.extend([self.keys.bucket(&bucket.name), self.keys.calls(&bucket.name)]);
            let limit =
                |calls: Option<u64>| calls.map_or(-1, |calls| i64::try_from(calls).unwrap_or(i64::MAX));
            let numbers = [
                i64::from(bucket.calls()),
                micros(bucket.window().mul_f64(1.0 + SLACK)),
                micros(bucket.pace()),
                i64::from(bucket.burst.max(1)),
                limit(bucket.daily),
                limit(bucket.daily_lower),
                i64::from(bucket.day_offset_s),
                known.era,
                known.day,
                known.used,
            ];
            args.extend(numbers.iter().map(i64::to_string));
        }
        let answer: Vec<i64> = self.store.invoke(&TAKE, &keys, &args).await?;
        Ok(read(&answer, buckets.len()))
    }

    /// Returns a slot that was not used.
    pub(super) async fn give_back(&self, buckets: &[&Bucket], slot: i64) -> Result<(), Error> {
        let of = |bucket: &&Bucket| [micros(bucket.pace()), i64::from(bucket.day_offset_s)];
        let args: Vec<i64> = std::iter::once(slot).chain(buckets.iter().flat_map(of)).collect();
        self.store.invoke(&GIVE_BACK, &self.both(buckets), &args).await
    }

    /// Counts calls at other moments than the ones under which they are known.
    pub(super) async fn moved(&self, buckets: &[&Bucket], moves: &[Move]) -> Result<(), Error> {
        let offsets = buckets.iter().map(|bucket| i64::from(bucket.day_offset_s));
        let times = moves.iter().flat_map(|(known, counted)| [*known, *counted]);
        let args: Vec<i64> = offsets.chain(times).collect();
        self.store.invoke(&MOVED, &self.both(buckets), &args).await
    }

    /// Closes a bucket for all replicas for a while; never shortens an earlier pause.
    pub(super) async fn push_back(&self, bucket: &Bucket, pause: Duration) -> Result<(), Error> {
        let keys = [self.keys.bucket(&bucket.name)];
        self.store.invoke(&PUSH_BACK, &keys, &[micros(pause)]).await
    }

    /// Ends a bucket's pause, whoever asked for it.
    pub(super) async fn reopen(&self, bucket: &Bucket) -> Result<(), Error> {
        let keys = [self.keys.bucket(&bucket.name)];
        self.store.invoke::<()>(&REOPEN, &keys, &[] as &[i64]).await
    }

    /// Leaves only so many calls for a while, as the vendor has answered to the call that was counted at `counted`.
    pub(super) async fn obey(
        &self,
        bucket: &Bucket,
        counted: i64,
        left: u64,
        lasts: Duration,
    ) -> Result<(), Error> {
        let left = i64::try_from(left).unwrap_or(i64::MAX);
        let args = [counted, left, micros(lasts)];
        self.store
            .invoke::<i64>(&OBEY, &self.both(&[bucket]), &args)
            .await
            .map(drop)
    }

    /// State and log of each bucket.
    fn both(&self, buckets: &[&Bucket]) -> Vec<String> {
        let keys = |bucket: &&Bucket| [self.keys.bucket(&bucket.name), self.keys.calls(&bucket.name)];
        buckets.iter().flat_map(keys).collect()
    }
}

fn read(answer: &[i64], buckets: usize) -> Answer {
    let number = |at: usize| answer.get(at).copied().unwrap_or_default();
    let wait = |number: i64| Duration::from_micros(u64::try_from(number).unwrap_or(0));
    match number(0) {
        head @ (1 | 2) => {
            let (counts, slots) = answer[1..].split_at_checked(3 * buckets).unwrap_or_default();
            Answer::Granted {
                probe: head == 2,
                slots: slots
                    .chunks_exact(2)
                    .map(|slot| Slot {
                        wait: wait(slot[0]),
                        at: slot[1],
                    })
                    .collect(),
                counts: counts
                    .chunks_exact(3)
                    .map(|count| Count {
                        era: count[0],
                        day: count[1],
                        used: count[2],
                    })
                    .collect(),
            }
        }
        0 => Answer::AskAgain {
            wait: wait(number(1)),
        },
        _ => Answer::Refused {
            until: Timestamp::from_second(number(1)).unwrap_or(Timestamp::MAX),
            bucket: usize::try_from(number(2)).unwrap_or(usize::MAX),
            why: match number(3) {
                0 => Refusal::Day,
                1 => Refusal::ShareOfDay,
                _ => Refusal::Pause,
            },
        },
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
