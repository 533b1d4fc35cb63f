//! Every dress in which an event may come.

use super::*;

fn push(body: &str) -> Push {
    Push {
        headers: Default::default(),
        query: String::new(),
        body: body.to_owned().into(),
    }
}

fn events(body: &str) -> Vec<Event> {
    read(&push(body), None).unwrap().events
}

fn customers(ids: &[&str]) -> Vec<Event> {
    ids.iter().map(|id| Event::Customer((*id).to_owned())).collect()
}

#[test]
fn a_customer_is_found_in_any_dress() {
    for body in [
        r#"{"company_id":56657420945678,"serial_id":"C7"}"#,
        r#"{"company_id":"56657420945678"}"#,
        r#"{"company_id":5.6657420945678e13}"#,
        r#"{"event":"xiaoman.crm.company.update","data":{"company_id":56657420945678}}"#,
        r#"{"event":"xiaoman.crm.company.update","payload":{"company_id":"56657420945678"}}"#,
        r#"{"type":"xiaoman.crm.company.delete","data":"{\"company_id\":56657420945678}"}"#,
        r#"[{"company_id":56657420945678}]"#,
        r#"{"events":[{"name":"xiaoman.crm.company.create","payload":{"company_id":56657420945678}}]}"#,
        r#"{"message_id":"m","data":{"biz":[{"biz_type":"xiaoman.crm.company.update","biz_data":{"company_id":56657420945678}}]}}"#,
        r#"{"biz":[{"biz_type":"xiaoman.crm.company.update","biz_data":"{\"company_id\":\"56657420945678\"}"}]}"#,
        r#"{"biz":[{"biz_type":"xiaoman.crm.company.update","biz_data":56657420945678}]}"#,
        r#"{"event":"xiaoman.crm.customer.update","data":{"customer_id":1,"company_id":56657420945678}}"#,
        r#"{"type":"company.update","company":{"company_id":56657420945678}}"#,
        r#"{"biz_type":"xiaoman.crm.company.update","biz_data":{"companyId":56657420945678}}"#,
        r#"{"id":"99","biz_type":"xiaoman.crm.company.update","data":{"id":56657420945678}}"#,
        "company_id=56657420945678&serial_id=C7",
        "event=xiaoman.crm.company.update&payload=%7B%22company_id%22%3A56657420945678%7D",
    ] {
        assert_eq!(events(body), customers(&["56657420945678"]), "{body}");
    }
    let several = r#"[{"company_id":1},{"data":[{"company_id":2},{"company_id":3}]},{"company_ids":[4,"5"]},{"company_id":"6,7"}]"#;
    assert_eq!(events(several), customers(&["1", "2", "3", "4", "5", "6", "7"]));
}

#[test]
fn what_names_no_customer_says_so() {
    for body in [
        r#"{"biz_type":"xiaoman.crm.lead.update","biz_data":{"lead_id":7,"company_id":8}}"#,
        r#"{"event":"xiaoman.crm.opportunity.create","company_id":8}"#,
        r#"{"event":"xiaoman.crm.company.update","data":{"company_id":"x"}}"#,
        r#"{"event":"xiaoman.crm.company.update"}"#,
        r#"{"company_id":0}"#,
        r#"{"id":"99","biz_type":"xiaoman.crm.company.update"}"#,
        r#"{"company_id":"../x"}"#,
        r#"{"name":"ACME"}"#,
        "{}",
        "[]",
        "7",
        "null",
        "",
    ] {
        assert_eq!(events(body), [Event::Other], "{body}");
    }
    assert_eq!(
        events(r#"{"event":"xiaoman.crm.customer.update","data":{"customer_id":"7"}}"#),
        [Event::Contact]
    );
    for body in ["<xml/>", "hello", "{\"company_id\":7", "\u{0}"] {
        assert_eq!(read(&push(body), None), Err(Unreadable::Foreign), "{body}");
    }
}

#[test]
fn an_event_may_be_named_beside_the_body() {
    let mut named = push(r#"{"company_id":7}"#);
    named.query = "event=xiaoman.crm.lead.update".to_owned();
    assert_eq!(read(&named, None).unwrap().events, [Event::Other]);
    named.query.clear();
    named
        .headers
        .insert("x-event", "xiaoman.crm.company.update".parse().unwrap());
    assert_eq!(read(&named, None).unwrap().events, customers(&["7"]));
}

#[test]
fn what_is_deep_or_long_is_bounded() {
    let deep = "{\"data\":".repeat(60) + "{\"company_id\":7}" + &"}".repeat(60);
    assert_eq!(events(&deep), [Event::Other]);
    let many: Vec<_> = (1..2_000).map(|id| json!({ "company_id": id })).collect();
    let many = read(&push(&json!(many).to_string()), None).unwrap();
    assert_eq!((many.events.len(), many.more), (MOST, 1_999 - MOST), "counted");
    let ids: Vec<u32> = (1..2_000).collect();
    let many = read(&push(&json!({ "company_ids": ids }).to_string()), None).unwrap();
    assert_eq!((many.events.len(), many.more), (MOST, 1_999 - MOST));
}

#[test]
fn a_sealed_push_needs_its_secret() {
    // The example of the vendor's page api-3497013.
    let body = r#"{"message_id":"msg_68d6527b8e41f8.33205216","data":"LWNoQmm5sYYzwiohzlgXpTuOvZd1GtoeLC05wCzMlG0hk2px0vLiul7kDd3rJ4XgmxclwuYAtacNynl4AFdESsntPwco8SrG8x8rPlO1AN0QO8V34SEQTQ41wi2JG4HjqL5CKw=="}"#;
    let secret = "IdXEy84pL6gVehBPZdJytBYJ5pt85RCGnV3NPqt3D0k=";
    let pushed = read(&push(body), Some(secret)).unwrap();
    assert!(pushed.events.is_empty());
    let reply: Value = serde_json::from_str(&pushed.reply()).unwrap();
    assert_eq!(reply["data"]["message_id"], "msg_68d6527b8e41f8.33205216");
    assert!(
        !reply["data"]["data"].is_null(),
        "the test wants to see its data again: {reply}"
    );
    assert_eq!(read(&push(body), None), Err(Unreadable::Sealed));
    let other = "AdXEy84pL6gVehBPZdJytBYJ5pt85RCGnV3NPqt3D0k=";
    assert_eq!(read(&push(body), Some(other)), Err(Unreadable::Sealed));
}
