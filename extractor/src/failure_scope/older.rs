//! Is one customer's detail older than its row in the listing, as from a replica that is behind, or are all of them? A listing
//! that shows other times than details do would make a dead letter of everybody.

use super::{CHOSEN, FailureScope, ROWS, Scope};
use crate::okki::{Error, ListItem, time};
use pipeline::quota::Lane;
use std::time::Duration;
use tokio::time::Instant;

/// What was found is so for as long.
const FRESH: Duration = Duration::from_secs(5);

impl FailureScope {
    /// Whom it concerns that the detail of this customer, asked for at `begun`, is older than its row.
    pub(crate) async fn of_older(&self, company_id: &str, begun: Instant) -> Scope {
        let mut found = self.older.lock().await;
        let is_known = found.filter(|(at, _)| *at >= begun || at.elapsed() < FRESH);
        let are_all = match is_known {
            Some((_, are_all)) => are_all,
            // Without others to compare with it may be this one alone.
            None => matches!(self.compared(company_id).await, Ok((0, 1.., _))),
        };
        *found = is_known.or(Some((Instant::now(), are_all)));
        match are_all {
            true => Scope::Everybody,
            false => Scope::One,
        }
    }

    /// The probe of a pause that was made because everybody's detail was older than its row: an error while it is so.
    pub(crate) async fn somebody_is_as_listed(&self) -> Result<(), Error> {
        match self.compared("").await? {
            (0, 1.., Some(older)) => Err(older),
            _ => Ok(()),
        }
    }

    /// Of a few others: how many details are as their rows say, how many older, and one of these.
    async fn compared(&self, company_id: &str) -> Result<(usize, usize, Option<Error>), Error> {
        let listed = self.client.page_of_anybody(Lane::Live, 1, ROWS).await?.items;
        let others = listed
            .into_iter()
            .filter(|item| item.company_id != company_id && item.update_time > 0);
        let (mut good, mut older, mut first) = (0, 0, None);
        for ListItem {
            company_id,
            update_time,
        } in others.take(CHOSEN)
        {
            let detail = self.client.detail_once(Lane::Live, &company_id).await;
            match detail.map(|detail| detail.update_time) {
                Ok(Some(shown)) if shown < update_time => {
                    older += 1;
                    first = first.or(Some(Error::Older {
                        shown: time::format(shown),
                        listed: time::format(update_time),
                    }));
                }
                Ok(_) => good += 1,
                Err(error) if error.is_limit() || error.is_of_redis() => return Err(error),
                Err(_) => {}
            }
        }
        Ok((good, older, first))
    }
}
