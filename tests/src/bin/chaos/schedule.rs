//! What happens when, drawn from a seed and from nothing else: the same seed and the same size give the same schedule.
//!
//! A schedule is a list of rounds. Injections of one round overlap freely; between two rounds the run waits until every
//! replica is ready again, so that a slow machine plays the same schedule as a fast one.

use std::time::Duration;

use kit::pipeline::Service;
use kit::simulator::Vendor;
use kit::simulator::dice::Dice;

/// Attacks on processes in one round.
const KILLS_PER_ROUND: usize = 5;
/// Other faults in one round.
const OTHERS_PER_ROUND: usize = 3;
/// Within so long a round's injections begin.
const ROUND: Duration = Duration::from_secs(8);
/// Replicas of each service.
pub(crate) const REPLICAS: usize = 2;

/// A process that can be attacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// One of the replicas of a service.
    Replica(Service, usize),
    /// RabbitMQ.
    Broker,
    /// Redis.
    Redis,
}

/// A connection that all replicas share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// To RabbitMQ.
    Broker,
    /// To Redis.
    Redis,
    /// To both vendors.
    Vendors,
}

/// A fault to inject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Injection {
    /// `kill -9`; started again after a while.
    Kill(Target, Duration),
    /// SIGTERM; started again when it has ended.
    Terminate(Service, usize),
    /// SIGSTOP, and SIGCONT after a while.
    Freeze(Target, Duration),
    /// Redis is killed and comes back with nothing in it.
    EmptyRedis,
    /// Connections are closed and refused.
    Cut(Link, Duration),
    /// Connections stay open and carry nothing for a while.
    Stall(Link, Duration),
    /// Connections that are open now never carry anything again; new ones work.
    HalfOpen(Link),
    /// A vendor is down.
    Outage(Vendor, Duration),
    /// A vendor answers late.
    Slow(Vendor, Duration),
    /// Jiandaoyun allows a third of its calls for a while.
    QuotaDrop(Duration),
    /// Every OKKI token becomes invalid.
    RevokeTokens,
    /// Jiandaoyun refuses these many more customers until the end.
    Poison(usize),
    /// Loaders die whenever they meet a certain customer, for so long.
    CrashOnOne(Duration),
}

impl Injection {
    /// Its name in the report.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Kill(Target::Replica(..), _) => "kill_replica",
            Self::Kill(Target::Broker, _) => "kill_broker",
            Self::Kill(Target::Redis, _) => "kill_redis",
            Self::Terminate(..) => "terminate_replica",
            Self::Freeze(Target::Replica(..), _) => "freeze_replica",
            Self::Freeze(Target::Broker, _) => "freeze_broker",
            Self::Freeze(Target::Redis, _) => "freeze_redis",
            Self::EmptyRedis => "empty_redis",
            Self::Cut(..) => "cut",
            Self::Stall(..) => "stall",
            Self::HalfOpen(..) => "half_open",
            Self::Outage(..) => "outage",
            Self::Slow(..) => "slow",
            Self::QuotaDrop(..) => "quota_drop",
            Self::RevokeTokens => "revoke_tokens",
            Self::Poison(..) => "poison",
            Self::CrashOnOne(..) => "crash_on_one",
        }
    }

    /// Whether it counts as one of the kills that were asked for.
    pub(crate) const fn is_kill(&self) -> bool {
        matches!(
            self,
            Self::Kill(..) | Self::Terminate(..) | Self::Freeze(..) | Self::EmptyRedis
        )
    }
}

/// An injection and its moment, counted from the start of its round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scheduled {
    /// When.
    pub after: Duration,
    /// What.
    pub injection: Injection,
}

/// All rounds; the injections of each in the order of their moments.
pub(crate) fn draw(seed: u64, kills: usize) -> Vec<Vec<Scheduled>> {
    let mut dice = Dice::new(&[seed, 0xC405]);
    let mut rounds = Vec::new();
    let mut left = kills;
    while left > 0 {
        let count = left.min(KILLS_PER_ROUND);
        left -= count;
        let mut round: Vec<Scheduled> = Vec::new();
        for nth in 0..count + OTHERS_PER_ROUND {
            let injection = if nth < count {
                kill(&mut dice)
            } else {
                other(&mut dice)
            };
            round.push(Scheduled {
                after: Duration::from_millis(dice.below(ROUND.as_millis() as u64)),
                injection,
            });
        }
        round.sort_by_key(|scheduled| scheduled.after);
        rounds.push(round);
    }
    rounds
}

fn kill(dice: &mut Dice) -> Injection {
    let service = *dice.pick(&Service::ALL);
    let number = dice.below(REPLICAS as u64) as usize;
    let replica = Target::Replica(service, number);
    match dice.below(100) {
        0..34 => Injection::Kill(replica, between(dice, 0, 2_000)),
        34..56 => Injection::Terminate(service, number),
        // Longer than the leases of the extractor, and now and then than those of the loader.
        56..76 => Injection::Freeze(replica, between(dice, 500, 14_000)),
        76..81 => Injection::Kill(Target::Broker, between(dice, 0, 2_000)),
        81..85 => Injection::Freeze(Target::Broker, between(dice, 500, 6_000)),
        85..91 => Injection::Kill(Target::Redis, between(dice, 0, 2_000)),
        91..95 => Injection::Freeze(Target::Redis, between(dice, 500, 6_000)),
        _ => Injection::EmptyRedis,
    }
}

fn other(dice: &mut Dice) -> Injection {
    let link = *dice.pick(&[Link::Broker, Link::Redis, Link::Vendors]);
    let vendor = *dice.pick(&[Vendor::Okki, Vendor::Jdy]);
    match dice.below(100) {
        0..18 => Injection::Cut(link, between(dice, 100, 4_000)),
        // `LATE_WRITES` says that a lost call may land 5 s late; no longer stall may deliver one.
        18..33 => Injection::Stall(link, between(dice, 500, 3_000)),
        33..41 => Injection::HalfOpen(link),
        41..57 => Injection::Outage(vendor, between(dice, 500, 6_000)),
        57..69 => Injection::Slow(vendor, between(dice, 1_000, 5_000)),
        69..79 => Injection::QuotaDrop(between(dice, 1_000, 5_000)),
        79..87 => Injection::RevokeTokens,
        87..94 => Injection::Poison(1 + dice.below(3) as usize),
        _ => Injection::CrashOnOne(between(dice, 3_000, 6_000)),
    }
}

fn between(dice: &mut Dice, low: u64, high: u64) -> Duration {
    Duration::from_millis(low + dice.below(high - low))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_gives_one_schedule_with_as_many_kills_as_asked_for() {
        let schedule = draw(7, 33);
        assert_eq!(schedule, draw(7, 33));
        assert_ne!(schedule, draw(8, 33));
        let kills = schedule
            .iter()
            .flatten()
            .filter(|scheduled| scheduled.injection.is_kill());
        assert_eq!(kills.count(), 33);
        for round in &schedule {
            assert!(round.is_sorted_by_key(|scheduled| scheduled.after));
        }
    }

    #[test]
    fn a_long_schedule_has_every_kind_of_deed() {
        let kinds: BTreeSet<_> = draw(1, 400)
            .iter()
            .flatten()
            .map(|scheduled| scheduled.injection.kind())
            .collect();
        assert_eq!(kinds.len(), 17, "{kinds:?}");
    }
}
