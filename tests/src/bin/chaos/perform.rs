//! Does the deeds of a round at their moments and undoes them when their time is over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::cast::Cast;
use super::schedule::{Deed, Link, Planned, Victim};
use kit::proxy::Proxy;
use kit::simulator::dice::Dice;
use kit::simulator::{Fault, FaultKind, Vendor, Violation};

/// What a refused customer has in its short name.
pub const MARKER: &str = "【拒收】";
/// How often the supervisor looks, and customers change.
const TICK: Duration = Duration::from_millis(100);
/// How late a slow vendor answers.
const SLOW_MS: u64 = 1_500;
/// Violations are counted until the window that saw the lower limit is over.
const WINDOW: Duration = Duration::from_millis(1_100);

/// How a deed ends.
enum End {
    BrokerStarts,
    RedisStarts,
    Continues(Victim),
    Heals(Link),
    Lifted(u64),
    QuotaIsBack,
    NobodyCrashes,
}

/// The director of the show.
pub struct Director {
    pub faults: BTreeMap<&'static str, u64>,
    pub kills: usize,
    pub updates: u64,
    /// Violations that no client could have avoided: the limit fell while calls were on their way.
    pub forced_violations: u64,
    /// The longest time from a fault's end until everybody was ready.
    pub recovery: Duration,
    /// When the latest fault ended, until everybody is ready again.
    lifted: Option<Instant>,
    customers: Dice,
    violations_before: u64,
    running: Vec<(Instant, End)>,
}

impl Director {
    pub fn new(seed: u64) -> Self {
        Self {
            faults: BTreeMap::new(),
            kills: 0,
            updates: 0,
            forced_violations: 0,
            recovery: Duration::ZERO,
            lifted: None,
            customers: Dice::new(&[seed, 0xC457]),
            violations_before: 0,
            running: Vec::new(),
        }
    }

    /// Plays one round to the end of its last deed.
    pub async fn round(&mut self, cast: &mut Cast, round: &[Planned]) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut planned = round.iter().peekable();
        loop {
            let now = Instant::now();
            while let Some(next) = planned.next_if(|next| start + next.after <= now) {
                self.begin(cast, next.deed).await?;
            }
            self.end_due(cast, now).await?;
            self.tick(cast).await?;
            if planned.peek().is_none() && self.running.is_empty() {
                return Ok(());
            }
        }
    }

    /// A moment of life: replicas are replaced, customers change; whether everybody has recovered from everything.
    pub async fn tick(&mut self, cast: &mut Cast) -> anyhow::Result<bool> {
        if cast.supervise()? {
            self.lifted = Some(Instant::now());
        }
        self.change(cast);
        tokio::time::sleep(TICK).await;
        let Some(lifted) = self.lifted.filter(|_| self.running.is_empty()) else {
            return Ok(self.lifted.is_none());
        };
        let ready = cast.all_ready().await;
        if ready {
            self.recovery = self.recovery.max(lifted.elapsed());
            self.lifted = None;
        }
        Ok(ready)
    }

    fn change(&mut self, cast: &Cast) {
        let simulator = &cast.simulator;
        // About eight a second: less than the vendor's quota for updates, so that falling behind is the faults' doing.
        let ids = match self.customers.below(60) {
            0 => simulator.add(1),
            1 => simulator.remove(1),
            2 => simulator.touch(2),
            3 => simulator.change(12),
            4..34 => simulator.change(1),
            _ => Vec::new(),
        };
        self.updates += ids.len() as u64;
    }

    async fn begin(&mut self, cast: &mut Cast, deed: Deed) -> anyhow::Result<()> {
        tracing::info!(?deed, "begins");
        *self.faults.entry(deed.kind()).or_default() += 1;
        self.kills += usize::from(deed.is_kill());
        match deed {
            Deed::Kill(Victim::Replica(service, number), later) => cast.seat(service, number)?.kill(later)?,
            Deed::Kill(Victim::Broker, later) => {
                cast.services.broker().context("a broker of our own")?.kill()?;
                self.ends(later, End::BrokerStarts);
            }
            Deed::Kill(Victim::Redis, later) => {
                cast.services.redis().context("a Redis of our own")?.kill()?;
                self.ends(later, End::RedisStarts);
            }
            Deed::Terminate(service, number) => cast.seat(service, number)?.terminate()?,
            Deed::Freeze(victim, span) => {
                match victim {
                    Victim::Replica(service, number) => cast.seat(service, number)?.freeze()?,
                    Victim::Broker => cast.services.broker().context("a broker")?.process().sigstop()?,
                    Victim::Redis => cast.services.redis().context("a Redis")?.process().sigstop()?,
                }
                self.ends(span, End::Continues(victim));
            }
            Deed::EmptyRedis => {
                let redis = cast.services.redis().context("a Redis of our own")?;
                redis.restart_empty().await?;
            }
            Deed::Cut(link, span) => {
                line(cast, link).cut();
                self.ends(span, End::Heals(link));
            }
            Deed::Stall(link, span) => {
                line(cast, link).stall();
                self.ends(span, End::Heals(link));
            }
            Deed::HalfOpen(link) => line(cast, link).half_open(),
            Deed::Outage(vendor, span) => {
                let fault = cast.simulator.outage(vendor);
                self.ends(span, End::Lifted(fault));
            }
            Deed::Slow(vendor, span) => {
                let slow = Fault::on(vendor, "*", FaultKind::Slow { ms: SLOW_MS });
                let fault = cast.simulator.fault(slow);
                self.ends(span, End::Lifted(fault));
            }
            Deed::QuotaDrop(span) => {
                self.violations_before = violations(cast);
                cast.simulator.set(|settings| {
                    for limit in settings.jdy.limits.values_mut().flatten() {
                        *limit = (*limit / 3).max(1);
                    }
                });
                self.ends(span, End::QuotaIsBack);
            }
            Deed::RevokeTokens => {
                cast.simulator.revoke_tokens();
            }
            Deed::Poison(count) => self.poison(cast, count)?,
            Deed::CrashOnOne(span) => self.crash_on_one(cast, span)?,
        }
        Ok(())
    }

    /// Watermarks customers that the form refuses until the end.
    pub fn poison(&mut self, cast: &Cast, count: usize) -> anyhow::Result<()> {
        for id in cast.simulator.touch(count) {
            let name = serde_json::json!({"short_name": format!("{MARKER}示例")});
            // A customer that was removed in between is not marked.
            if cast.simulator.change_one(id, Some(name)).is_ok() {
                self.updates += 1;
            }
        }
        Ok(())
    }

    fn crash_on_one(&mut self, cast: &mut Cast, span: Duration) -> anyhow::Result<()> {
        let Some(company) = cast.simulator.change(1).first().copied() else {
            return Ok(());
        };
        cast.deadly = Some(company);
        for seat in &mut cast.seats {
            if seat.service == kit::harness::Service::Loader {
                seat.kill(Duration::ZERO)?;
            }
        }
        self.ends(span, End::NobodyCrashes);
        Ok(())
    }

    async fn end_due(&mut self, cast: &mut Cast, now: Instant) -> anyhow::Result<()> {
        let (due, running) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.running = running;
        for (_, end) in due as Vec<(Instant, End)> {
            self.end(cast, end).await?;
            self.lifted = Some(Instant::now());
        }
        Ok(())
    }

    async fn end(&mut self, cast: &mut Cast, end: End) -> anyhow::Result<()> {
        match end {
            End::BrokerStarts => cast.services.broker().context("a broker")?.start_again()?,
            End::RedisStarts => cast.services.redis().context("a Redis")?.restart().await?,
            End::Continues(Victim::Replica(service, number)) => cast.seat(service, number)?.thaw()?,
            End::Continues(Victim::Broker) => {
                cast.services.broker().context("a broker")?.process().sigcont()?
            }
            End::Continues(Victim::Redis) => cast.services.redis().context("a Redis")?.process().sigcont()?,
            End::Heals(link) => line(cast, link).pass(),
            End::Lifted(fault) => drop(cast.simulator.clear_faults(Some(fault))),
            End::QuotaIsBack => {
                let defaults = kit::simulator::JdySettings::default().limits;
                cast.simulator.set(|settings| settings.jdy.limits = defaults);
                tokio::time::sleep(WINDOW).await;
                self.forced_violations += violations(cast).saturating_sub(self.violations_before);
            }
            End::NobodyCrashes => cast.deadly = None,
        }
        Ok(())
    }

    fn ends(&mut self, after: Duration, end: End) {
        self.running.push((Instant::now() + after, end));
    }
}

/// Calls over a limit so far, both vendors.
pub fn violations(cast: &Cast) -> u64 {
    let stats = cast.simulator.stats();
    stats.okki.quota_violations + stats.jdy.quota_violations
}

/// The first of them, for an explanation.
pub fn violation_examples(cast: &Cast) -> Vec<Violation> {
    cast.simulator.stats().jdy.violation_examples
}

/// Faults that are there all the time: every answer may be lost, and some come from a gateway.
pub fn lie(cast: &Cast, seed: u64) {
    let jdy = |operation: &str, kind, probability| {
        Fault::on(Vendor::Jdy, operation, kind).probability(probability, seed)
    };
    let okki = |operation: &str, kind, probability| {
        Fault::on(Vendor::Okki, operation, kind).probability(probability, seed)
    };
    let mut faults = vec![
        okki(
            "*",
            FaultKind::Status {
                status: 502,
                commit: false,
            },
            0.005,
        ),
        okki("*", FaultKind::Reset { commit: false }, 0.005),
        okki("info", FaultKind::Malformed, 0.002),
        okki("info", FaultKind::Hang { commit: false }, 0.001),
    ];
    for operation in ["batch_create", "update", "delete"] {
        faults.extend([
            jdy(operation, FaultKind::Hang { commit: true }, 0.015),
            jdy(
                operation,
                FaultKind::Status {
                    status: 502,
                    commit: true,
                },
                0.02,
            ),
            jdy(operation, FaultKind::Reset { commit: true }, 0.02),
            jdy(operation, FaultKind::Reset { commit: false }, 0.02),
            jdy(operation, FaultKind::LateCommit { ms: 1_500 }, 0.01),
            jdy(operation, FaultKind::Malformed, 0.01),
        ]);
    }
    for fault in faults {
        cast.simulator.fault(fault);
    }
}

fn line(cast: &Cast, link: Link) -> &Proxy {
    match link {
        Link::Broker => &cast.broker_line,
        Link::Redis => &cast.redis_line,
        Link::Vendors => &cast.vendor_line,
    }
}
