//! Whatever arrives as a message: decoding neither panics nor makes much of little.
#![allow(clippy::unwrap_used, missing_docs)]

use proptest::prelude::*;
use prost::Message;
use proto::v1::{
    Address, CompanyRef, CompanySnapshot, Events, FieldValue, FormRecord, Subform, SubformRow, TextList,
    Version, field_value,
};

/// What decoding may keep for a byte of input: an empty entry of a repeated field is two bytes on the wire.
const GROWTH: usize = 256;

fn decoded<M: Message + Default + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(message) = M::decode(bytes) else { return };
    // What is kept can be said in as many bytes, up to what spells numbers in a longer way than necessary.
    let again = message.encode_to_vec();
    assert!(
        again.len() <= bytes.len() + 16,
        "{} from {} bytes",
        again.len(),
        bytes.len()
    );
    assert_eq!(M::decode(again.as_slice()).unwrap().encode_to_vec(), again);
    assert!(format!("{message:?}").len() <= GROWTH * (bytes.len() + 16));
}

fn all(bytes: &[u8]) {
    decoded::<CompanyRef>(bytes);
    decoded::<CompanySnapshot>(bytes);
    decoded::<FormRecord>(bytes);
    decoded::<Events>(bytes);
}

fn record(text: &str, rows: usize) -> FormRecord {
    let cell = |field: &str, value| FieldValue {
        field: field.to_owned(),
        label: text.to_owned(),
        value: Some(value),
    };
    let texts = TextList {
        items: vec![text.to_owned(); rows],
    };
    let row = SubformRow {
        fields: vec![cell("inner", field_value::Value::Number("1.5".to_owned()))],
    };
    FormRecord {
        company_id: "56657420945678".to_owned(),
        version: Some(Version {
            update_time: 1_762_358_927,
            sequence: u64::MAX,
        }),
        fields: vec![
            cell("a", field_value::Value::Texts(texts)),
            cell("b", field_value::Value::Address(Address::default())),
            cell(
                "c",
                field_value::Value::Subform(Subform {
                    rows: vec![row; rows],
                }),
            ),
            cell("d", field_value::Value::Json(b"{}".to_vec().into())),
        ],
        ..FormRecord::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        all(&bytes);
    }

    #[test]
    fn damaged_messages_decode_or_are_refused(
        text in ".{0,20}",
        rows in 0usize..4,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = record(&text, rows).encode_to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        all(&bytes);
        bytes.truncate(end.index(bytes.len()));
        all(&bytes);
    }
}

/// A length that promises gigabytes, and groups within groups.
#[test]
fn promises_are_not_believed() {
    all(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]);
    all(&[0x0b; 100_000]);
    all(&[0x9a, 0x01].repeat(50_000));
}
