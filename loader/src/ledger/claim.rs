//! Claiming: one script decides for a whole batch what has to be done, and takes the keys that have to be written.

use std::borrow::Cow;
use std::time::Duration;

use uuid::Uuid;

use super::removals::{Cause, RemovalLimits, guarded_script};
use super::{BatchId, Error, Ledger, Lua, number};

static CLAIM: Lua = Lua::new(|| guarded_script(include_str!("claim.lua")));

/// What a record wants done to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The row shall hold this content.
    Upsert,
    /// The row shall go.
    Delete,
    /// The row shall be marked as removed.
    Mark,
}

/// One record of a batch, as the ledger sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    pub(crate) company: &'a str,
    /// Comparable as text, see [`super::batch::encode_mapped`].
    pub(crate) version: &'a str,
    /// Hash of the content.
    pub(crate) hash: &'a str,
    /// What to do.
    pub(crate) operation: Operation,
    /// From the counter of `pipeline::sequence`, taken before the record was fetched.
    pub(crate) sequence: u64,
    /// The row of a create.
    pub(crate) set: &'a str,
    /// What an update sends in addition.
    pub(crate) clear: &'a str,
}

/// The form was asked for rows of a batch right before it is claimed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JustLooked {
    /// Redis' clock before the form was asked, ms.
    pub(crate) began_ms: i64,
    /// How long that took.
    pub(crate) took: Duration,
}

/// What a claim says about one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// A newer version has been committed.
    Stale,
    /// The row holds this content; nothing to send.
    Unchanged,
    /// What this very record wrote was committed, by a batch that was put off or whose loader died before it said so.
    Landed,
    /// There is no row to remove.
    Absent,
    /// The form may show something newer: fetch the customer again.
    Refetch,
    /// The same, but that was asked for a moment ago: not yet.
    Later,
    /// Claimed: there is no row yet.
    Create,
    /// Claimed: the row with this id has other content.
    Update(String),
    /// Claimed: the row with this id has to go.
    Remove(String),
    /// The row does not go before a person has decided: too many others have gone, or would.
    Parked,
    /// The row does not go before the known rows are counted.
    Uncounted,
    /// The row does not go before the form is read, because so many have gone that their share counts.
    Unread,
    /// A person has decided that the row stays.
    Kept,
    /// In a live batch of this owner; both empty when a call of unknown outcome may still make the row.
    Busy(BatchId, String),
    /// In a batch whose loader is dead: that one has to be finished first.
    Orphaned(BatchId),
}

/// What a claim says about a batch, and the lease on what was taken.
#[derive(Debug)]
pub(crate) struct Claimed {
    /// The transaction id of its creates.
    pub(crate) transaction: String,
    /// Proves ownership at commit.
    pub(crate) fence: String,
    /// Redis' clock, ms.
    pub(crate) time_ms: i64,
    /// One per item, in order. An item's position is its slot.
    pub(crate) claims: Vec<Claim>,
    /// The row of each that needs no write, as far as it is known; empty for the others.
    pub(crate) rows: Vec<String>,
}

impl Ledger {
    /// The same without a guard.
    #[cfg(test)]
    pub(crate) async fn claim(
        &self,
        batch: &str,
        items: &[Item<'_>],
        absent_may_be_deleted: bool,
    ) -> Result<Claimed, Error> {
        self.claim_guarded(batch, items, absent_may_be_deleted, None, None)
            .await
    }

    /// Claims the items for a batch of this name; [`Error::Unseen`] when some of them have to be looked up first.
    /// `absent_may_be_deleted`: removals delete rows here, so a missing row proves nothing about an old record. `guard`: by
    /// what removals are judged, with a cause for each item. `looked`: however long that look took, it is as good for these
    /// items as one that was answered at once.
    pub(crate) async fn claim_guarded(
        &self,
        batch: &str,
        items: &[Item<'_>],
        absent_may_be_deleted: bool,
        guard: Option<(RemovalLimits, &[Cause<'_>])>,
        looked: Option<JustLooked>,
    ) -> Result<Claimed, Error> {
        let transaction = Uuid::new_v4().to_string();
        let mut args: Vec<Cow<'_, str>> = Vec::with_capacity(10 + items.len() * 10);
        args.push(self.owner().into());
        args.push(batch.into());
        args.push(Cow::Borrowed(&transaction));
        args.push(self.lease().as_millis().to_string().into());
        args.push(if absent_may_be_deleted { "1" } else { "0" }.into());
        args.extend(times(looked).map(Cow::Owned));
        args.push(items.len().to_string().into());
        for item in items {
            args.push(item.company.into());
            args.push(item.version.into());
            args.push(item.hash.into());
            args.push(item.operation.letter().into());
            args.push(item.sequence.to_string().into());
            args.push(item.set.into());
            args.push(item.clear.into());
        }
        if let Some((limits, causes)) = guard {
            args.push(limits.share.to_string().into());
            args.push(limits.probation.as_millis().to_string().into());
            for cause in causes {
                args.push(cause.letter().into());
                args.push(if cause.backfill { "1" } else { "0" }.into());
                args.push(cause.run.into());
            }
        }
        let answer = self.call(&CLAIM, &args).await?;
        let fence = answer.get(1).cloned().unwrap_or_default();
        let claims = answer.iter().skip(2).map(|text| parse(text));
        let claims = claims.collect::<Result<Vec<_>, _>>()?;
        if claims.len() != items.len() {
            return Err(Error::Protocol(words::tr!(
                "{} answers for {} records",
                claims.len(),
                items.len()
            )));
        }
        let rows = answer
            .iter()
            .skip(2)
            .map(|text| known_row(text).to_owned())
            .collect();
        drop(args);
        Ok(Claimed {
            rows,
            transaction,
            fence,
            time_ms: number(answer.first())?,
            claims,
        })
    }
}

/// Rows that the current epoch of the index has not seen, so that nothing was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// Redis' clock, ms: what is read from the form from now on is at least as new.
    pub(crate) time_ms: i64,
    /// No call of an earlier loader can land any more: a row that is not there is not going to be.
    pub(crate) settled: bool,
    /// Company and the row id that an earlier epoch knew, empty when it knew none.
    pub(crate) rows: Vec<(String, String)>,
}

impl Unseen {
    pub(super) fn read(answer: &[String]) -> Result<Self, Error> {
        let pairs = answer.get(2..).unwrap_or_default().chunks_exact(2);
        Ok(Self {
            time_ms: number(answer.first())?,
            settled: answer.get(1).is_some_and(|settled| settled == "1"),
            rows: pairs.map(|pair| (pair[0].clone(), pair[1].clone())).collect(),
        })
    }
}

impl Cause<'_> {
    fn letter(&self) -> &'static str {
        match (self.filtered, self.allowed) {
            (true, false) => "f",
            (true, true) => "F",
            (false, false) => "r",
            (false, true) => "R",
        }
    }
}

impl Operation {
    fn letter(self) -> &'static str {
        match self {
            Self::Upsert => "u",
            Self::Delete => "d",
            Self::Mark => "m",
        }
    }
}

/// When a look began and how long it took, zeros without one.
fn times(looked: Option<JustLooked>) -> [String; 2] {
    let began = looked.map_or(0, |looked| looked.began_ms);
    let took = looked.map_or(0, |looked| looked.took.as_millis());
    [began.to_string(), took.to_string()]
}

fn known_row(text: &str) -> &str {
    text.strip_prefix(['=', 'l']).unwrap_or_default()
}

fn parse(text: &str) -> Result<Claim, Error> {
    let unexpected = || Error::Protocol(text.to_owned());
    let (word, rest) = text.split_at_checked(1).ok_or_else(unexpected)?;
    Ok(match word {
        "s" => Claim::Stale,
        "=" => Claim::Unchanged,
        "l" => Claim::Landed,
        "n" => Claim::Absent,
        "f" => Claim::Refetch,
        "w" => Claim::Later,
        "c" => Claim::Create,
        "u" => Claim::Update(rest.to_owned()),
        "r" => Claim::Remove(rest.to_owned()),
        "p" => Claim::Parked,
        "q" => Claim::Uncounted,
        "i" => Claim::Unread,
        "k" => Claim::Kept,
        "o" => Claim::Orphaned(rest.to_owned()),
        "b" => {
            let (batch, owner) = rest.split_once('\n').ok_or_else(unexpected)?;
            Claim::Busy(batch.to_owned(), owner.to_owned())
        }
        _ => return Err(unexpected()),
    })
}
