//! Making a plan: browsing once freezes the set and counts what an operator has to know before the replay.
//!
//! Redis gets only the digits of the letters; this process's memory does not grow with their number.

use super::{Plan, options::Options, plans::DAY, state::State};

use crate::{
    browse::{
        filter::Filter,
        groups::{Group, Groups},
    },
    letter::Letter,
    repair::Repair,
    workspace::Workspace,
};
use pipeline::{stage::Stage, store, version::Version, watermarks::Watermarks};
use serde::Serialize;

/// Letters written down in one round trip.
const CHUNK: usize = 500;
/// Rows that one call of the form's interface takes.
const ROWS_PER_CALL: u64 = 100;

/// What a plan would do, before it does it.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// The plan.
    #[serde(flatten)]
    pub plan: Plan,
    /// What the letters died of.
    pub groups: Vec<Group>,
    /// Customers, estimated within 1 %.
    pub customers: u64,
    /// Letters whose customer has gone on in a newer state since, as far as is known.
    pub superseded: u64,
    /// Oldest and newest death, unix milliseconds.
    pub died_between: (i64, i64),
    /// What it will cost.
    pub cost: Cost,
}

/// Vendor calls that a replay causes when nothing turns out to be unchanged or superseded.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cost {
    /// Calls for the details of customers.
    pub detail_calls: u64,
    /// Write calls if every row is new.
    pub write_calls_at_least: u64,
    /// Write calls if every row is there already.
    pub write_calls_at_most: u64,
    /// Seconds at the given rate; `None`: as fast as the quotas allow.
    pub seconds: Option<u64>,
}

impl Cost {
    fn of(stage: Stage, repair: Option<&Repair>, letters: u64, rate: Option<u32>) -> Self {
        let fetches = stage == Stage::Extract || (stage == Stage::Load && repair == Some(&Repair::Remap));
        Self {
            detail_calls: if fetches { letters } else { 0 },
            write_calls_at_least: letters.div_ceil(ROWS_PER_CALL),
            write_calls_at_most: letters,
            seconds: rate.map(|rate| letters.div_ceil(u64::from(rate.max(1)))),
        }
    }
}

/// Freezes the letters that the filter matches; `None` when there are none, and then nothing is left behind.
///
/// # Errors
/// When the broker or Redis is away.
pub async fn make(
    workspace: &Workspace,
    filter: &Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
    mut progress: impl FnMut(u64),
) -> anyhow::Result<Option<Preview>> {
    let mut maker = Maker::begin(workspace, filter, reason, repair.as_ref(), &options).await?;
    let mut browser = workspace.browse("make a plan").await?;
    let (mut seen, mut superseded) = (0, 0);
    let mut chunk = Vec::with_capacity(CHUNK);
    while let Some(taken) = browser.next().await? {
        seen += 1;
        if !filter.is_full(maker.total + chunk.len() as u64) && filter.matches(&taken.letter) {
            maker.count(&taken.letter);
            chunk.push(Facts::of(&taken.letter));
        }
        if chunk.len() == CHUNK {
            superseded += maker.write(&mut chunk).await?;
            progress(seen);
        }
        workspace.check()?;
    }
    superseded += maker.write(&mut chunk).await?;
    browser.close().await?;
    let (groups, between, total) = (maker.groups, maker.between, maker.total);
    let (plans, id) = (workspace.plans(), maker.id);
    if total == 0 {
        forget(workspace, &id).await?;
        return Ok(None);
    }
    let fields = [
        ("total", total.to_string()),
        ("unmatched", (seen - total).to_string()),
    ];
    plans.write(&id, &fields).await?;
    plans.change(&id, State::Planned, "", &[State::Making]).await?;
    let customers = customers(workspace, &id).await?;
    let Some(plan) = plans.load(&id).await? else {
        anyhow::bail!("the plan was lost while it was made; is Redis full?");
    };
    Ok(Some(Preview {
        cost: Cost::of(workspace.stage, repair.as_ref(), total, options.rate),
        plan,
        groups: groups.into_sorted(),
        customers,
        superseded,
        died_between: between,
    }))
}

/// What a letter leaves in the plan.
struct Facts {
    digits: String,
    company: String,
    version: Option<Version>,
}

impl Facts {
    fn of(letter: &Letter) -> Self {
        Self {
            digits: letter.digits().to_owned(),
            company: letter.record.company_id.clone(),
            version: letter.record.version.parse().ok(),
        }
    }
}

struct Maker<'a> {
    workspace: &'a Workspace,
    watermarks: Watermarks,
    id: String,
    keys: pipeline::names::PlanKeys,
    groups: Groups,
    between: (i64, i64),
    total: u64,
}

impl<'a> Maker<'a> {
    async fn begin(
        workspace: &'a Workspace,
        filter: &Filter,
        reason: &str,
        repair: Option<&Repair>,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let (store, namespace) = (&workspace.rt.store, &workspace.rt.namespace);
        let now = jiff::Timestamp::now();
        let id = format!(
            "p-{}-{:04x}",
            now.strftime("%Y%m%d-%H%M%S"),
            rand::random::<u16>()
        );
        let keys = namespace.plan_keys(&id);
        let mut fields = vec![
            ("state", State::Making.name().to_owned()),
            ("stage", workspace.stage.name().to_owned()),
            ("filter", filter.to_string()),
            ("reason", reason.to_owned()),
            ("operator", workspace.operator.clone()),
            ("made_at", now.as_millisecond().to_string()),
            ("options", serde_json::to_string(options)?),
        ];
        if let Some(repair) = repair {
            fields.push(("repair", serde_json::to_string(repair)?));
        }
        workspace.plans().write(&id, &fields).await?;
        let mut connection = store.connection().await?;
        let mut pipeline = redis::pipe();
        // Half-made plans are forgotten within a day.
        pipeline.cmd("EXPIRE").arg(&keys.plan).arg(DAY).ignore();
        pipeline
            .cmd("ZADD")
            .arg(namespace.plans_key())
            .arg(now.as_millisecond())
            .arg(&id)
            .ignore();
        pipeline.query_async::<()>(&mut *connection).await?;
        Ok(Self {
            workspace,
            watermarks: Watermarks::new(store.clone(), namespace.clone()),
            id,
            keys,
            groups: Groups::default(),
            between: (i64::MAX, i64::MIN),
            total: 0,
        })
    }

    fn count(&mut self, letter: &Letter) {
        let died = letter.record.last_failed_at;
        self.between = (self.between.0.min(died), self.between.1.max(died));
        self.groups.add(&letter.record);
    }

    /// Writes a chunk down; returns how many of it are superseded. What a stage fetches anew cannot be.
    async fn write(&mut self, chunk: &mut Vec<Facts>) -> Result<u64, store::Error> {
        if chunk.is_empty() {
            return Ok(0);
        }
        let mut connection = self.workspace.rt.store.connection().await?;
        let mut pipeline = redis::pipe();
        let set = pipeline.cmd("HSET").arg(&self.keys.letters);
        for facts in chunk.iter() {
            set.arg(&facts.digits).arg("");
        }
        let customers = pipeline.ignore().cmd("PFADD").arg(&self.keys.customers);
        for facts in chunk.iter() {
            customers.arg(&facts.company);
        }
        pipeline.ignore().cmd("HLEN").arg(&self.keys.letters);
        for key in [&self.keys.letters, &self.keys.customers] {
            pipeline.cmd("EXPIRE").arg(key).arg(DAY).ignore();
        }
        let (written,): (u64,) = pipeline.query_async(&mut *connection).await?;
        drop(connection);
        // Equal letters, which only a broker can make, are one entry.
        self.total = written;
        let facts = std::mem::take(chunk);
        if self.workspace.stage == Stage::Extract {
            return Ok(0);
        }
        let companies: Vec<_> = facts.iter().map(|facts| facts.company.as_str()).collect();
        let newest = self.watermarks.published(&companies).await?;
        let behind = facts.iter().zip(newest).filter(|(facts, newest)| {
            let newest = newest.as_ref().map(|published| published.version);
            facts
                .version
                .is_some_and(|version| newest.is_some_and(|newest| newest > version))
        });
        Ok(behind.count() as u64)
    }
}

async fn customers(workspace: &Workspace, id: &str) -> Result<u64, store::Error> {
    let mut connection = workspace.rt.store.connection().await?;
    let key = workspace.rt.namespace.plan_keys(id).customers;
    let count = redis::cmd("PFCOUNT")
        .arg(key)
        .query_async(&mut *connection)
        .await?;
    Ok(count)
}

async fn forget(workspace: &Workspace, id: &str) -> Result<(), store::Error> {
    let keys = workspace.rt.namespace.plan_keys(id);
    let mut connection = workspace.rt.store.connection().await?;
    let mut pipeline = redis::pipe();
    pipeline
        .cmd("DEL")
        .arg(&keys.plan)
        .arg(&keys.letters)
        .arg(&keys.customers)
        .ignore();
    pipeline
        .cmd("ZREM")
        .arg(workspace.rt.namespace.plans_key())
        .arg(id)
        .ignore();
    Ok(pipeline.query_async::<()>(&mut *connection).await?)
}
