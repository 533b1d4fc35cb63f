//! Committing: what became of members of a batch, in one script that checks the fence.

use std::borrow::Cow;
use std::time::Duration;

use super::{Error, Ledger, Lua, script};

static COMMIT: Lua = Lua::new(|| script(include_str!("commit.lua")));

/// What became of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// The row with this id holds the member's content now.
    Landed(String),
    /// The same, but the id was taken from the vendor's answer by its place, which nobody promises.
    Placed(String),
    /// The row is gone, as it should be.
    Removed,
    /// Nothing was sent, and cannot be sent safely yet; the key is free again.
    PutOff,
    /// The vendor says that the row does not exist, and shows it; the key is free again.
    Doubted,
    /// Nothing was written; the key is free again.
    Freed,
    /// The row the ledger knew does not exist any more.
    Gone,
    /// The row with this id exists, but whose content it holds is not known; 0 when no record can be older than it,
    /// else only what is fetched from now on is certainly newer.
    Found(String, i64),
}

/// Whether the rows of a commit are read again after a time, and how they are judged then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verify {
    No,
    /// The vendor has confirmed what was written, and nothing else is under way: whether it is there at all.
    Confirmed(Duration),
    /// A call of unknown outcome may still land within this time: whether they are as they were written.
    Unknown(Duration),
}

/// A member's slot and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    /// Position in the claim.
    pub(crate) slot: u32,
    /// What became of it.
    pub(crate) change: Change,
}

impl Ledger {
    /// Commits members; their rows are read again when nothing can be late any more.
    pub(crate) async fn commit(
        &self,
        batch: &str,
        fence: &str,
        committed: &[Committed],
        verify: Verify,
    ) -> Result<(), Error> {
        if committed.is_empty() {
            return Ok(());
        }
        let ms = |delay: Duration| i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let delay = match verify {
            Verify::No => 0,
            Verify::Confirmed(delay) => -ms(delay).max(1),
            Verify::Unknown(delay) => ms(delay),
        };
        let mut args: Vec<Cow<'_, str>> = Vec::with_capacity(5 + committed.len() * 4);
        args.push(self.owner().into());
        args.push(batch.into());
        args.push(fence.into());
        args.push(delay.to_string().into());
        args.push(committed.len().to_string().into());
        for Committed { slot, change } in committed {
            let (letter, id, floor) = match change {
                Change::Landed(id) => ("k", id.as_str(), 0),
                Change::Placed(id) => ("p", id.as_str(), 0),
                Change::Removed => ("x", "", 0),
                Change::PutOff => ("o", "", 0),
                Change::Doubted => ("y", "", 0),
                Change::Freed => ("d", "", 0),
                Change::Gone => ("g", "", 0),
                Change::Found(id, floor) => ("i", id.as_str(), *floor),
            };
            args.push(slot.to_string().into());
            args.push(letter.into());
            args.push(id.into());
            args.push(floor.to_string().into());
        }
        self.call(&COMMIT, &args).await.map(drop)
    }
}
