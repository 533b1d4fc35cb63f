//! A claimed batch: its members with exactly the rows that are sent, and taking over the one of a dead loader.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipeline::version::Version;
use uuid::Uuid;

use super::{BatchId, Error, Ledger, Lua, number, schema, script};

static TAKEOVER: Lua = Lua::new(|| script(include_str!("takeover.lua")));
static REGROUP: Lua = Lua::new(|| script(include_str!("regroup.lua")));
static ORPHANS: Lua = Lua::new(|| script(include_str!("orphans.lua")));

/// What a member waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A new row, sent together with the others of the same transaction id.
    Create,
    /// A call of its own.
    Update,
    /// A call of its own.
    Remove,
}

/// One claimed row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Position in the claim; fixes the order within a transaction.
    pub(crate) slot: u32,
    /// What to do.
    pub(crate) kind: Kind,
    pub(crate) company: String,
    /// Hash of the content.
    pub(crate) hash: String,
    /// The row to update or remove; [`Member::unproven`] says when it is only probably so.
    pub(crate) row_id: String,
    /// Exactly what is sent.
    pub(crate) row: Arc<str>,
    /// The transaction it is sent under, for creates.
    pub(crate) transaction: String,
    /// When it may have been sent under it for the first time, Redis' clock.
    pub(crate) first_sent_ms: i64,
}

impl Member {
    /// The row id, when it was taken from an answer by its place and the row was never seen with it.
    pub(crate) fn unproven(&self) -> Option<&str> {
        self.row_id.strip_prefix(schema::BY_PLACE)
    }
}

/// A batch that was taken over.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Proves ownership at commit.
    pub(crate) fence: String,
    /// Redis' clock, ms.
    pub(crate) time_ms: i64,
    /// Another loader has begun it, and is dead.
    pub(crate) of_another: bool,
    /// What is left to do, by slot.
    pub(crate) members: Vec<Member>,
}

impl Ledger {
    /// Takes over a batch whose lease is over; `abandoned`: or one that this process let go of. `None` when another
    /// loader was faster.
    pub(crate) async fn take_over(&self, batch: &str, abandoned: bool) -> Result<Option<Batch>, Error> {
        let lease = self.lease().as_millis().to_string();
        let own = if abandoned { "1" } else { "0" };
        let args = [self.owner().into(), batch.into(), lease.into(), own.into()];
        let answer = match self.call(&TAKEOVER, &args).await {
            Err(Error::Protocol(word)) if word == "BUSY" || word == "GONE" => return Ok(None),
            other => other?,
        };
        let time_ms = number(answer.first())?;
        let fence = answer.get(1).cloned().unwrap_or_default();
        let of_another = answer.get(2).is_some_and(|of_another| of_another == "1");
        let fields: BTreeMap<&str, &str> = answer
            .get(3..)
            .unwrap_or_default()
            .chunks_exact(2)
            .map(|pair| (pair[0].as_str(), pair[1].as_str()))
            .collect();
        let mut members = Vec::new();
        for (name, packed) in &fields {
            if let Some(slot) = name.strip_prefix(schema::batch::MEMBER) {
                members.push(unpack(slot, packed, &fields)?);
            }
        }
        members.sort_unstable_by_key(|member| member.slot);
        Ok(Some(Batch {
            fence,
            time_ms,
            of_another,
            members,
        }))
    }

    /// Gives the members of each group a new transaction id in the ledger and in memory, before they are sent again in
    /// other company.
    pub(crate) async fn regroup(
        &self,
        batch: &str,
        fence: &str,
        groups: &mut [Vec<Member>],
    ) -> Result<(), Error> {
        let count: usize = groups.iter().map(Vec::len).sum();
        let mut args = vec![
            self.owner().into(),
            batch.into(),
            fence.into(),
            count.to_string().into(),
        ];
        let ids: Vec<String> = groups.iter().map(|_| Uuid::new_v4().to_string()).collect();
        for (group, id) in groups.iter().zip(&ids) {
            for member in group {
                args.push(member.slot.to_string().into());
                args.push(id.as_str().into());
            }
        }
        let answer = self.call(&REGROUP, &args).await?;
        let time: i64 = number(answer.first())?;
        for (group, id) in groups.iter_mut().zip(ids.iter()) {
            for member in group {
                member.transaction.clone_from(id);
                member.first_sent_ms = time;
            }
        }
        Ok(())
    }

    /// Some batches whose lease is over.
    pub(crate) async fn orphans(&self, most: usize) -> Result<Vec<BatchId>, Error> {
        self.call(&ORPHANS, &[most.to_string().into()]).await
    }
}

fn unpack(slot: &str, packed: &str, fields: &BTreeMap<&str, &str>) -> Result<Member, Error> {
    let unexpected = || Error::Protocol(words::tr!("member {slot}"));
    let parts: Vec<&str> = packed.split('\n').collect();
    let [kind, company, _version, hash, row_id] = parts[..] else {
        return Err(unexpected());
    };
    let field = |letter: char| {
        fields
            .get(format!("{letter}{slot}").as_str())
            .copied()
            .unwrap_or_default()
    };
    Ok(Member {
        slot: slot.parse().map_err(|_| unexpected())?,
        kind: match kind {
            "c" => Kind::Create,
            "u" => Kind::Update,
            "r" => Kind::Remove,
            _ => return Err(unexpected()),
        },
        company: company.to_owned(),
        hash: hash.to_owned(),
        row_id: row_id.to_owned(),
        row: field(schema::batch::ROW).into(),
        transaction: field(schema::batch::TRANSACTION).to_owned(),
        first_sent_ms: field(schema::batch::FIRST_SENT).parse().unwrap_or(0),
    })
}

/// Digits of base 64 in the order of their bytes.
const DIGITS: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// A version as text that compares like the version itself; short, because every row keeps one.
pub(crate) fn encode_version(version: Version) -> String {
    let time = version.update_time;
    let sign = if time < 0 { 'n' } else { 'p' };
    // A negative number without its sign bit compares like itself, but is never shorter than another one.
    let time = time.cast_unsigned() & (u64::MAX >> 1);
    let mut text = String::from(sign);
    write_number(&mut text, time, sign == 'n');
    write_number(&mut text, version.sequence, false);
    text
}

/// Stands before the revision of the mapping, behind every digit in the order of their bytes.
const MAPPED: char = '~';

/// A version with the revision of the mapping that has made the record, 0 where no mapping has. It compares by version, then
/// by revision; without one it is below all that have one.
pub(crate) fn encode_mapped(version: Version, revision: u64) -> String {
    let mut text = encode_version(version);
    if revision > 0 {
        text.push(MAPPED);
        write_number(&mut text, revision, false);
    }
    text
}

/// The number of digits, and the digits.
fn write_number(text: &mut String, number: u64, whole: bool) {
    let bits = if whole {
        u64::BITS
    } else {
        u64::BITS - number.leading_zeros()
    };
    let digits = bits.div_ceil(6);
    let digit = |value: u64| char::from(DIGITS[usize::try_from(value & 63).unwrap_or(0)]);
    text.push(digit(u64::from(digits)));
    text.extend((0..digits).rev().map(|at| digit(number >> (6 * at))));
}

/// The way back, for people.
pub(crate) fn decode_version(text: &str) -> Option<Version> {
    let (sign, rest) = text.split_at_checked(1)?;
    let (time, rest) = read_number(rest)?;
    let (sequence, _) = read_number(rest)?;
    let sign = if sign == "n" { 1 << 63 } else { 0 };
    Some(Version {
        update_time: (time | sign).cast_signed(),
        sequence,
    })
}

fn read_number(text: &str) -> Option<(u64, &str)> {
    let value = |byte: u8| DIGITS.iter().position(|digit| *digit == byte);
    let (length, rest) = text.split_at_checked(1)?;
    let length = value(*length.as_bytes().first()?)?;
    let (digits, rest) = rest.split_at_checked(length)?;
    let number = digits.bytes().try_fold(0u64, |number, byte| {
        Some((number << 6) | u64::try_from(value(byte)?).ok()?)
    })?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_decide_between_records_of_one_version_only() {
        let version = |update_time, sequence| Version {
            update_time,
            sequence,
        };
        let all: Vec<String> = [
            (version(7, 1), 0),
            (version(7, 1), 63),
            (version(7, 1), 64),
            (version(7, 64), 0),
        ]
        .into_iter()
        .chain([
            (version(8, 1), 1),
            (version(8, 1), 1_795_000_000_000),
            (version(64, 0), 0),
        ])
        .map(|(version, revision)| encode_mapped(version, revision))
        .collect();
        assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
        assert_eq!(decode_version(&all[2]), Some(version(7, 1)));
        assert_eq!(encode_mapped(version(7, 1), 0), encode_version(version(7, 1)));
    }

    #[test]
    fn versions_compare_as_text_like_themselves() {
        let times = [i64::MIN, -1, 0, 1, 1_762_358_927, i64::MAX];
        let sequences = [0, 1, 9, 10, 1_763_900_000_000_001, u64::MAX];
        let all: Vec<Version> = times
            .iter()
            .flat_map(|time| {
                sequences.map(|sequence| Version {
                    update_time: *time,
                    sequence,
                })
            })
            .collect();
        for a in &all {
            assert_eq!(decode_version(&encode_version(*a)), Some(*a));
            for b in &all {
                assert_eq!(
                    encode_version(*a).cmp(&encode_version(*b)),
                    a.cmp(b),
                    "{a:?} {b:?}"
                );
            }
        }
    }
}
