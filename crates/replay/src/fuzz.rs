//! Whatever lies in a dead-letter queue, in an export, in an edited body or in the record of a plan: reading it neither
//! panics nor makes much of little.

use crate::{
    browse::filter::Filter,
    cli::print,
    exchange,
    letter::{Letter, body, fingerprint::fingerprint},
    plan::read,
    query::{Query, Word},
};

use pipeline::failure::{
    identity,
    record::{FailureRecord, extend_history},
};
use pipeline::{
    failure::Failure,
    message::{Death, Envelope, Subject},
    stage::Stage,
};

use proptest::{prelude::*, sample::Index};
use prost::Message;
use proto::v1::{CompanyRef, CompanySnapshot, FieldValue, FormRecord, field_value};
use serde_json::Value;

const KINDS: [&str; 4] = [
    CompanyRef::TYPE,
    CompanySnapshot::TYPE,
    FormRecord::TYPE,
    "foreign.v1.Thing",
];
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Any text that a header may hold, often JSON of a kind that another header holds.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        prop::sample::select(
            &[
                "",
                "{}",
                "[]",
                "null",
                "7",
                "\"x\"",
                "[{}]",
                "p-1/00ff",
                "m~0123456789abcdef"
            ][..]
        )
        .prop_map(str::to_owned),
    ]
}

/// Any envelope; how headers become one is the matter of `pipeline`.
fn any_envelope() -> impl Strategy<Value = Envelope> {
    let ids = (text(), text(), text(), text());
    let numbers = (any::<u32>(), any::<i64>(), any::<u32>());
    let texts = (text(), prop::collection::vec(prop::option::of(text()), 8));
    (prop::sample::select(&KINDS[..]), ids, numbers, texts).prop_map(
        |(kind, ids, numbers, (history, texts))| {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().flatten();
            Envelope {
                kind: kind.to_owned(),
                message_id: ids.0,
                company_id: ids.1,
                version: ids.2,
                run_id: ids.3,
                attempt: numbers.0,
                first_seen_ms: numbers.1,
                replays: numbers.2,
                history,
                traceparent: next(),
                replay: next(),
                reason: next(),
                failure: next(),
                lane: next(),
                repair_of: next(),
                archived: next(),
                life: next(),
                suspect: numbers.2 % 2 == 1,
            }
        },
    )
}

fn any_death() -> impl Strategy<Value = Death> {
    let reason = prop_oneof![".{0,40}", Just("delivery_limit".to_owned()), Just(String::new())];
    (reason, any::<i64>()).prop_map(|(reason, at_ms)| Death { reason, at_ms })
}

/// Bytes put in the place of others.
fn damaged(text: &str, damage: &[(Index, u8)], end: Option<Index>) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (place, byte) in damage {
        let place = place.index(bytes.len());
        bytes[place] = *byte;
    }
    if let Some(end) = end {
        bytes.truncate(end.index(bytes.len()));
    }
    bytes
}

fn damage() -> impl Strategy<Value = (Vec<(Index, u8)>, Option<Index>)> {
    let byte = prop_oneof![any::<u8>(), prop::sample::select(&b"\"{}[],:0-e\\"[..])];
    (
        prop::collection::vec((any::<Index>(), byte), 1..5),
        any::<Option<Index>>(),
    )
}

/// A record with everything that can be in one.
fn failure_record() -> FailureRecord {
    let failure = Failure {
        field: Some("电话 (_widget_1)".to_owned()),
        ..Failure::new("row-refused", "row 7 of 100 refused")
    };
    let envelope = Envelope {
        message_id: "FormRecord:7:1:2".to_owned(),
        replay: Some("p-1/00ff".to_owned()),
        ..Envelope::default()
    };
    let attempts = extend_history("", &failure, 1_700_000_000_000, "dead".to_owned());
    FailureRecord::new(
        Stage::Load,
        "t.load".to_owned(),
        (&envelope, b"body"),
        &failure,
        attempts,
        "host",
    )
}

fn form_record(text: &str) -> FormRecord {
    FormRecord {
        company_id: "7".to_owned(),
        fields: vec![
            FieldValue {
                field: "a".to_owned(),
                label: "名称".to_owned(),
                value: Some(field_value::Value::Text(text.to_owned())),
            },
            FieldValue {
                field: "b".to_owned(),
                label: String::new(),
                value: Some(field_value::Value::Json(br#"{"x":[1]}"#.to_vec().into())),
            },
        ],
        ..FormRecord::default()
    }
}

/// Everything that the commands do with a letter.
fn everything(letter: &Letter, size: usize) {
    let record = serde_json::to_string(&letter.record).unwrap();
    assert!(
        record.len() <= 8 * size + 4_096,
        "{} from {size} bytes",
        record.len()
    );
    assert!(identity::digits(&letter.record.id).is_some());
    assert_eq!(fingerprint(&letter.record).len(), 8);
    let filter = Filter::from(Query::of(Word::Text, "nothing"));
    let _matches = filter.matches(letter);
    let (back, moved) = (
        letter.back("p-1/00"),
        letter.moved("t.load.dead".to_owned(), |_| {}),
    );
    assert_eq!(
        (back.body(), moved.body()),
        (&letter.body, &letter.body),
        "the body stays as it is"
    );
    let mut out = Vec::new();
    print::letter(&mut out, letter, "00000000").unwrap();
    print::row(
        &mut out,
        &letter.record,
        "00000000",
        letter.archived().as_ref(),
        true,
    )
    .unwrap();
    if let Ok(shown) = body::to_json(letter.kind(), &letter.body) {
        print::body(&mut out, &shown).unwrap();
    }
    assert!(out.len() <= 64 * size + 8_192, "{} from {size} bytes", out.len());
}

fn letter(envelope: Envelope, death: &Death, body: Vec<u8>) -> Letter {
    Letter::read(Stage::Load, "t.load", envelope, death, body.into())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_headers_and_any_body_make_a_letter(
        (envelope, death) in (any_envelope(), any_death()),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let size = serde_json::to_string(&envelope).unwrap().len() + death.reason.len() + body.len();
        everything(&letter(envelope, &death, body), size);
    }

    #[test]
    fn a_damaged_failure_record_makes_a_letter((damage, end) in damage(), which in 0usize..3, text in ".{0,12}") {
        let mut envelope = Envelope { kind: FormRecord::TYPE.to_owned(), ..Envelope::default() };
        let damage = |json: &str| String::from_utf8_lossy(&damaged(json, &damage, end)).into_owned();
        let size = match which {
            0 => envelope.failure.insert(damage(&serde_json::to_string(&failure_record()).unwrap())).len(),
            1 => {
                envelope.history = damage(&serde_json::to_string(&failure_record().attempts).unwrap());
                envelope.history.len()
            }
            _ => envelope.archived.insert(damage(r#"{"operation":"d-1","operator":"bob","reason":"x","at":1}"#)).len(),
        };
        let body = form_record(&text).encode_to_vec();
        everything(&letter(envelope, &Death::default(), body), size + text.len() + 200);
    }

    #[test]
    fn any_edited_body_fits_the_schema_or_is_refused((damage, end) in damage(), text in ".{0,12}") {
        let original = form_record(&text).encode_to_vec();
        let shown = body::to_json(FormRecord::TYPE, &original).unwrap();
        let edited = damaged(&shown.to_string(), &damage, end);
        let Ok(edited) = serde_json::from_slice::<Value>(&edited) else { return Ok(()) };
        for kind in KINDS {
            if let Ok(body) = body::from_json(kind, &edited, &original) {
                prop_assert!(body.len() <= 4 * original.len() + 256);
                prop_assert!(body::to_json(kind, &body).is_ok());
            }
        }
    }

    #[test]
    fn any_line_of_an_export_is_a_letter_or_refused((damage, end) in damage(), text in ".{0,12}") {
        let line = exchange::line(&"t".parse().unwrap(), Stage::Load, &failure_record(), &form_record(&text));
        prop_assert!(exchange::read(&line, &"t".parse().unwrap(), Stage::Load, false).is_ok());
        let damaged = damaged(&line, &damage, end);
        let read = exchange::read(&String::from_utf8_lossy(&damaged), &"t".parse().unwrap(), Stage::Load, true);
        if let Ok(letter) = read {
            prop_assert!(letter.body().len() <= line.len());
        }
    }

    #[test]
    fn any_line_at_all_is_refused(line in ".{0,200}") {
        prop_assert!(exchange::read(&line, &"t".parse().unwrap(), Stage::Load, true).is_err());
    }

    #[test]
    fn any_record_of_a_plan_is_a_plan_or_none(
        fields in prop::collection::btree_map(
            prop_oneof![
                prop::sample::select(&["state", "stage", "filter", "made_at", "total", "sent", "options", "repair", "n:dead"][..]).prop_map(str::to_owned),
                "(n:)?.{0,6}",
            ],
            prop_oneof![
                ".{0,20}",
                prop::sample::select(&["planned", "running", "18446744073709551616", "-1", "{}", "{\"rate\":0}", "\"remap\""][..]).prop_map(str::to_owned),
            ],
            0..10,
        ),
        known in any::<bool>(),
    ) {
        let mut fields = fields;
        if known {
            fields.insert("state".to_owned(), "running".to_owned());
        }
        if let Some(plan) = read::read("p-1", &fields) {
            let _counts = (plan.known(), plan.failed(), plan.under_way());
            prop_assert!(print::outcomes(&plan).len() < 1_000);
            let mut out = Vec::new();
            print::plans(&mut out, std::iter::once(&plan)).unwrap();
        } else {
            prop_assert!(!known);
        }
    }
}
