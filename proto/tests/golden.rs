//! Bytes of earlier versions of the contract: they decode, and what is new is read as what it was before.
#![allow(clippy::unwrap_used, missing_docs)]

use prost::Message;
use proto::v1::{CompanyRef, CompanySnapshot, FormRecord, Operation, Version};

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
