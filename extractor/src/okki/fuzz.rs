//! Whatever OKKI, or something in its place, answers: reading it neither panics nor makes much of little.

use super::{client::grant, dictionary, envelope, types};
use proptest::{prelude::*, sample::Index};
use serde_json::value::RawValue;

const ANSWERS: [&str; 7] = [
    r#"{"code":200,"message":"ok","now":"2026-01-21 16:02:22","data":{"totalItem":2,"list":[{"company_id":7,"update_time":"2026-01-21 16:02:22"},{"company_id":"8"}]}}"#,
    r#"{"code":0,"data":{"company_id":7,"name":"x","update_time":"2026-01-21 16:02:22","company":[{"fields":[]}]}}"#,
    r#"{"token_type":"Bearer","access_token":"t","expires_in":28800}"#,
    r#"{"code":200,"data":{"access_token":"t","expires_in":"28800"}}"#,
    r#"{"code":"200.0","message":null,"msg":"ok","now":0,"data":{"totalItem":"1.0","list":{"3":{"company_id":"7","company_id":8}}}}"#,
    r#"{"code":200,"data":[{"id":"name","name":"公司名称","field_type":"1"},{"name":"g","fields":[{"id":7,"name":"f","field_type":4}]}]}"#,
    r#"{"code":200,"data":[{"id":5,"name":"g","child":[{"id":"6","name":"h"}]}]}"#,
];

/// Whatever is made of an answer is no larger than the answer, up to a sentence.
fn all(status: u16, body: &[u8]) {
    let most = 4 * body.len() + 1_000;
    if let Err(error) = grant::read(status, None, body, 1_762_358_927_000) {
        assert!(error.to_string().len() <= most);
    }
    let answer = match envelope::read(status, None, body) {
        Ok(answer) => answer,
        Err(error) => return assert!(error.to_string().len() <= most),
    };
    data(answer.data, body.len());
}

fn data(data: Box<RawValue>, size: usize) {
    let _group = types::read_groups(&data, "6");
    if let Ok(fields) = dictionary::read_fields(&data, false) {
        assert!(fields.len() <= size);
    }
    for page in [false, true]
        .map(|later| types::read_page(&data, None, later))
        .into_iter()
        .flatten()
    {
        assert!(page.rows() <= size as u64);
        assert!(page.damaged.iter().map(|row| row.reason.len()).sum::<usize>() <= 64 * size);
    }
    if let Ok(detail) = types::read_detail(data, None, "7") {
        assert!(detail.json.get().len() <= size);
    }
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![
        Just(200u16),
        prop::sample::select(&[201, 400, 401, 403, 404, 429, 500, 503][..]),
        any::<u16>()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_an_answer_or_an_error(status in status(), body in prop::collection::vec(any::<u8>(), 0..300)) {
        all(status, &body);
    }

    #[test]
    fn damaged_answers_are_answers_or_errors(
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

    #[test]
    fn any_life_of_a_token_is_taken(life in any::<i64>()) {
        let body = format!(r#"{{"access_token":"t","expires_in":{life}}}"#);
        prop_assert!(grant::read(200, None, body.as_bytes(), 1_762_358_927_000).is_ok());
    }
}

#[test]
fn a_token_that_no_header_can_carry_is_none() {
    for odd in ["a b", "a\\r\\nX: y", "密", ""] {
        let body = format!(r#"{{"access_token":"{odd}","expires_in":100}}"#);
        assert!(grant::read(200, None, body.as_bytes(), 0).is_err(), "{odd}");
    }
    // What stands around it is no part of it.
    assert!(grant::read(200, None, br#"{"access_token":"ab\n"}"#, 0).is_ok());
}

#[test]
fn nesting_has_an_end() {
    for (open, close) in [("[", "]"), (r#"{"data":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        all(200, deep.as_bytes());
        all(200, format!(r#"{{"code":200,"data":{deep}}}"#).as_bytes());
    }
}
