//! The tree of customer groups (客户分组): whether the configured ones are there, and who is below them.

use super::{Client, Patience};
use crate::okki::{
    error::Error,
    types::{Detail, UNKNOWN_GROUP, is_below, read_groups},
};
use crate::source::{Listed, Scope};
use pipeline::quota::Lane;
use serde_json::value::RawValue;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A tree that was read is believed for so long.
const KEPT: Duration = Duration::from_secs(600);
/// Nor is one that is not shown asked for sooner, for each customer.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// The tree as it was read last; `None` when OKKI did not show it.
#[derive(Default)]
pub(super) struct Tree(Mutex<Option<(Instant, Option<Box<RawValue>>)>>);

impl Client {
    /// An error when groups are configured none of which OKKI knows: the listing would be empty for ever. Of several some may be
    /// known, and those are listed; which of the others show nobody any more, each run looks for.
    ///
    /// An account whose code lists cannot be read is given the benefit of the doubt.
    pub(crate) async fn check_group(&self) -> Result<(), Error> {
        let groups = self.source().groups();
        if groups.is_empty() {
            return Ok(());
        }
        let found = async {
            let tree = self.groups().await?;
            let (mut unknown, mut is_any_known) = (Ok(()), false);
            for group in &groups {
                match read_groups(&tree, group) {
                    Ok(_) => is_any_known = true,
                    Err(error) => unknown = Err(error),
                }
            }
            if is_any_known { Ok(()) } else { unknown }
        };
        match found.await {
            Err(error @ Error::Business { .. })
                if error.vendor().is_some_and(|(code, _)| code == UNKNOWN_GROUP) =>
            {
                Err(error)
            }
            // When it is not the tree alone, the listing says so.
            Err(error) if error.may_be_of_one_page() => Ok(()),
            answer => answer,
        }
    }

    /// The name of a customer group, wherever it is in the tree.
    pub(crate) async fn group_name(&self, id: &str) -> Result<String, Error> {
        read_groups(&self.groups().await?, id)
    }

    /// Whether the listing would show a customer, as far as its detail and the tree of groups say so.
    pub(crate) async fn lists(&self, detail: &Detail) -> Listed {
        let group = match self.source().scope(&detail.json) {
            Scope::Known(listed) => return listed,
            Scope::Group(group) => group,
        };
        let tree = match self.kept_tree() {
            Some(tree) => tree,
            None => self.groups().await.ok(),
        };
        // A filter for a group may show the groups below it.
        let is_below_any = |tree: &RawValue| {
            let above = self.source().groups();
            let below = above.iter().map(|above| is_below(tree, above, &group));
            let below: Option<Vec<bool>> = below.collect();
            below.map(|below| below.contains(&true))
        };
        match tree.and_then(|tree| is_below_any(&tree)) {
            Some(false) => Listed::No,
            Some(true) if !self.source().has_other_filters() => Listed::Yes,
            _ => Listed::Unknown,
        }
    }

    async fn groups(&self) -> Result<Box<RawValue>, Error> {
        let query = [("field".to_owned(), "group_id".to_owned())];
        let path = "/v1/company/fields/selector";
        let answer = self
            .patient(Lane::Live, "selector", path, &query, Patience::of_all())
            .await;
        let tree = answer.map(|answer| answer.data);
        let mut kept = self.tree.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((Instant::now(), tree.as_ref().ok().cloned()));
        tree
    }

    fn kept_tree(&self) -> Option<Option<Box<RawValue>>> {
        let kept = self.tree.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, tree) = kept.as_ref()?;
        let life = match tree {
            Some(_) => KEPT,
            None => REFUSED_FOR,
        };
        (read.elapsed() < life).then(|| tree.clone())
    }
}
