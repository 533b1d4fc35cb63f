//! The tree of customer groups (客户分组): whether the configured ones are there, and who is below them.

use super::{Client, Patience};
use crate::okki::{
    error::{Error, Outage},
    types::{Detail, UNKNOWN_GROUP, is_below, read_groups},
};
use crate::source::Scope;
use pipeline::quota::Lane;
use serde_json::value::RawValue;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A tree that was read is believed for so long.
const KEPT: Duration = Duration::from_secs(600);

/// The tree as it was read last.
#[derive(Default)]
pub(super) struct Tree(Mutex<Option<(Instant, Box<RawValue>)>>);

impl Client {
    /// An error when a group is configured that OKKI does not know: its listing would be empty for ever.
    ///
    /// An account whose code lists cannot be read is given the benefit of the doubt.
    pub(crate) async fn check_group(&self) -> Result<(), Error> {
        let groups = self.source().groups();
        if groups.is_empty() {
            return Ok(());
        }
        let found = async {
            let tree = self.groups().await?;
            for group in &groups {
                read_groups(&tree, group)?;
            }
            Ok(())
        };
        match found.await {
            Err(error @ Error::Business { .. })
                if error.vendor().is_some_and(|(code, _)| code == UNKNOWN_GROUP) =>
            {
                Err(error)
            }
            Err(Error::Business { .. } | Error::NotFound { .. } | Error::Garbled(_) | Error::Shape(_))
            | Err(Error::Outage(Outage::Unknown { .. }))
            | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The name of a customer group, wherever it is in the tree.
    pub(crate) async fn group_name(&self, id: &str) -> Result<String, Error> {
        read_groups(&self.groups().await?, id)
    }

    /// Whether the customer is outside of what is listed, as far as its detail and the tree of groups say so.
    pub(crate) async fn is_outside(&self, detail: &Detail) -> bool {
        let group = match self.source().scope(&detail.json) {
            Scope::Within => return false,
            Scope::Outside => return true,
            Scope::Group(group) => group,
        };
        let tree = match self.kept_tree() {
            Some(tree) => Ok(tree),
            None => self.groups().await,
        };
        // A filter for a group may show the groups below it.
        let is_below_any = |tree: &RawValue| {
            let above = self.source().groups();
            let below = above.iter().map(|above| is_below(tree, above, &group));
            let below: Option<Vec<bool>> = below.collect();
            below.map(|below| below.contains(&true))
        };
        tree.is_ok_and(|tree| is_below_any(&tree) == Some(false))
    }

    async fn groups(&self) -> Result<Box<RawValue>, Error> {
        let query = [("field".to_owned(), "group_id".to_owned())];
        let path = "/v1/company/fields/selector";
        let answer = self
            .patient(Lane::Live, "selector", path, &query, Patience::of_all())
            .await?;
        let mut kept = self.tree.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((Instant::now(), answer.data.clone()));
        Ok(answer.data)
    }

    fn kept_tree(&self) -> Option<Box<RawValue>> {
        let kept = self.tree.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_ref().filter(|(read, _)| read.elapsed() < KEPT);
        kept.map(|(_, tree)| tree.clone())
    }
}
