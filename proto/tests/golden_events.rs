//! Bytes that an earlier version has written decode to what they meant, and are still written so.
#![allow(clippy::unwrap_used, missing_docs)]

use prost::Message;
use proto::v1::{Event, EventStage, Events, Lane, Version, What};

const EVENTS: &str = "
    08031209686f73742d312d30611a05302e322e302098bd9ca6a5332a810109080706050403020110081a0e35363635373432
    30393435363738220f088fedadc8061081b0adc79f8891032a0572756e2d3130013a0172420830613162326333644a043330
    30355218353932363430373361326136306330633038653230626662580262016c6a017070ac027a027b7d82010408011002
    8801059001019801013002
";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn the_events_of_the_first_version_are_read_and_written_as_they_were() {
    let version = |update_time, sequence| {
        Some(Version {
            update_time,
            sequence,
        })
    };
    let event = Event {
        id: 0x0102_0304_0506_0708,
        what: What::Created.into(),
        company_id: "56657420945678".into(),
        version: version(1_762_358_927, 1_763_900_000_000_001),
        run_id: "run-1".into(),
        lane: Lane::Backfill.into(),
        reason: "r".into(),
        group: "0a1b2c3d".into(),
        vendor_code: "3005".into(),
        row_id: "59264073a2a60c0c08e20bfb".into(),
        attempt: 2,
        letter_id: "l".into(),
        plan_id: "p".into(),
        latency_ms: 300,
        failure: "{}".into(),
        published: version(1, 2),
        next_at: 5,
        replays: 1,
        removed: true,
    };
    let events = Events {
        stage: EventStage::Load.into(),
        instance: "host-1-0a".into(),
        program_version: "0.2.0".into(),
        at: 1_762_358_927_000,
        events: vec![event],
        lost: 2,
        audit: None,
    };
    assert_eq!(Events::decode(bytes(EVENTS).as_slice()).unwrap(), events);
    assert_eq!(events.encode_to_vec(), bytes(EVENTS));
}

/// Numbers are for ever: who reads an old stream must find the same words.
#[test]
fn the_numbers_of_what_happened_stay() {
    let numbers = [
        (What::Listed, 1),
        (What::Skipped, 2),
        (What::Missing, 3),
        (What::Filtered, 4),
        (What::Fetched, 5),
        (What::Mapped, 6),
        (What::Duplicate, 7),
        (What::Created, 8),
        (What::Updated, 9),
        (What::Unchanged, 10),
        (What::Superseded, 11),
        (What::Removed, 12),
        (What::Retried, 13),
        (What::Parked, 14),
        (What::Died, 15),
        (What::PutBack, 16),
        (What::Discarded, 17),
        (What::Restored, 18),
        (What::Edited, 19),
        (What::Imported, 20),
        (What::Adopted, 21),
        (What::Refetched, 22),
        (What::Forwarded, 23),
        (What::Written, 24),
    ];
    for (what, number) in numbers {
        assert_eq!(i32::from(what), number, "{what:?}");
    }
}
