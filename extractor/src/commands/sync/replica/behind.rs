//! What is listed behind a live window, when it is time: the first load, and the past once more. And who lists instead.

use super::Sync;
use crate::{
    outage,
    run::Span,
    state::{Run, RunKind},
};
use pipeline::lease::Lease;

impl Sync {
    /// What the live window has left out because there was no checkpoint, unless another replica lists it.
    pub(super) async fn first_load(&self) -> anyhow::Result<Option<Run>> {
        let first = outage::waited(|| self.state.standing(RunKind::First)).await?;
        if self.kind != RunKind::Live || !(first.wanted || first.run.is_some()) {
            return Ok(None);
        }
        let key = self.state.lease_key(RunKind::First);
        let acquire = || Lease::acquire(&self.rt.store, key.clone(), &self.rt.instance, self.ttl);
        match outage::waited(acquire).await? {
            Some(lease) => {
                let run = self.list(RunKind::First, Span::First, lease).await?;
                self.refuse_nobody(&run).await?;
                Ok(Some(run))
            }
            None => {
                tracing::info!("another replica lists the first load");
                Ok(None)
            }
        }
    }

    /// Nobody of everybody, where somebody was listed before, is no success.
    async fn refuse_nobody(&self, run: &Run) -> anyhow::Result<()> {
        let listed = outage::waited(|| self.rt.account.total()).await?.listed;
        words::ensure!(
            run.seen + run.damaged > 0 || listed == 0,
            "OKKI lists nobody, and {listed} customers were listed before; ask in OKKI whether the application may still see customers"
        );
        Ok(())
    }

    /// What live windows have passed over, when it is time, unless another replica looks.
    pub(super) async fn look_back(&self) -> anyhow::Result<Option<Run>> {
        let kind = RunKind::LookBack;
        let Some(looks) = self
            .look_back
            .filter(|_| self.kind == RunKind::Live && !self.force)
        else {
            return Ok(None);
        };
        let state = outage::waited(|| self.state.standing(kind)).await?;
        let last = match state.started_ms {
            Some(last) => last,
            None => outage::waited(|| self.state.watched_since(kind, state.redis_ms)).await?,
        };
        let is_early = || {
            looks.schedule().wait(Some(last), state.redis_ms) > 0
                || looks.due_ms(&state, last) > state.redis_ms
        };
        if state.run.is_none() && is_early() {
            return Ok(None);
        }
        let key = self.state.lease_key(kind);
        let acquire = || Lease::acquire(&self.rt.store, key.clone(), &self.rt.instance, self.ttl);
        match outage::waited(acquire).await? {
            Some(lease) => Ok(Some(self.list(kind, Span::LookBack(looks), lease).await?)),
            None => Ok(None),
        }
    }

    /// Which replica makes a run of this kind, and since when.
    pub(in crate::commands::sync) async fn who_lists(&self, kind: RunKind) -> String {
        let leader = self.state.leader(kind).await.ok().flatten();
        let Some(leader) = leader else {
            return words::tr!("it has ended a moment ago, repeat the command");
        };
        let run = self.state.standing(kind).await.ok().and_then(|state| state.run);
        match run {
            Some(run) => words::tr!(
                "{leader}, run {} since {}; wait for its end, or stop that process: the run is taken up where it was",
                run.id,
                replay::when::time(run.started_ms)
            ),
            None => words::tr!("{leader}; wait for its end, or stop that process"),
        }
    }
}
