//! Bytes of earlier versions of the contract: they decode, and what is new is read as what it was before.
#![allow(clippy::unwrap_used, missing_docs)]

use prost::Message;
use proto::v1::{CompanyRef, CompanySnapshot, FormRecord, Operation, Version};
use proto::v2::{Bundle, BundledRecord};

/// `company_id` 7, `version` (5, 6).
const SUBJECT: [u8; 9] = [0x0a, 1, b'7', 0x12, 4, 0x08, 5, 0x10, 6];

fn with(more: &[u8]) -> Vec<u8> {
    [&SUBJECT[..], more].concat()
}

fn version() -> Option<Version> {
    Some(Version {
        update_time: 5,
        sequence: 6,
    })
}

#[test]
fn a_reference_of_0_1_is_what_it_was() {
    let bytes = [
        0x0a, 1, b'7', 0x12, 1, b'r', 0x18, 5, 0x20, 1, 0x28, 6, 0x30, 1, 0x38, 1,
    ];
    let reference = CompanyRef::decode(&bytes[..]).unwrap();
    assert_eq!(
        (reference.company_id.as_str(), reference.run_id.as_str()),
        ("7", "r")
    );
    assert_eq!(
        (reference.update_time, reference.sequence, reference.lane),
        (5, 6, 1)
    );
    assert!(reference.removed && reference.force);
    assert_eq!(reference.encode_to_vec(), bytes);
}

#[test]
fn a_removal_of_0_2_is_no_leaving() {
    let bytes = with(&[0x18, 1, 0x40, 1]);
    let snapshot = CompanySnapshot::decode(bytes.as_slice()).unwrap();
    assert!(snapshot.removed && snapshot.settled && !snapshot.filtered);
    assert_eq!((snapshot.version, snapshot.encode_to_vec()), (version(), bytes));

    let bytes = with(&[0x20, 1, 0x50, 1]);
    let record = FormRecord::decode(bytes.as_slice()).unwrap();
    assert_eq!(record.operation(), Operation::Remove);
    assert!(record.settled && !record.filtered);
    assert_eq!((record.version, record.encode_to_vec()), (version(), bytes));
}

/// A consumer of 0.2 passes the new field over and sees a removal, which is handled alike.
#[test]
fn a_leaving_is_a_removal_with_one_field_more() {
    let snapshot = CompanySnapshot {
        company_id: "7".to_owned(),
        version: version(),
        removed: true,
        filtered: true,
        ..CompanySnapshot::default()
    };
    assert_eq!(snapshot.encode_to_vec(), with(&[0x18, 1, 0x48, 1]));
    let record = FormRecord {
        company_id: "7".to_owned(),
        version: version(),
        operation: Operation::Remove.into(),
        filtered: true,
        ..FormRecord::default()
    };
    assert_eq!(record.encode_to_vec(), with(&[0x20, 1, 0x58, 1]));
}

#[test]
fn a_bundle_is_what_it_was() {
    let record = [
        &[
            0x0a, 1, 1, 0x12, 1, b'm', 0x18, 2, 0x20, 7, 0x2a, 1, b'r', 0x32, 1, b'7', 0x3a, 3,
        ][..],
        b"5:6",
        &[0x42, 1, b't', 0x4a, 1, b'p', 0x50, 1, 0x5a, 1, b'l'],
    ]
    .concat();
    let head = [&[0x0a, 1, b'k', 0x12, 8][..], b"backfill", &[0x1a, 32]].concat();
    let bytes = [head, record].concat();
    let bundle = Bundle::decode(bytes.as_slice()).unwrap();
    assert_eq!((bundle.kind.as_str(), bundle.lane.as_str()), ("k", "backfill"));
    let expected = BundledRecord {
        body: vec![1].into(),
        message_id: "m".into(),
        attempt: 2,
        first_seen: 7,
        run_id: "r".into(),
        company_id: "7".into(),
        version: "5:6".into(),
        traceparent: "t".into(),
        replay: "p".into(),
        replays: 1,
        repair_of: "l".into(),
    };
    assert_eq!(bundle.records, [expected]);
    assert_eq!(bundle.encode_to_vec(), bytes);
}
