//! Listed customers whose listed time is cut and may hide a change: only their details say whether there was one.

use super::{Comparison, progress::Progress};
use crate::{
    failure_scope::Scope,
    granule::Granule,
    okki::{Error, ListItem},
    run::Stop,
};
use pipeline::quota::Lane;
use tokio::time::Instant;

impl Comparison {
    /// Asks for the details of these; who has changed, and of whom that cannot be known, is to be fetched again.
    pub(super) async fn compare_hidden(
        &self,
        progress: &mut Progress,
        items: Vec<ListItem>,
        granule: Granule,
    ) -> Result<Vec<ListItem>, Stop> {
        let (mut wrong, mut whole) = (Vec::new(), Vec::new());
        for item in items {
            let begun = Instant::now();
            let id = &item.company_id;
            let detail = match self.client.detail(Lane::Backfill, id).await {
                Ok(detail) => detail,
                // Gone since it was listed, which the next steps find.
                Err(Error::NotFound { .. }) => {
                    progress.findings.current += 1;
                    continue;
                }
                Err(error) if self.is_of_all(id, &error, begun).await => return Err(error.into()),
                Err(_) => {
                    progress.findings.stale.add(id);
                    progress.findings.failed.add(id);
                    continue;
                }
            };
            self.failure_scope.answered(id, &detail, begun);
            // After the detail: what is handed on meanwhile is no older.
            let standing = self.watermarks.standings(&[id]).await?.pop().unwrap_or_default();
            let shown = detail.update_time.filter(|shown| granule.cut(*shown) != *shown);
            // Fetched within its own second, the state may have changed in that.
            let is_unsettled = standing.loaded.is_some() && standing.loaded < standing.last_shown();
            if shown.is_none() || shown > standing.last_shown() || is_unsettled {
                progress.findings.stale.add(id);
                wrong.push(item);
                continue;
            }
            progress.findings.current += 1;
            if detail.now >= Some(granule.over_at(item.update_time)) {
                whole.push((item.company_id, granule.end(item.update_time)));
            }
        }
        // Once is enough for each listed time.
        self.watermarks.record_fetched_whole(&whole).await?;
        Ok(wrong)
    }

    async fn is_of_all(&self, id: &str, error: &Error, begun: Instant) -> bool {
        matches!(error, Error::Quota(_) | Error::Store(_))
            || self.failure_scope.of(id, error, begun).await == Scope::Everybody
    }
}
