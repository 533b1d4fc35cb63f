//! Injects the faults of a round at their moments and ends them when their time is over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::schedule::{Injection, Link, Scheduled, Target};
use super::supervisor::Supervised;
use super::vendors::{MARKER, overruns};
use kit::proxy::Proxy;
use kit::services::{RabbitMq, Redis};
use kit::simulator::dice::Dice;
use kit::simulator::{Fault, FaultKind, JdySettings};

/// How often ended replicas are replaced, and customers change.
const TICK: Duration = Duration::from_millis(100);
/// How late a slow vendor answers.
const SLOW_MS: u64 = 1_500;
/// Violations are counted until the window that saw the lower limit is over.
const WINDOW: Duration = Duration::from_millis(1_100);

/// How an injection ends.
enum End {
    BrokerStarts,
    RedisStarts,
    Continues(Target),
    Heals(Link),
    Lifted(u64),
    QuotaIsBack,
    LoadersAreSpared,
}

/// Injects faults and keeps count of them.
pub(crate) struct Injector {
    pub faults: BTreeMap<&'static str, u64>,
    pub kills: usize,
    pub updates: u64,
    /// Violations that no client could have avoided: the limit fell while calls were on their way.
    pub forced_violations: u64,
    /// The longest time from a fault's end until every replica was ready.
    pub recovery: Duration,
    /// When the latest fault ended, until every replica is ready again.
    lifted: Option<Instant>,
    customers: Dice,
    violations_before: u64,
    running: Vec<(Instant, End)>,
}

impl Injector {
    pub(crate) fn new(seed: u64) -> Self {
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

    /// Runs one round to the end of its last injection.
    pub(crate) async fn round(&mut self, run: &mut Supervised, round: &[Scheduled]) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut scheduled = round.iter().peekable();
        loop {
            let now = Instant::now();
            while let Some(next) = scheduled.next_if(|next| start + next.after <= now) {
                self.begin(run, next.injection).await?;
            }
            self.end_due(run, now).await?;
            self.tick(run).await?;
            if scheduled.peek().is_none() && self.running.is_empty() {
                return Ok(());
            }
        }
    }

    /// One tick: ended replicas are replaced, customers change; whether every replica has recovered from everything.
    pub(crate) async fn tick(&mut self, run: &mut Supervised) -> anyhow::Result<bool> {
        if run.supervise()? {
            self.lifted = Some(Instant::now());
        }
        self.change(run);
        tokio::time::sleep(TICK).await;
        let Some(lifted) = self.lifted.filter(|_| self.running.is_empty()) else {
            return Ok(self.lifted.is_none());
        };
        let ready = run.all_ready().await;
        if ready {
            self.recovery = self.recovery.max(lifted.elapsed());
            self.lifted = None;
        }
        Ok(ready)
    }

    fn change(&mut self, run: &Supervised) {
        let simulator = &run.pipeline.simulator;
        // About eight a second: less than the vendor's quota for updates, so that only faults make it fall behind.
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

    async fn begin(&mut self, run: &mut Supervised, injection: Injection) -> anyhow::Result<()> {
        *self.faults.entry(injection.kind()).or_default() += 1;
        self.kills += usize::from(injection.is_kill());
        match injection {
            Injection::Kill(Target::Replica(service, number), later) => run.kill(service, number, later)?,
            Injection::Kill(Target::Broker, later) => {
                broker(run)?.kill()?;
                self.ends(later, End::BrokerStarts);
            }
            Injection::Kill(Target::Redis, later) => {
                redis(run)?.kill()?;
                self.ends(later, End::RedisStarts);
            }
            Injection::Terminate(service, number) => run.terminate(service, number)?,
            Injection::Freeze(target, span) => {
                match target {
                    Target::Replica(service, number) => run.freeze(service, number)?,
                    Target::Broker => broker(run)?.process().sigstop()?,
                    Target::Redis => redis(run)?.process().sigstop()?,
                }
                self.ends(span, End::Continues(target));
            }
            Injection::EmptyRedis => {
                let redis = redis(run)?;
                redis.restart_empty().await?;
            }
            Injection::Cut(link, span) => {
                link_to(run, link)?.cut();
                self.ends(span, End::Heals(link));
            }
            Injection::Stall(link, span) => {
                link_to(run, link)?.stall();
                self.ends(span, End::Heals(link));
            }
            Injection::HalfOpen(link) => link_to(run, link)?.half_open(),
            Injection::Outage(vendor, span) => {
                let fault = run.pipeline.simulator.outage(vendor);
                self.ends(span, End::Lifted(fault));
            }
            Injection::Slow(vendor, span) => {
                let slow = Fault::on(vendor, "*", FaultKind::Slow { ms: SLOW_MS });
                let fault = run.pipeline.simulator.fault(slow);
                self.ends(span, End::Lifted(fault));
            }
            Injection::QuotaDrop(span) => {
                self.violations_before = overruns(run).calls;
                run.pipeline.simulator.set(|settings| {
                    for limit in settings.jdy.limits.values_mut().flatten() {
                        *limit = (*limit / 3).max(1);
                    }
                });
                self.ends(span, End::QuotaIsBack);
            }
            Injection::RevokeTokens => {
                run.pipeline.simulator.revoke_tokens();
            }
            Injection::Poison(count) => self.poison(run, count)?,
            Injection::CrashOnOne(span) => self.crash_on_one(run, span)?,
        }
        Ok(())
    }

    /// Gives customers a name that the form refuses until the end.
    pub(crate) fn poison(&mut self, run: &Supervised, count: usize) -> anyhow::Result<()> {
        for id in run.pipeline.simulator.touch(count) {
            let name = serde_json::json!({"short_name": format!("{MARKER}示例")});
            // A customer that was removed in between is not marked.
            if run.pipeline.simulator.change_one(id, Some(name)).is_ok() {
                self.updates += 1;
            }
        }
        Ok(())
    }

    fn crash_on_one(&mut self, run: &mut Supervised, span: Duration) -> anyhow::Result<()> {
        let Some(company_id) = run.pipeline.simulator.change(1).first().copied() else {
            return Ok(());
        };
        run.crash_loaders_on(company_id)?;
        self.ends(span, End::LoadersAreSpared);
        Ok(())
    }

    async fn end_due(&mut self, run: &mut Supervised, now: Instant) -> anyhow::Result<()> {
        let (due, running) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.running = running;
        for (_, end) in due as Vec<(Instant, End)> {
            self.end(run, end).await?;
            self.lifted = Some(Instant::now());
        }
        Ok(())
    }

    async fn end(&mut self, run: &mut Supervised, end: End) -> anyhow::Result<()> {
        match end {
            End::BrokerStarts => broker(run)?.start_again()?,
            End::RedisStarts => redis(run)?.restart().await?,
            End::Continues(Target::Replica(service, number)) => run.resume(service, number)?,
            End::Continues(Target::Broker) => broker(run)?.process().sigcont()?,
            End::Continues(Target::Redis) => redis(run)?.process().sigcont()?,
            End::Heals(link) => link_to(run, link)?.pass(),
            End::Lifted(fault) => drop(run.pipeline.simulator.clear_faults(Some(fault))),
            End::QuotaIsBack => {
                let defaults = JdySettings::default().limits;
                run.pipeline
                    .simulator
                    .set(|settings| settings.jdy.limits = defaults);
                tokio::time::sleep(WINDOW).await;
                self.forced_violations += overruns(run).calls.saturating_sub(self.violations_before);
            }
            End::LoadersAreSpared => run.spare_loaders(),
        }
        Ok(())
    }

    fn ends(&mut self, after: Duration, end: End) {
        self.running.push((Instant::now() + after, end));
    }
}

fn broker(run: &mut Supervised) -> anyhow::Result<&mut RabbitMq> {
    let services = run.pipeline.services.as_mut();
    services
        .and_then(|services| services.broker())
        .context("a private broker")
}

fn redis(run: &mut Supervised) -> anyhow::Result<&mut Redis> {
    let services = run.pipeline.services.as_mut();
    services
        .and_then(|services| services.redis())
        .context("a private Redis")
}

fn link_to(run: &Supervised, link: Link) -> anyhow::Result<&Proxy> {
    let proxies = run.pipeline.proxies.as_ref().context("proxies")?;
    Ok(match link {
        Link::Broker => &proxies.broker,
        Link::Redis => &proxies.redis,
        Link::Vendors => &proxies.vendors,
    })
}
