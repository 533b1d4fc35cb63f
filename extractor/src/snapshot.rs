//! The message that a fetched or removed customer becomes, if what was fetched can be put in order.

use crate::okki::{Detail, time};
use pipeline::failure::Failure;
use proto::v1::{self, CompanyRef, CompanySnapshot};

/// A second of the vendor's clock can still hide a change this long after it began.
const STILL_CHANGES_S: i64 = 2;

/// A customer as OKKI shows it: the newer knowledge of its update time, the detail byte for byte.
pub(crate) fn snapshot(
    wanted: &CompanyRef,
    detail: Detail,
    sequence: u64,
    fetched_at: i64,
) -> CompanySnapshot {
    let stamp = Stamp::of(&detail);
    CompanySnapshot {
        detail_json: String::from(Box::<str>::from(detail.json)).into_bytes().into(),
        ..stamped(wanted, stamp, sequence, fetched_at)
    }
}

/// A customer that is there and outside of the filter.
pub(crate) fn leaving(wanted: &CompanyRef, stamp: Stamp, sequence: u64, fetched_at: i64) -> CompanySnapshot {
    CompanySnapshot {
        removed: true,
        filtered: true,
        ..stamped(wanted, stamp, sequence, fetched_at)
    }
}

/// When a detail was so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    update_time: Option<i64>,
    now: Option<i64>,
}

impl Stamp {
    pub(crate) const fn of(detail: &Detail) -> Self {
        Self {
            update_time: detail.update_time,
            now: detail.now,
        }
    }
}

fn stamped(wanted: &CompanyRef, stamp: Stamp, sequence: u64, fetched_at: i64) -> CompanySnapshot {
    let update_time = stamp.update_time.unwrap_or(wanted.update_time);
    CompanySnapshot {
        company_id: wanted.company_id.clone(),
        version: Some(v1::Version {
            update_time,
            sequence,
        }),
        run_id: wanted.run_id.clone(),
        fetched_at,
        lane: wanted.lane,
        settled: stamp.now.is_some_and(|now| now >= update_time + STILL_CHANGES_S),
        ..CompanySnapshot::default()
    }
}

/// Why a detail cannot be handed on as the newest state: it is older than the row, as from a replica that is behind, or
/// nothing says how old it is.
pub(crate) fn unordered(wanted: &CompanyRef, detail: &Detail) -> Option<Failure> {
    let listed = wanted.update_time;
    match detail.update_time {
        Some(shown) if shown < listed => Some(Failure::new(
            "okki-older-detail",
            words::tr!(
                "the detail is of {}, the listing shows {}",
                time::format(shown),
                time::format(listed)
            ),
        )),
        None if listed <= 0 => Some(Failure::new(
            "okki-unexpected-shape",
            words::tr!("neither the listing nor the detail has an `update_time`"),
        )),
        _ => None,
    }
}

/// A customer that OKKI lists as deleted.
pub(crate) fn removal(wanted: &CompanyRef, sequence: u64) -> CompanySnapshot {
    CompanySnapshot {
        company_id: wanted.company_id.clone(),
        version: Some(v1::Version {
            update_time: wanted.update_time,
            sequence,
        }),
        removed: true,
        filtered: false,
        detail_json: bytes::Bytes::new(),
        run_id: wanted.run_id.clone(),
        fetched_at: time::now_ms(),
        lane: wanted.lane,
        settled: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> CompanyRef {
        CompanyRef {
            company_id: "7".into(),
            update_time: 100,
            run_id: "r".into(),
            ..CompanyRef::default()
        }
    }

    fn detail(update_time: Option<i64>, now: Option<i64>) -> Detail {
        Detail {
            json: serde_json::from_str(r#"{"company_id":7}"#).unwrap(),
            update_time,
            now,
            closes: false,
        }
    }

    #[test]
    fn a_snapshot_takes_the_newer_knowledge_and_keeps_the_bytes() {
        let snapshot = super::snapshot(&wanted(), detail(Some(120), Some(122)), 5, 9);
        assert_eq!(
            snapshot.version,
            Some(v1::Version {
                update_time: 120,
                sequence: 5
            })
        );
        assert_eq!(snapshot.detail_json.as_ref(), br#"{"company_id":7}"#);
        assert!(snapshot.settled && !snapshot.removed);
        let gone = leaving(&wanted(), Stamp::of(&detail(Some(120), Some(122))), 5, 9);
        assert!(gone.removed && gone.filtered && gone.detail_json.is_empty());
        assert_eq!(gone.version, snapshot.version);
        assert_eq!(
            super::snapshot(&wanted(), detail(None, None), 5, 9)
                .version
                .unwrap()
                .update_time,
            100
        );
    }

    #[test]
    fn an_older_detail_and_one_without_any_time_are_no_newest_state() {
        let code = |listed, shown| {
            let wanted = CompanyRef {
                update_time: listed,
                ..wanted()
            };
            unordered(&wanted, &detail(shown, None)).map(|failure| failure.code)
        };
        assert_eq!(code(100, Some(99)), Some("okki-older-detail"));
        assert_eq!(code(100, Some(100)), None);
        assert_eq!(code(100, Some(101)), None);
        assert_eq!(code(0, Some(5)), None);
        assert_eq!(code(100, None), None);
        assert_eq!(code(0, None), Some("okki-unexpected-shape"));
    }

    #[test]
    fn no_change_can_hide_when_the_second_of_a_state_is_over() {
        assert!(!super::snapshot(&wanted(), detail(Some(120), Some(121)), 5, 9).settled);
        assert!(!super::snapshot(&wanted(), detail(Some(120), None), 5, 9).settled);
        assert!(super::snapshot(&wanted(), detail(None, Some(102)), 5, 9).settled);
    }
}
