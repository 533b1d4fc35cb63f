//! The whole: loaders with real ledgers, the model beside them, and what must be true after every step.

mod claims;
mod form;
mod works;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::expected::ExpectedLedger;
use super::loader::Work;
use super::vendor::{Call, Fault, POISON, Quirks, Vendor, VendorRow};
use super::{COMPANIES, LOADERS, Message, Step, observe, sequence};
use crate::index::testing;
use crate::jdy::lookup::FoundRow;
use crate::ledger::index::{self, Reading};
use crate::ledger::testing::PrivateRedis;
use crate::ledger::{
    Change, Claim, Committed, Error, Item, Judged, Kind, Ledger, Member, Operation, Registry, Seen,
    TouchJudged, Undo, Unseen,
};

/// Nothing expires by itself; [`Step::Lapse`] says when.
const LEASE: Duration = Duration::from_secs(3600);
/// Rounds in which everything has to come to rest.
const ROUNDS: usize = 60;

struct Process {
    name: String,
    ledger: Ledger,
    registry: Arc<Registry>,
}

pub(super) struct World<'a> {
    redis: &'a PrivateRedis,
    processes: Vec<Process>,
    works: Vec<Work>,
    expected: ExpectedLedger,
    vendor: Vendor,
    /// Messages that no loader holds.
    queue: Vec<Message>,
    /// Customers whose rows people have touched since anybody looked.
    touched: BTreeSet<String>,
    /// Refused though nothing is wrong with them; put back in the end.
    dead: Vec<Message>,
    /// The newest state of each customer that can be written.
    truth: BTreeMap<String, Message>,
    /// The vendor's hour in which each transaction was begun.
    hours: BTreeMap<String, u32>,
    hour: u32,
    /// When the oldest call may have been sent that Redis knew of when it lost something.
    unsure_since: i64,
    /// The same, of the index there is.
    since: i64,
    /// What Redis has on its disk, and what that means.
    disk: (observe::Disk, ExpectedLedger),
    now: i64,
    names: u32,
}

impl<'a> World<'a> {
    pub(super) async fn new(redis: &'a PrivateRedis, quirks: Quirks) -> Self {
        observe::empty(redis).await;
        let mut world = Self {
            redis,
            processes: Vec::new(),
            works: Vec::new(),
            expected: ExpectedLedger::default(),
            vendor: Vendor::new(quirks),
            queue: Vec::new(),
            touched: BTreeSet::new(),
            dead: Vec::new(),
            truth: BTreeMap::new(),
            hours: BTreeMap::new(),
            hour: 0,
            unsure_since: i64::MAX,
            since: i64::MAX,
            disk: (observe::Disk::new(), ExpectedLedger::default()),
            now: 0,
            names: 0,
        };
        for _ in 0..LOADERS {
            let process = world.process();
            world.processes.push(process);
        }
        world.begin(0).await;
        world.settle(true).await;
        world
    }

    fn name(&mut self, letter: char) -> String {
        self.names += 1;
        format!("{letter}{}", self.names)
    }

    fn process(&mut self) -> Process {
        let name = self.name('p');
        let ledger = Ledger::new(
            self.redis.store(),
            &"model".parse().unwrap(),
            "form",
            &name,
            LEASE,
        );
        ledger.set_epoch(self.expected.epoch.clone().unwrap_or_default());
        Process {
            name,
            ledger,
            registry: Registry::new(LEASE),
        }
    }

    fn tick(&mut self) -> i64 {
        self.now += 1;
        self.now
    }

    /// One step, and what must be true after it.
    pub(super) async fn take(&mut self, step: Step) {
        self.tick();
        let loader = |number: u8| usize::from(number) % LOADERS;
        match step {
            Step::Change { company, content } => self.change(company, content),
            Step::Redeliver { company } => {
                let company = COMPANIES[usize::from(company) % COMPANIES.len()];
                self.queue.extend(self.truth.get(company).cloned());
            }
            Step::Deliver {
                loader: number,
                from,
                most,
            } => {
                self.deliver(loader(number), usize::from(from), usize::from(most))
                    .await;
            }
            Step::Advance { work, fault } => self.advance(usize::from(work), fault, true).await,
            Step::WakeUp { work } => self.advance(usize::from(work), 0, false).await,
            Step::Abandon { work } => {
                if let Some(at) = usize::from(work).checked_rem(self.works.len()) {
                    let work = self.works.remove(at);
                    self.queue.extend(work.messages);
                }
            }
            Step::Crash { loader: number } => self.crash(loader(number)),
            Step::Lapse { batch } => {
                if let Some(name) = self.expected.lapse(usize::from(batch)) {
                    observe::lapse(self.redis, &self.processes[0].ledger, &name).await;
                }
            }
            Step::Sweep { loader: number } => self.sweep(loader(number)).await,
            Step::Land { flight, applies } => {
                if let Some(at) = usize::from(flight).checked_rem(self.vendor.flights.len()) {
                    let call = self.vendor.flights.remove(at);
                    if applies {
                        self.vendor.receive(&call, Fault::None, self.now);
                    }
                }
            }
            Step::Verify {
                loader: number,
                applies,
            } => self.verify(loader(number), applies).await,
            Step::HourPasses => {
                self.vendor.land(|_, _| true, true, self.now);
                self.vendor.forget_transactions();
                self.hour += 1;
            }
            Step::Fsync => self.disk = (observe::save(self.redis).await, self.expected.clone()),
            Step::RestartRedis => {
                self.lose_knowledge();
                observe::restart(self.redis, &self.disk.0).await;
                self.expected = self.disk.1.clone();
                self.expected.epoch = None;
            }
            Step::EmptyRedis => {
                self.lose_knowledge();
                observe::empty(self.redis).await;
                self.expected.empty();
            }
            Step::Begin { loader: number } => self.begin(loader(number)).await,
            Step::Settle { applies } => self.settle(applies).await,
            Step::Walk { loader: number } => self.walk(loader(number)).await,
            Step::Touch { company, deletes } => {
                let company = COMPANIES[usize::from(company) % COMPANIES.len()];
                if self.vendor.touch(company, deletes, self.now) {
                    self.touched.insert(company.to_owned());
                }
            }
            Step::Notice { loader: number } => self.notice(loader(number)).await,
            Step::Appear { company } => {
                let company = COMPANIES[usize::from(company) % COMPANIES.len()];
                self.vendor.show(|other| other == company);
            }
        }
        self.check(&format!("{step:?}")).await;
    }

    async fn check(&self, after: &str) {
        assert_eq!(
            observe::snapshot(self.redis).await,
            self.expected.snapshot(),
            "Redis and model after {after}"
        );
        for company in COMPANIES {
            let rows = self.vendor.all_of(company);
            assert!(rows.len() <= 1, "after {after} two rows: {rows:?}");
        }
    }

    /// Redis will not know any more of calls that may still change something.
    fn lose_knowledge(&mut self) {
        if !self.vendor.flights.is_empty() || !self.expected.verify.is_empty() {
            self.unsure_since = 0;
        }
    }

    /// The shared counter is where the clock is.
    async fn keep_time(&self) {
        observe::set_sequence(self.redis, sequence(self.now)).await;
    }

    fn change(&mut self, company: u8, content: u8) {
        let company = COMPANIES[usize::from(company) % COMPANIES.len()].to_owned();
        let removed = content == 0;
        let hash = match content {
            0 => String::new(),
            1 => POISON.to_owned(),
            other => format!("h{}", other % 4),
        };
        let message = Message {
            company: company.clone(),
            tick: self.now,
            hash,
            removed,
        };
        self.queue.push(message.clone());
        if message.hash != POISON {
            self.truth.insert(company, message);
        }
    }

    /// A fresh copy of the customer, as the extractor and the transformer would send it.
    fn fetch(&mut self, company: &str) {
        let tick = self.tick();
        let fresh = match self.truth.get(company) {
            Some(known) => Message {
                tick,
                ..known.clone()
            },
            None => Message {
                company: company.to_owned(),
                tick,
                hash: String::new(),
                removed: true,
            },
        };
        self.queue.push(fresh.clone());
        self.truth.insert(company.to_owned(), fresh);
    }

    fn crash(&mut self, loader: usize) {
        let (dead, alive) = std::mem::take(&mut self.works)
            .into_iter()
            .partition(|work| work.loader == loader);
        self.works = alive;
        let dead: Vec<Work> = dead;
        self.queue.extend(dead.into_iter().flat_map(|work| work.messages));
        self.processes[loader] = self.process();
    }

    /// A ledger answers `NOINDEX` exactly when its index is gone; its process then waits for the current one.
    fn expect_no_index(&self, loader: usize, error: &Error) {
        let ledger = &self.processes[loader].ledger;
        assert!(matches!(error, Error::NoIndex), "{error:?}");
        assert!(
            !self.expected.answers(&ledger.epoch()),
            "a ledger with an index says that it has none"
        );
        ledger.set_epoch(self.expected.epoch.clone().unwrap_or_default());
    }

    /// Faults end: everything is delivered, finished and verified, and the form is what the customers are.
    pub(super) async fn rest(&mut self) {
        for loader in 1..LOADERS {
            self.crash(loader);
        }
        for _ in 0..ROUNDS {
            self.queue.append(&mut self.dead);
            self.vendor.show(|_| true);
            if self.expected.epoch.is_none() {
                self.begin(0).await;
            }
            let epoch = self.expected.epoch.clone().unwrap_or_default();
            self.processes[0].ledger.set_epoch(epoch);
            self.settle(true).await;
            self.walk(0).await;
            self.expected.ask_again();
            observe::ask_again(self.redis).await;
            for batch in self.expected.lapse_all() {
                observe::lapse(self.redis, &self.processes[0].ledger, &batch).await;
            }
            self.sweep(0).await;
            while !self.works.is_empty() {
                self.tick();
                self.advance(0, 0, true).await;
            }
            self.tick();
            self.verify(0, true).await;
            self.tick();
            self.notice(0).await;
            let is_quiet = self.queue.is_empty() && self.dead.is_empty() && self.touched.is_empty();
            if is_quiet && self.expected.verify.is_empty() && self.expected.complete {
                break;
            }
            self.tick();
            self.deliver(0, 0, COMPANIES.len()).await;
            self.check("resting").await;
        }
        assert!(self.queue.is_empty(), "never at rest: {:?}", self.queue);
        for company in COMPANIES {
            let shown: Vec<String> = self
                .vendor
                .all_of(company)
                .iter()
                .map(|row| row.hash.clone())
                .collect();
            let wanted: Vec<String> = match self.truth.get(company) {
                Some(newest) if !newest.removed => vec![newest.hash.clone()],
                _ => Vec::new(),
            };
            assert_eq!(shown, wanted, "the row of {company}");
        }
    }
}
