//! Which snapshots need no second pass: what was published for a customer is remembered once the broker has confirmed
//! it, so a crash can cause a second copy (harmless, I2) and never a loss.

use pipeline::{version::Version, watermarks::Published};
use proto::v1::CompanySnapshot;
use sha2::{Digest, Sha256};

/// What the memory says about a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Has to be mapped.
    New,
    /// Exactly this was published before.
    Duplicate,
    /// A newer state of the customer was published before.
    Superseded,
}

/// Compares a snapshot with what was published last for its customer.
///
/// The same version with another digest is new: the mapping has changed, or a record was repaired.
pub(crate) fn seen(version: Version, digest: &[u8], last: Option<&Published>) -> Seen {
    match last {
        Some(last) if last.version > version => Seen::Superseded,
        Some(last) if last.version == version && last.digest == digest => Seen::Duplicate,
        _ => Seen::New,
    }
}

/// Digest of everything that decides about the result: the mapping and the snapshot's content.
pub(crate) fn digest(fingerprint: &str, snapshot: &CompanySnapshot) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(fingerprint.as_bytes());
    hash.update([0, u8::from(snapshot.removed) | u8::from(snapshot.filtered) << 1]);
    hash.update(&snapshot.detail_json);
    // Redis keeps one of every customer.
    hash.finalize()[..8].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(update_time: i64, digest: &[u8]) -> Published {
        Published {
            version: Version {
                update_time,
                sequence: 1,
            },
            digest: digest.to_vec(),
        }
    }

    #[test]
    fn only_the_very_same_is_a_duplicate() {
        let version = Version {
            update_time: 5,
            sequence: 1,
        };
        assert_eq!(seen(version, b"a", None), Seen::New);
        assert_eq!(seen(version, b"a", Some(&at(5, b"a"))), Seen::Duplicate);
        assert_eq!(seen(version, b"a", Some(&at(5, b"b"))), Seen::New);
        assert_eq!(seen(version, b"a", Some(&at(4, b"a"))), Seen::New);
        assert_eq!(seen(version, b"a", Some(&at(6, b"a"))), Seen::Superseded);
    }

    #[test]
    fn mapping_and_content_both_count() {
        let snapshot = |json: &'static [u8]| CompanySnapshot {
            detail_json: json.into(),
            ..Default::default()
        };
        assert_ne!(digest("1", &snapshot(b"{}")), digest("2", &snapshot(b"{}")));
        assert_ne!(digest("1", &snapshot(b"{}")), digest("1", &snapshot(b"[]")));
        let removed = CompanySnapshot {
            removed: true,
            ..snapshot(b"{}")
        };
        let filtered = CompanySnapshot {
            filtered: true,
            ..removed.clone()
        };
        assert_ne!(digest("1", &snapshot(b"{}")), digest("1", &removed));
        assert_ne!(digest("1", &removed), digest("1", &filtered));
    }
}
