//! The message that a fetched or removed customer becomes, if what was fetched can be put in order.

use crate::okki::{Detail, time};
use pipeline::{failure::Failure, version::Version};
use proto::v1::{self, CompanyRef, CompanySnapshot};

/// A second of the vendor's clock can still hide a change this long after it began.
const STILL_CHANGES_S: i64 = 2;

/// What orders the answer to a call among what else is known of the customer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Taken before the call.
    pub sequence: u64,
    /// When the call began, unix milliseconds.
    pub at_ms: i64,
    /// The time of the removal after which this was asked: whoever comes back, or goes again, with an older update time is
    /// newer than that removal all the same.
    pub not_before: i64,
}

impl Asked {
    /// After the newest removal of a customer.
    #[must_use]
    pub(crate) fn after(self, removed: Option<Version>) -> Self {
        Self {
            not_before: removed.map_or(0, |removed| removed.update_time),
            ..self
        }
    }

    /// The same for a state that OKKI shows. That somebody was listed, or that a person asks, after the removal was handed
    /// on says that he is back; any other answer may be that of a replica which does not know of the removal yet.
    #[must_use]
    pub(crate) fn of_state(self, wanted: &CompanyRef, removed: Option<Version>) -> Self {
        let says_so = !wanted.hint || wanted.force;
        self.after(removed.filter(|removed| says_so && wanted.sequence > removed.sequence))
    }
}

/// A customer as OKKI shows it: the newer knowledge of its update time, the detail byte for byte.
pub(crate) fn snapshot(wanted: &CompanyRef, detail: Detail, asked: Asked) -> CompanySnapshot {
    let stamp = Stamp::of(&detail);
    CompanySnapshot {
        detail_json: String::from(Box::<str>::from(detail.json)).into_bytes().into(),
        ..stamped(wanted, stamp, asked)
    }
}

/// A customer that is there and outside of the filter.
pub(crate) fn leaving(wanted: &CompanyRef, stamp: Stamp, asked: Asked) -> CompanySnapshot {
    CompanySnapshot {
        removed: true,
        filtered: true,
        ..stamped(wanted, stamp, asked)
    }
}

/// When a detail was so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    /// No later than what can be.
    update_time: Option<i64>,
    now: Option<i64>,
}

impl Stamp {
    pub(crate) fn of(detail: &Detail) -> Self {
        Self {
            update_time: detail.ahead.or(detail.update_time),
            now: detail.now,
        }
    }
}

fn stamped(wanted: &CompanyRef, stamp: Stamp, asked: Asked) -> CompanySnapshot {
    let update_time = stamp
        .update_time
        .unwrap_or(wanted.update_time)
        .max(asked.not_before);
    CompanySnapshot {
        company_id: wanted.company_id.clone(),
        version: Some(v1::Version {
            update_time,
            sequence: asked.sequence,
        }),
        run_id: wanted.run_id.clone(),
        fetched_at: asked.at_ms,
        lane: wanted.lane,
        settled: stamp.now.is_some_and(|now| now >= update_time + STILL_CHANGES_S),
        ..CompanySnapshot::default()
    }
}

/// Why a detail cannot be handed on as the newest state: it is older than the row, as from a replica that is behind, or
/// nothing says how old it is.
pub(crate) fn unordered(wanted: &CompanyRef, detail: &Detail, asked: Asked) -> Option<Failure> {
    let listed = wanted.update_time;
    match detail.update_time {
        // What a loader wants fetched again has the version that its return was given.
        Some(shown) if shown < listed && listed != asked.not_before => Some(Failure::new(
            "okki-older-detail",
            words::tr!(
                "the detail is of {}, the listing shows {}",
                time::stamp(shown),
                time::stamp(listed)
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
pub(crate) fn removal(wanted: &CompanyRef, asked: Asked) -> CompanySnapshot {
    CompanySnapshot {
        company_id: wanted.company_id.clone(),
        version: Some(v1::Version {
            update_time: wanted.update_time.max(asked.not_before),
            sequence: asked.sequence,
        }),
        removed: true,
        filtered: false,
        unlisted: false,
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
    use pipeline::message::Subject as _;

    const ASKED: Asked = Asked {
        sequence: 5,
        at_ms: 9,
        not_before: 0,
    };

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
            ahead: None,
            now,
            closes: false,
        }
    }

    #[test]
    fn a_snapshot_takes_the_newer_knowledge_and_keeps_the_bytes() {
        let snapshot = super::snapshot(&wanted(), detail(Some(120), Some(122)), ASKED);
        assert_eq!(
            snapshot.version,
            Some(v1::Version {
                update_time: 120,
                sequence: 5
            })
        );
        assert_eq!(snapshot.detail_json.as_ref(), br#"{"company_id":7}"#);
        assert!(snapshot.settled && !snapshot.removed);
        let gone = leaving(&wanted(), Stamp::of(&detail(Some(120), Some(122))), ASKED);
        assert!(gone.removed && gone.filtered && gone.detail_json.is_empty());
        assert_eq!(gone.version, snapshot.version);
        assert_eq!(
            super::snapshot(&wanted(), detail(None, None), ASKED)
                .version
                .unwrap()
                .update_time,
            100
        );
    }

    #[test]
    fn a_state_that_lies_ahead_is_one_of_now() {
        let shown = Detail {
            ahead: Some(130),
            ..detail(Some(9_000), Some(130))
        };
        let wanted = CompanyRef {
            update_time: 9_000,
            ..wanted()
        };
        assert!(unordered(&wanted, &shown, ASKED).is_none(), "the listing agrees");
        let snapshot = super::snapshot(&wanted, shown, ASKED);
        assert_eq!(snapshot.version().update_time, 130);
        assert!(!snapshot.settled, "it may change in the same second");
    }

    #[test]
    fn an_older_detail_and_one_without_any_time_are_no_newest_state() {
        let code = |listed, shown| {
            let wanted = CompanyRef {
                update_time: listed,
                ..wanted()
            };
            unordered(&wanted, &detail(shown, None), ASKED).map(|failure| failure.code)
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
        assert!(!super::snapshot(&wanted(), detail(Some(120), Some(121)), ASKED).settled);
        assert!(!super::snapshot(&wanted(), detail(Some(120), None), ASKED).settled);
        assert!(super::snapshot(&wanted(), detail(None, Some(102)), ASKED).settled);
    }

    #[test]
    fn who_comes_back_is_newer_than_the_removal_and_an_answer_of_before_is_not() {
        let newest = Version {
            update_time: 500,
            sequence: 3,
        };
        let removed = Some(newest);
        let time = |sequence, hint, force| {
            let wanted = CompanyRef {
                sequence,
                hint,
                force,
                ..wanted()
            };
            let asked = ASKED.of_state(&wanted, removed);
            let back = super::snapshot(&wanted, detail(Some(120), None), asked);
            (
                back.version().update_time,
                unordered(&wanted, &detail(Some(120), None), asked).is_none(),
            )
        };
        assert_eq!(time(4, false, false), (500, true), "listed after the removal");
        assert_eq!(time(4, true, true), (500, true), "a person asks");
        assert_eq!(time(2, false, false), (120, true), "listed before it");
        assert_eq!(time(4, true, false), (120, true), "an event says nothing");
        let again = removal(&wanted(), ASKED.after(removed)).version();
        assert!(again > newest, "{again}");
        // A loader asks for a state under the version that it has.
        let wanted = CompanyRef {
            update_time: 500,
            sequence: 4,
            ..wanted()
        };
        let asked = ASKED.of_state(&wanted, removed);
        assert!(unordered(&wanted, &detail(Some(120), None), asked).is_none());
    }
}
