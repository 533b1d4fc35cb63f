//! Names that nothing has, fixed texts that mean something else, and files without anything in them.

use super::*;

#[test]
fn fixed_texts_that_name_variables_or_nothing_are_told() {
    let customers = json!([{"name": "a"}]);
    for (value, part) in [
        ("CURRENT_TIME", "write {{CURRENT_TIME|datetime}}"),
        ("DAYS_AGO_3", "write {{DAYS_AGO_3|datetime}}"),
        ("LAST_SYNC_TIME", "LAST_SYNC_TIME is plain text"),
        ("null", "write null without quotes"),
        ("[]", "write null without quotes"),
        ("#{name}", "write {{name}}"),
    ] {
        let (_, said) = checked(&json!([field(value)]), None, &customers);
        assert!(said.contains(part), "{value}: {said}");
    }
    for value in ["nullable", "{{name}}", "#1", "103", "true"] {
        let (_, said) = checked(&json!([field(value)]), None, &customers);
        assert!(!said.contains("plain text"), "{value}: {said}");
    }
}

#[test]
fn names_that_no_widget_has_and_contradictions_of_a_document_are_told() {
    let said = |name: &str, more: Value| {
        let folder = Folder::new();
        let fields = json!([{"field": name, "label": "甲", "value": "{{name}}"}]);
        folder.write("m.json", whole(fields, more));
        folder.mapping(&["check", "m.json"]).1
    };
    for (name, part) in [
        ("widget_2", "write _widget_2"),
        ("_Widget_9", "write _widget_9"),
        ("客户名称", "looks like a caption"),
        ("_id", "is kept by the form itself"),
        ("flowState", "is kept by the form itself"),
    ] {
        assert!(
            said(name, json!({})).contains(part),
            "{name}: {}",
            said(name, json!({}))
        );
    }
    let right = said("_widget_9", json!({"idCheck": true, "type": "EXECUTE"}));
    let alias = said("customer_name", json!({}));
    for text in [right, alias] {
        assert!(
            !text.contains("warning") && !text.contains("without effect"),
            "{text}"
        );
    }
    let (one, other) = ("647efacc2a57bd0008e51e9e", "668a08beaf5a1cb83e659b52");
    let more = json!({"api": format!("/api/v5/app/{other}/entry/{other}/data_create"), "type": "QUERY",
        "otherRequest": [{"field": "app_id", "value": one}, {"field": "entry_id", "value": other}]});
    let text = said("_widget_9", more);
    for part in [
        format!("api names {other} behind /app/, and otherRequest {one}"),
        "\"type\": \"QUERY\" has no effect".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    assert!(!text.contains("behind /entry/"), "{text}");
}

#[test]
fn additions_and_customers_without_anything_in_them_are_refused() {
    for extras in [
        json!(["_widget_9"]),
        json!([{"condition": []}]),
        json!({"widgets": ["_widget_9"]}),
    ] {
        let (is_right, said) = checked(
            &json!([field("{{name}}")]),
            Some(extras.clone()),
            &json!([{"name": "a"}]),
        );
        assert!(
            !is_right && said.contains("no widget with a name and a type"),
            "{extras}: {said}"
        );
    }
    let (is_right, said) = checked(&json!([field("{{name}}")]), None, &json!([]));
    assert!(!is_right && said.contains("no customer is in it"), "{said}");
}

#[test]
fn the_fields_of_a_form_inside_of_an_object_are_told() {
    let inner = json!([{"field": "_widget_1720322268295", "label": "甲", "value": "{{name}}"}]);
    for name in ["data", "x"] {
        let fields = json!([{"field": name, "type": "object", "children": inner}]);
        let (_, said) = checked(&fields, None, &json!([{"name": "a"}]));
        assert!(said.contains("list them in \"request\" itself"), "{said}");
    }
}

#[test]
fn try_names_the_customer_and_takes_no_refusal_for_one() {
    let folder = Folder::new();
    folder
        .write("m.json", whole(json!([field("{{name}}")]), json!({})))
        .write("c.json", json!({"company_id": 7, "name": "ACME"}))
        .write("refusal.json", json!({"code": 500, "message": "系统繁忙"}));
    let (is_right, said) = folder.mapping(&["try", "m.json", "--company", "c.json", "--json"]);
    assert!(is_right && said.contains(r#""company_id":"7""#), "{said}");
    let (is_right, said) = folder.mapping(&["try", "m.json", "--company", "refusal.json"]);
    assert!(
        !is_right && said.contains("without a customer: code 500"),
        "{said}"
    );
}
