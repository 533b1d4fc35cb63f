//! Whether the log still has every entry that the account of events knows: a chain of digests does not show that its end
//! is missing, and what is appended behind a cut fits it again.
//!
//! The account says of each entry that it was written, after the entry is there, so that an entry without a mark is nothing
//! to worry about, and a mark without an entry is.

use super::Entry;
use crate::error::Result;
use pipeline::{
    broker::Broker,
    events::{AuditMark, Reader, Start},
};
use std::collections::BTreeMap;

/// Place of an entry: unix milliseconds and a number within them.
type Place = (u64, u64);

/// What the account of events knows of the log.
#[derive(Debug, Default)]
pub struct Anchors {
    /// Entries that were not met in the log so far, with their digests.
    open: BTreeMap<Place, String>,
    known: u64,
    /// Unix milliseconds of the oldest message: nothing is known of entries before.
    pub since: Option<i64>,
    /// Entries behind the last one that the account knows.
    pub unknown_end: u64,
}

impl Anchors {
    /// The account knows this entry.
    pub fn add(&mut self, mark: AuditMark) {
        if let Some(place) = place(&mark.id) {
            self.known += u64::from(self.open.insert(place, mark.digest).is_none());
        }
    }

    /// Whether the account knows nothing of the log.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known == 0
    }

    /// The log has this entry; one that the account knows otherwise is not intact.
    pub fn met(&mut self, entry: &mut Entry) {
        let known = place(&entry.id).and_then(|place| self.open.remove(&place));
        match known {
            Some(digest) => {
                entry.intact &= digest == entry.digest;
                self.unknown_end = 0;
            }
            None => self.unknown_end += 1,
        }
    }

    /// How many entries the account knows and the log did not have, and when the first and the last of them were written.
    #[must_use]
    pub fn missing(&self) -> Option<(usize, i64, i64)> {
        let ((first, _), (last, _)) = (self.open.keys().next()?, self.open.keys().next_back()?);
        let ms = |ms: &u64| i64::try_from(*ms).unwrap_or(i64::MAX);
        Some((self.open.len(), ms(first), ms(last)))
    }
}

/// Reads what the account of events knows of the log, up to now; `None`: there is no account. `view` sees how many messages
/// were read, and the time of the last one.
///
/// # Errors
/// When the broker is away, or takes no messages.
pub async fn read(broker: &Broker, mut view: impl FnMut(u64, i64)) -> Result<Option<Anchors>> {
    let Some(mut reader) = Reader::open(broker, Start::First).await? else {
        return Ok(None);
    };
    let (mut anchors, mut read) = (Anchors::default(), 0);
    while let Some(stored) = reader.next_to_end().await? {
        let events = stored.events;
        anchors.since = Some(anchors.since.unwrap_or(i64::MAX).min(events.at));
        if let Some(mark) = events.audit {
            anchors.add(mark);
        }
        read += 1;
        view(read, events.at);
    }
    reader.close().await?;
    Ok(Some(anchors))
}

fn place(id: &str) -> Option<Place> {
    let (ms, number) = id.split_once('-')?;
    Some((ms.parse().ok()?, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> Entry {
        Entry {
            id: id.into(),
            digest: format!("d{id}"),
            intact: true,
            ..Entry::default()
        }
    }

    #[test]
    fn what_the_account_knows_has_to_be_in_the_log() {
        let mut anchors = Anchors::default();
        for id in ["9-0", "10-0", "10-1", "11-0"] {
            let digest = format!("d{id}");
            anchors.add(AuditMark {
                id: id.into(),
                digest,
            });
        }
        for id in ["9-0", "10-0"] {
            let mut entry = entry(id);
            anchors.met(&mut entry);
            assert!(entry.intact);
        }
        assert_eq!(anchors.missing(), Some((2, 10, 11)), "the end was cut");
        // Appended behind the cut, by who writes no account.
        anchors.met(&mut entry("12-0"));
        assert_eq!((anchors.missing(), anchors.unknown_end), (Some((2, 10, 11)), 1));
        let mut changed = entry("10-1");
        changed.digest.clear();
        anchors.met(&mut changed);
        assert!(!changed.intact);
        assert!(Anchors::default().is_empty() && Anchors::default().missing().is_none());
    }
}
