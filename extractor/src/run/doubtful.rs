//! Listings that cut their times: what they are cut to is learned from each step, and whoever was fetched while a later change
//! could hide behind its listed time is fetched once more when that is over.

use super::{Runner, Stop};
use crate::{granule::Granule, okki::ListItem, pause::lock};
use pipeline::lease::Lease;
use proto::v1::{self, CompanyRef};

impl Runner {
    /// Takes into account how a step of the listing shows times.
    pub(super) async fn learn_granule(&self, items: &[ListItem]) -> Result<(), Stop> {
        if items.is_empty() {
            return Ok(());
        }
        let times = items.iter().map(|item| item.update_time);
        let granule = self.state.learn_granule(|evidence| evidence.rows(times)).await?;
        *lock(&self.granule) = granule;
        Ok(())
    }

    /// What is known of that, read again.
    pub(super) async fn granule(&self) -> Result<Granule, Stop> {
        let granule = self.state.granule().await?;
        *lock(&self.granule) = granule;
        Ok(granule)
    }

    /// Publishes a ref for each whose time is over; how many there were.
    pub(crate) async fn ask_for_doubtful(&self, lease: &Lease) -> Result<u64, Stop> {
        let now = self.state.clocks().await?.earliest();
        let most = usize::try_from(self.settings.ahead).unwrap_or(usize::MAX);
        let due = self.state.doubtful_due(now, most).await?;
        if due.is_empty() {
            return Ok(0);
        }
        // Of a whole day there may be many, behind which no change has to wait.
        let is_few = due.len() <= self.settings.count as usize;
        let lane = if is_few {
            v1::Lane::Live
        } else {
            v1::Lane::Backfill
        };
        let run = format!("doubtful-{}", uuid::Uuid::new_v4().simple());
        let ids: Vec<String> = due.iter().map(|one| one.company_id.clone()).collect();
        self.rt.account.list(&run, &ids).await?;
        let refs = due.iter().map(|one| CompanyRef {
            company_id: one.company_id.clone(),
            run_id: run.clone(),
            update_time: one.listed,
            lane: lane.into(),
            ..CompanyRef::default()
        });
        let count = self.ask_again(refs.collect(), lease).await?;
        self.state.doubt_no_more(&due).await?;
        tracing::debug!(run, count, "customers whose listed time hides no change any more");
        Ok(count)
    }
}
