//! What is put in order before the work: an unfinished run that is dropped, or must not be continued under another name.

use super::Sync;
use crate::{
    outage::PATIENCE,
    progress::Summary,
    run::Span,
    state::{RunKind, Written},
};

impl Sync {
    pub(in crate::commands::sync) async fn discard(&self) -> anyhow::Result<()> {
        let kinds = match self.kind {
            RunKind::Live => vec![RunKind::Live, RunKind::First],
            kind => vec![kind],
        };
        for kind in kinds {
            let Some(lease) = self.lease_of(kind, PATIENCE).await? else {
                words::bail!(
                    "another replica is at work on the run: {}",
                    self.who_lists(kind).await
                )
            };
            if self.state.discard(kind, lease.fence()).await? != Written::Yes {
                words::bail!(
                    "another replica is at work on the run: {}",
                    self.who_lists(kind).await
                )
            }
            lease.release().await?;
        }
        Ok(())
    }

    /// The first load is made once more, here or by a replica that runs.
    pub(in crate::commands::sync) async fn want_everything(&self) -> anyhow::Result<()> {
        Ok(self.state.want(RunKind::First).await?)
    }

    /// An unfinished backfill of another span must not be continued under this one's name.
    pub(in crate::commands::sync) async fn check_same_backfill(&self) -> anyhow::Result<()> {
        let Span::Between { since, until } = self.span else {
            return Ok(());
        };
        match self.state.standing(self.kind).await?.run {
            Some(run) if run.start != Some(since) || until.is_some_and(|until| until < run.end) => {
                let span = Summary::span(&run);
                words::bail!(
                    "a backfill of {span} is not finished; repeat it with those dates, or drop it with --restart"
                )
            }
            _ => Ok(()),
        }
    }
}
