//! Finding the rows of members in the form by their key.

use std::collections::HashMap;

use pipeline::retry::Backoff;

use super::Writer;
use super::batch::Work;
use super::commit::{Committing, MemberEnd};
use crate::failpoint;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::ledger::{Change, Member};
use crate::vendor::Tried;

/// Rows by the slot of their member.
pub(super) type Rows = HashMap<u32, FoundRow>;

/// What a row that turned out to exist means for the member that was to make it.
pub(super) fn found_instead<'a>(member: &'a Member, row: &FoundRow) -> Committing<'a> {
    match row.hash == member.hash {
        true => (member, Change::Landed(row.id.clone()), MemberEnd::Landed),
        // It was written to since; the next claim decides what is newer.
        false => (member, Change::Found(row.id.clone(), 1), MemberEnd::Again),
    }
}

impl Writer {
    /// The rows of these members as the form shows them; `None` when the vendor cannot be asked now.
    pub(super) async fn find(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        group: &[Member],
    ) -> Option<Rows> {
        let companies: Vec<&str> = group.iter().map(|member| member.company.as_str()).collect();
        let (client, companies) = (&self.vendor.client, &companies);
        failpoint::hit("lookup-before").await;
        let tried = self
            .vendor
            .insist(None, &work.patience, move || {
                client.rows_of(recognition, companies)
            })
            .await;
        failpoint::hit("lookup-after").await;
        let Tried::Done(mut found, _) = tried else {
            return None;
        };
        self.index.saw(&found).await;
        let pick = |member: &Member| {
            let mut rows = found.remove(&member.company)?;
            // Of several rows the one that holds our content is ours; else the oldest.
            let own = rows.iter().position(|row| row.hash == member.hash).unwrap_or(0);
            Some((member.slot, rows.swap_remove(own)))
        };
        Some(group.iter().filter_map(pick).collect())
    }

    /// The same when the vendor says that all rows exist: waits until they can be seen. Without a key widget the ids
    /// stay unknown.
    pub(super) async fn find_all(&self, work: &Work<'_>, group: &[Member]) -> Option<Rows> {
        let Some(recognition) = &work.recognition else {
            return Some(Rows::new());
        };
        let mut backoff = Backoff::default();
        loop {
            let found = self.find(work, recognition, group).await?;
            if found.len() == group.len() {
                return Some(found);
            }
            let missing = group.len() - found.len();
            tracing::warn!(
                missing,
                "rows that Jiandaoyun has confirmed cannot be seen in the form yet"
            );
            if !work
                .patience
                .sleep(backoff.next_delay(), &self.vendor.stopping)
                .await
            {
                return None;
            }
        }
    }
}
