//! Whatever Jiandaoyun, or something in its place, answers: reading it neither panics nor makes much of little.

use proptest::prelude::*;
use proptest::sample::Index;
use serde::de::DeserializeOwned;

use super::form::Form;
use super::judge::judge;
use super::types::{BatchCreated, OneRow, Page, Reply, Status, Updated, Widgets, text, written_at_ms};

const ANSWERS: [&str; 8] = [
    r#"{"status":"success","success_count":2,"success_ids":["59264073a2a60c0c08e20bfb","x"]}"#,
    r#"{"data":{"_id":"59264073a2a60c0c08e20bfb","_widget_1":"客户"}}"#,
    r#"{"status":"success"}"#,
    r#"{"data":[{"_id":"a","createTime":"2026-01-21T08:02:22.000Z","updateTime":"2026-01-21T08:02:22.000Z","_widget_1":{"province":"x"}}]}"#,
    r#"{"widgets":[{"name":"_widget_1","label":"名称","type":"text"},{"name":"s","type":"subform","items":[{"name":"i","type":"number"}]}]}"#,
    r#"{"code":17018,"msg":"The API key is invalid."}"#,
    r#"{"code":"4001","msg":null,"message":"x","message":"y"}"#,
    r#"{"status":"Success","success_count":"2.0","success_ids":null,"data":{"_id":7}}"#,
];

/// What the call made of it; words about a refusal are cut.
fn judged<T: DeserializeOwned>(status: u16, body: &[u8]) -> Option<T> {
    match judge::<T>(status, body) {
        Reply::Ok(answer) => Some(answer),
        Reply::Refused(refusal) => {
            assert!(refusal.describe().len() < 2_000);
            None
        }
        Reply::Unknown(why) => {
            assert!(why.len() < 2_000);
            None
        }
        Reply::Unsent(_) => None,
    }
}

fn all(status: u16, body: &[u8]) {
    if let Some(created) = judged::<BatchCreated>(status, body) {
        assert!(created.success_ids.len() <= body.len());
    }
    let _row = judged::<OneRow>(status, body);
    let _status = judged::<Status>(status, body);
    let _updated = judged::<Updated>(status, body);
    for row in judged::<Page>(status, body)
        .map(|page| page.data)
        .unwrap_or_default()
    {
        let _written = (written_at_ms(&row), text(&row, "_id").len());
    }
    if let Some(found) = judged::<Widgets>(status, body) {
        let count = found.widgets.len();
        assert!(count <= body.len());
        if let Ok(form) = Form::new(found.widgets, Some("_widget_1".to_owned())) {
            assert!(form.len() <= count);
        }
    }
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![
        Just(200u16),
        prop::sample::select(&[400, 401, 403, 404, 413, 429, 500, 579][..]),
        any::<u16>()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_an_answer_or_no_answer(status in status(), body in prop::collection::vec(any::<u8>(), 0..300)) {
        all(status, &body);
    }

    #[test]
    fn damaged_answers_are_answers_or_none(
        status in status(),
        which in 0..ANSWERS.len(),
        damage in prop::collection::vec((any::<Index>(), prop_oneof![any::<u8>(), prop::sample::select(&b"\"{}[],:0-9e\\"[..])]), 1..6),
        end in any::<Option<Index>>(),
    ) {
        let mut body = ANSWERS[which].as_bytes().to_vec();
        for (place, byte) in damage {
            let place = place.index(body.len());
            body[place] = byte;
        }
        if let Some(end) = end {
            body.truncate(end.index(body.len()));
        }
        all(status, &body);
    }
}

#[test]
fn nesting_has_an_end() {
    let deep = format!(r#"{{"data":[{}]}}"#, "[".repeat(100_000) + &"]".repeat(100_000));
    all(200, deep.as_bytes());
    let widgets = r#"{"name":"s","items":["#.repeat(50_000) + &"]}".repeat(50_000);
    all(200, format!(r#"{{"widgets":[{widgets}]}}"#).as_bytes());
}
