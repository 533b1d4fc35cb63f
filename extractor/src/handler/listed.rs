//! Whether the listing shows a customer whom it has not shown: an event or a person named him.

use super::{FetchHandler, hint::ROWS};
use crate::{
    deleted::{Existing, Listing, Presence, together},
    okki::{Detail, Error},
    source::Listed,
};
use pipeline::{names::ASKED_FOR, quota::Lane};
use proto::v1::CompanyRef;

impl FetchHandler {
    /// By what its detail says, where that is enough. That a detail seems to lie outside is no reason to touch a row: a
    /// group may be new, or shown by its name, so the listing has the last word. Where the detail does not tell, a
    /// person who asks for somebody without a row waits for the answer, and the listing is asked, too.
    pub(super) async fn listed(&self, wanted: &CompanyRef, detail: &Detail, loaded: Option<i64>) -> Listed {
        let said = self.client.lists(detail).await;
        let is_asked = match said {
            Listed::Yes => return Listed::Yes,
            // Of somebody without a row nothing has to go, and events name everybody of the account.
            Listed::No => loaded.is_some() || wanted.run_id.starts_with(ASKED_FOR),
            Listed::Unknown => loaded.is_none() && wanted.run_id.starts_with(ASKED_FOR),
        };
        if !is_asked {
            return said;
        }
        // Without a time nobody knows where a listing would show him.
        let Some(changed) = detail.update_time else {
            return Listed::Unknown;
        };
        match self.is_shown(&wanted.company_id, changed, loaded).await {
            Ok(listed) => listed,
            Err(error) => {
                tracing::debug!(
                    company_id = wanted.company_id,
                    error = crate::okki::chain(&error),
                    "not known whether the listing shows the customer"
                );
                Listed::Unknown
            }
        }
    }

    async fn is_shown(&self, company_id: &str, changed: i64, loaded: Option<i64>) -> Result<Listed, Error> {
        let windows = together(&[changed, loaded.unwrap_or(changed)]);
        for part in 0..self.client.source().parts() {
            let listing = Listing {
                client: &self.client,
                lane: Lane::Live,
                part,
            };
            let existing = Existing::for_removal(&listing, company_id, &windows, ROWS).await?;
            match existing.presence(company_id, 0) {
                Presence::Listed => return Ok(Listed::Yes),
                Presence::Unknown => return Ok(Listed::Unknown),
                Presence::Absent => {}
            }
        }
        // Changed meanwhile, he is listed at another time.
        let again = self.client.detail_once(Lane::Live, company_id).await?;
        Ok(match again.update_time == Some(changed) {
            true => Listed::No,
            false => Listed::Unknown,
        })
    }
}
