//! Any headers: reading them neither panics nor makes much of little.

use super::{Death, Envelope, envelope};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldArray, FieldTable},
};
use proptest::prelude::*;

const HEADERS: [&str; 16] = [
    envelope::ATTEMPT,
    envelope::FIRST_SEEN,
    envelope::RUN_ID,
    envelope::COMPANY_ID,
    envelope::VERSION,
    envelope::HISTORY,
    envelope::REASON,
    envelope::FAILURE,
    envelope::REPLAY,
    envelope::REPLAYS,
    envelope::ARCHIVED,
    envelope::LIFE,
    envelope::SUSPECT,
    envelope::TRACEPARENT,
    "x-death",
    "x-delivery-count",
];

/// Any header value, nested ones included.
fn value() -> impl Strategy<Value = AMQPValue> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(AMQPValue::Boolean),
        any::<i64>().prop_map(AMQPValue::LongLongInt),
        any::<u32>().prop_map(AMQPValue::LongUInt),
        any::<u64>().prop_map(AMQPValue::Timestamp),
        any::<f64>().prop_map(AMQPValue::Double),
        ".{0,40}".prop_map(|text| AMQPValue::LongString(text.into())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| AMQPValue::LongString(bytes.into())),
        Just(AMQPValue::Void),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let table = prop::collection::vec((name(), inner.clone()), 0..4)
            .prop_map(|fields| AMQPValue::FieldTable(table(fields)));
        let array = prop::collection::vec(inner, 0..4)
            .prop_map(|items| AMQPValue::FieldArray(FieldArray::from(items)));
        prop_oneof![table, array]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(&HEADERS[..]).prop_map(str::to_owned),
        prop::sample::select(&["reason", "time", "count", "queue"][..]).prop_map(str::to_owned),
        "[a-z-]{0,12}",
    ]
}

fn table(fields: Vec<(String, AMQPValue)>) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in fields {
        table.insert(name.as_str().into(), value);
    }
    table
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_headers_make_an_envelope(headers in prop::collection::vec((name(), value()), 0..8), kind in ".{0,40}") {
        let size = format!("{headers:?}").len() + kind.len();
        let properties = BasicProperties::default()
            .with_type(kind.as_str().into())
            .with_headers(table(headers));
        let (envelope, death) = (Envelope::read(&properties), Death::read(&properties));
        let read = serde_json::to_string(&envelope).unwrap().len() + death.reason.len();
        prop_assert!(read <= 8 * size + 4_096, "{} from {} bytes", read, size);
        // What was read can be sent on, and is the same afterwards.
        let again = Envelope::read(&envelope.write());
        prop_assert_eq!(again.kind, envelope.kind);
        prop_assert_eq!(again.failure.unwrap_or_default(), envelope.failure.unwrap_or_default());
    }
}
