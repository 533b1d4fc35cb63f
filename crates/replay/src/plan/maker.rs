//! Writing a plan's letters down, chunk by chunk, and counting what an operator has to know of them.

use super::{options::Options, plans::DAY, state::State};
use crate::{
    browse::{Filter, groups::Groups},
    error::Result,
    letter::Letter,
    repair::Repair,
    workspace::Workspace,
};
use pipeline::{message::Subject, snapshots::Found, store, version::Version, watermarks::Watermarks};

/// What a letter leaves in the plan.
pub(super) struct Facts {
    letter: String,
    company: String,
    version: Option<Version>,
}

impl Facts {
    pub(super) fn of(letter: &Letter) -> Self {
        Self {
            letter: letter.key(),
            company: letter.record.company_id.clone(),
            version: letter.record.version.parse().ok(),
        }
    }
}

pub(super) struct Maker<'a> {
    pub(super) workspace: &'a Workspace,
    watermarks: Watermarks,
    pub(super) id: String,
    keys: pipeline::names::PlanKeys,
    pub(super) groups: Groups,
    pub(super) between: (i64, i64),
    pub(super) total: u64,
    /// Its letters are fetched anew.
    pub(super) fetches: bool,
    /// Its letters are mapped from kept snapshots.
    pub(super) from_kept: bool,
    /// Letters that cannot be, for nothing that could be used is kept of their customers.
    pub(super) not_kept: u64,
}

impl<'a> Maker<'a> {
    pub(super) async fn begin(
        workspace: &'a Workspace,
        id: String,
        filter: &Filter,
        reason: &str,
        repair: Option<&Repair>,
        options: &Options,
    ) -> Result<Self> {
        let (store, namespace) = (&workspace.rt.store, &workspace.rt.namespace);
        let now = jiff::Timestamp::now();
        let keys = namespace.plan_keys(&id);
        let mut fields = vec![
            ("state", State::Making.name().to_owned()),
            ("stage", workspace.stage.name().to_owned()),
            ("filter", filter.to_string()),
            ("chosen", serde_json::to_string(filter)?),
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
        Ok(Self::again(workspace, id))
    }

    pub(super) fn again(workspace: &'a Workspace, id: String) -> Self {
        let (store, namespace) = (&workspace.rt.store, &workspace.rt.namespace);
        Self {
            workspace,
            watermarks: Watermarks::new(store.clone(), namespace.clone()),
            keys: namespace.plan_keys(&id),
            id,
            groups: Groups::default(),
            between: (i64::MAX, i64::MIN),
            total: 0,
            fetches: false,
            from_kept: false,
            not_kept: 0,
        }
    }

    pub(super) fn count(&mut self, letter: &Letter) {
        let died = letter.record.last_failed_at;
        self.between = (self.between.0.min(died), self.between.1.max(died));
        self.groups.add(letter);
    }

    /// Writes a chunk down; returns how many of it are superseded. What is fetched anew cannot be.
    pub(super) async fn write(&mut self, chunk: &mut Vec<Facts>) -> std::result::Result<u64, store::Error> {
        if chunk.is_empty() {
            return Ok(0);
        }
        let mut connection = self.workspace.rt.store.connection().await?;
        let mut pipeline = redis::pipe();
        let set = pipeline.cmd("HSET").arg(&self.keys.letters);
        for facts in chunk.iter() {
            set.arg(&facts.letter).arg("");
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
        if self.fetches {
            return Ok(0);
        }
        let companies: Vec<_> = facts.iter().map(|facts| facts.company.as_str()).collect();
        if self.from_kept {
            let kept = self.workspace.rt.snapshots.of(&companies).await?;
            let is_usable = |(facts, found): &(&Facts, Found)| match found {
                Some(Ok(kept)) => Some(kept.snapshot.version()) >= facts.version,
                _ => false,
            };
            self.not_kept += facts.iter().zip(kept).filter(|one| !is_usable(one)).count() as u64;
        }
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
