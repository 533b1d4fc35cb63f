//! What a kept snapshot looks like.
//!
//! | bytes | what |
//! | --- | --- |
//! | 32 | version: update time and sequence, as hexadecimal text that sorts like it |
//! | 1 | format; its lowest bit: sealed |
//! | 16, if sealed | id of the key (4) and nonce (12) |
//! | rest, sealed or not | length of what follows next (1), what the mapping has made of the snapshot (0 or 8), the message, deflated |

use super::{seal::SnapshotKeys, unusable::Unusable};
use crate::version::Version;
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use prost::Message;
use proto::v1::CompanySnapshot;
use std::io::{Read, Write};

/// Bytes of a [`Content`].
pub const CONTENT: usize = 8;

/// Beginning of a digest over the cells of a row, which says whether two rows are alike.
pub type Content = [u8; CONTENT];

/// What is kept of a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The last snapshot; its run and its lane are not kept.
    pub snapshot: CompanySnapshot,
    /// What the mapping of then has made of it; `None`: no row.
    pub content: Option<Content>,
}

/// Bytes of the version.
const ORDER: usize = 32;
const FORMAT: u8 = 0x10;
const SEALED: u8 = 0x01;
/// An answer of a vendor is far below this.
const LARGEST: u64 = 64 << 20;

/// A version as text that sorts like it.
pub(super) fn order(version: Version) -> String {
    let update_time = u64::try_from(version.update_time).unwrap_or(0);
    format!("{update_time:016x}{:016x}", version.sequence)
}

/// `None` when it cannot be sealed although there is a key.
pub(super) fn pack(
    snapshot: &CompanySnapshot,
    content: Option<Content>,
    keys: &SnapshotKeys,
) -> Option<Vec<u8>> {
    // Who listed it, and how urgent that was, is of no use to whom it is mapped for next.
    let bare = CompanySnapshot {
        run_id: String::new(),
        lane: 0,
        ..snapshot.clone()
    };
    let mut plain = vec![content.map_or(0, |content| content.len() as u8)];
    plain.extend(content.iter().flatten());
    let mut encoder = DeflateEncoder::new(plain, Compression::default());
    encoder.write_all(&bare.encode_to_vec()).ok()?;
    let plain = encoder.finish().ok()?;
    let mut value = order(Version::from(snapshot.version.unwrap_or_default())).into_bytes();
    match keys.is_empty() {
        true => {
            value.push(FORMAT);
            value.extend(plain);
        }
        false => {
            value.push(FORMAT | SEALED);
            let place = place(&snapshot.company_id, &value);
            value.extend(keys.seal(&place, plain)?);
        }
    }
    Some(value)
}

pub(super) fn unpack(company: &str, value: &[u8], keys: &SnapshotKeys) -> Result<Kept, Unusable> {
    let (head, rest) = value.split_at_checked(ORDER + 1).ok_or(Unusable::Damaged)?;
    let plain = match head[ORDER] {
        FORMAT => rest.to_vec(),
        format if format == FORMAT | SEALED => keys.open(&place(company, head), rest)?,
        _ => return Err(Unusable::Damaged),
    };
    read(company, &plain).ok_or(Unusable::Damaged)
}

fn read(company: &str, plain: &[u8]) -> Option<Kept> {
    let (length, rest) = plain.split_first()?;
    let (content, deflated) = rest.split_at_checked((*length).into())?;
    let content = match content {
        [] => None,
        known => Some(Content::try_from(known).ok()?),
    };
    let mut message = Vec::new();
    let read = DeflateDecoder::new(deflated)
        .take(LARGEST + 1)
        .read_to_end(&mut message)
        .ok()?;
    let snapshot = CompanySnapshot::decode(message.as_slice()).ok()?;
    (read as u64 <= LARGEST && snapshot.company_id == company).then_some(Kept { snapshot, content })
}

/// What is sealed belongs to this customer and this version and opens nowhere else.
fn place(company: &str, head: &[u8]) -> Vec<u8> {
    [company.as_bytes(), &[0], head].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> CompanySnapshot {
        CompanySnapshot {
            company_id: "56657420945678".into(),
            version: Some(proto::v1::Version {
                update_time: 1_762_358_927,
                sequence: 1_762_358_930_000_001,
            }),
            detail_json: br#"{"name":"Ningbo Harbour Trading","tel":"13800000000"}"#.as_slice().into(),
            run_id: "live-1f".into(),
            fetched_at: 1_762_358_930_000,
            settled: true,
            ..CompanySnapshot::default()
        }
    }

    fn keys(byte: u8) -> SnapshotKeys {
        SnapshotKeys::of(&[[byte; 32]]).unwrap()
    }

    #[test]
    fn versions_sort_as_text() {
        let of = |update_time, sequence| {
            order(Version {
                update_time,
                sequence,
            })
        };
        assert_eq!(of(5, 9).len(), ORDER);
        assert!(of(5, 9) < of(5, 10) && of(5, u64::MAX) < of(6, 0) && of(-1, 0) <= of(0, 0));
    }

    #[test]
    fn what_is_kept_comes_back_without_its_run() {
        for keys in [SnapshotKeys::default(), keys(1)] {
            let value = pack(&snapshot(), Some([7; CONTENT]), &keys).unwrap();
            let kept = unpack("56657420945678", &value, &keys).unwrap();
            assert_eq!(kept.content, Some([7; CONTENT]));
            assert_eq!(
                kept.snapshot,
                CompanySnapshot {
                    run_id: String::new(),
                    ..snapshot()
                }
            );
            assert_eq!(
                unpack("7", &value, &keys),
                Err(Unusable::Damaged),
                "another customer's"
            );
        }
    }

    #[test]
    fn a_sealed_one_shows_nothing_and_says_which_key_is_missing() {
        let value = pack(&snapshot(), None, &keys(1)).unwrap();
        assert!(!value.windows(4).any(|bytes| bytes == b"Ning" || bytes == b"1380"));
        let of = |keys: &SnapshotKeys| unpack("56657420945678", &value, keys).map(|kept| kept.content);
        let Err(Unusable::OtherKey(id)) = of(&keys(2)) else {
            panic!("opened with another key")
        };
        assert_eq!(of(&SnapshotKeys::default()), Err(Unusable::NoKey(id)));
        let both = SnapshotKeys::of(&[[2; 32], [1; 32]]).unwrap();
        assert_eq!(of(&both), Ok(None), "an earlier key still opens");
        let mut changed = value.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(
            unpack("56657420945678", &changed, &keys(1)),
            Err(Unusable::Damaged)
        );
        let mut older = value.clone();
        older[31] = b'0';
        assert_eq!(
            unpack("56657420945678", &older, &keys(1)),
            Err(Unusable::Damaged),
            "another version"
        );
    }

    #[test]
    fn nothing_that_is_damaged_is_taken_for_a_snapshot() {
        let value = pack(&snapshot(), Some([7; CONTENT]), &SnapshotKeys::default()).unwrap();
        for end in 0..value.len() {
            let cut = unpack("56657420945678", &value[..end], &SnapshotKeys::default());
            assert_eq!(cut, Err(Unusable::Damaged), "{end}");
        }
        let mut newer = value;
        newer[32] = 0x20;
        let read = unpack("56657420945678", &newer, &SnapshotKeys::default());
        assert_eq!(read, Err(Unusable::Damaged));
    }
}
