//! Asks again for customers that were listed and not shown: they may have appeared since, or a privilege has come back.

use super::{Runner, Stop};
use crate::state::RunKind;
use pipeline::lease::Lease;
use proto::v1::{self, CompanyRef};
use std::time::Duration;

/// A remedy run asks for whatever is due; other runs leave it alone for so long.
const REST: Duration = Duration::from_secs(3_600);
/// So long ago is of late.
const LATE_MS: i64 = 3_600_000;

impl Runner {
    /// Publishes a ref for each that is due; how many there were.
    pub(crate) async fn ask_for_missing(&self, kind: RunKind, lease: &Lease) -> Result<u64, Stop> {
        let now = self.state.now_ms().await?;
        if self.state.missing_since(now - LATE_MS).await? == 0 {
            self.rt.alerts.customers_missing(0);
        }
        let rest = if kind == RunKind::Remedy {
            Duration::ZERO
        } else {
            REST
        };
        let most = usize::try_from(self.settings.ahead).unwrap_or(usize::MAX);
        let due = self.state.missing_due(rest, most, now).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let run = format!("missing-{}", uuid::Uuid::new_v4().simple());
        let ids: Vec<String> = due.iter().map(|one| one.company_id.clone()).collect();
        self.rt.account.list(&run, &ids).await?;
        let refs = due.iter().map(|one| CompanyRef {
            company_id: one.company_id.clone(),
            run_id: run.clone(),
            update_time: one.update_time,
            lane: v1::Lane::Backfill.into(),
            ..CompanyRef::default()
        });
        let count = self.ask_again(refs.collect(), lease).await?;
        // From now on they rest again, so that a longer ladder than the rest asks once.
        self.state.asked_for_missing(&due, now).await?;
        tracing::info!(run, count, "missing customers are asked for again");
        Ok(count)
    }
}
