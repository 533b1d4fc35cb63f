//! What `mapping check` and `mapping try` say, run as people run them.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with documents and customers.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn write(&self, name: &str, text: impl ToString) -> &Folder {
        std::fs::write(self.0.path().join(name), text.to_string()).unwrap();
        self
    }

    /// The same with bytes that are no text.
    pub(crate) fn raw(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(name), bytes).unwrap();
    }

    /// Whether the command succeeds, and all that it says.
    pub(crate) fn mapping(&self, args: &[&str]) -> (bool, String) {
        self.spoken("en", args)
    }

    /// The same in a language.
    pub(crate) fn spoken(&self, language: &str, args: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_transformer"))
            .env("OKKI_LANG", language)
            // The suite's own Redis is nobody's here.
            .env_remove("REDIS_URL")
            .env_remove("REDIS_HOST")
            .arg("mapping")
            .args(args)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }
}

pub(crate) fn document(fields: Value, more: Value) -> String {
    let mut document =
        json!({"api": "/x/data_create", "effect": "EXECUTE", "method": "POST", "request": fields});
    if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
        document.extend(more);
    }
    document.to_string()
}

fn field(value: &str) -> Value {
    json!({"field": "_widget_1720322268295", "label": "甲", "value": value})
}

/// What `check` says of a document with one field.
fn checked(value: &str) -> String {
    let folder = Folder::new();
    let (is_right, text) = folder
        .write("m.json", document(json!([field(value)]), json!({})))
        .mapping(&["check", "m.json"]);
    assert!(is_right, "{text}");
    text
}

#[test]
fn a_key_that_no_customer_has_is_told_with_the_names_that_may_be_meant() {
    for (value, near) in [
        ("{{nmae}}", "{{name}}"),
        ("{{customers.emial}}", "{{customers.email}}"),
        ("{{tag.2.tag_nmae}}", "{{tag.2.tag_name}}"),
        ("{{客户来源}}", "{{基本信息客户来源}}"),
        ("{{基本信息客户来原}}", "{{基本信息客户来源}}"),
        (
            "_function CASE '{{trail_status.status_nam}}' WHEN 'a' THEN 1 END",
            "{{trail_status.status_name}}",
        ),
        ("{{counrty_name}}", "{{country_name}}"),
    ] {
        let text = checked(value);
        assert!(
            text.contains("warning: m.json:1:") && text.contains("field \"甲\": the key "),
            "{value}: {text}"
        );
        assert!(text.contains(near), "{value}: {text}");
    }
    for value in [
        "{name}",
        "{{customers.email}}",
        "{{customers.tel_list_0}}",
        "{{country_region_city}}",
        "{{tag.*.tag_name|implode('、')}}",
        "{{联系信息座机.tel}}",
        "{{CURRENT_TIME|date}}",
        "fixed",
    ] {
        let text = checked(value);
        assert!(!text.contains("the key"), "{value}: {text}");
    }
    let constant = checked("country_name");
    assert!(
        constant.contains("every row gets the text \"country_name\"")
            && constant.contains("write {{country_name}}")
    );
}

#[test]
fn records_that_were_given_decide_about_the_accounts_own_fields() {
    let folder = Folder::new();
    let own = |value: &str| json!({"name": "基本信息", "fields": [{"id": "77", "name": "是否验厂?", "value": value}]});
    let customers: Vec<Value> = (0..4)
        .map(|n| json!({"company_id": n, "name": "a", "company": [own(if n == 0 { "" } else { "是" })]}))
        .collect();
    folder
        .write("c.json", json!(customers))
        .write(
            "m.json",
            document(json!([field("{{基本信息是否验厂?}}")]), json!({})),
        )
        .write(
            "wrong.json",
            document(json!([field("{{基本信息是否验场?}}")]), json!({})),
        );
    let alone = folder.mapping(&["check", "m.json"]).1;
    assert!(
        alone.contains("is no standard field; whether your account has it is known with --live or --company"),
        "{alone}"
    );
    let with = folder.mapping(&["check", "m.json", "--company", "c.json"]).1;
    assert!(!with.contains("the key"), "{with}");
    let wrong = folder.mapping(&["check", "wrong.json", "--company", "c.json"]).1;
    assert!(
        wrong.contains(
            "the key 基本信息是否验场? is in none of the 4 customers seen; near are {{基本信息是否验厂?}}"
        ),
        "{wrong}"
    );
    let lines: Vec<String> = customers.iter().map(Value::to_string).collect();
    folder.write("c.jsonl", lines.join("\n"));
    assert!(
        !folder
            .mapping(&["check", "m.json", "--company", "c.jsonl"])
            .1
            .contains("the key")
    );
}

#[test]
fn try_says_which_keys_are_not_in_the_record_and_which_fields_share_a_name() {
    let folder = Folder::new();
    let origin = json!({"name": "基本信息", "fields": [
        {"id": "origin", "name": "客户来源", "value": "展会"}, {"id": "origin_list", "name": "客户来源", "value": []}]});
    let fields = json!([
        {"field": "a", "label": "名", "value": "{{nmae}}"},
        {"field": "b", "label": "来源", "value": "{{基本信息客户来源}}"},
        {"field": "c", "label": "标签", "value": "{{tag.3.tag_name}}"},
    ]);
    folder
        .write("m.json", document(fields, json!({})))
        .write("c.json", json!({"name": "ACME", "tag": [], "company": [origin]}));
    let (is_right, text) = folder.mapping(&["try", "m.json", "--company", "c.json"]);
    assert!(is_right, "{text}");
    assert!(
        text.contains("warning: 名: nmae is not in this record; near are name"),
        "{text}"
    );
    assert!(text.contains("基本信息客户来源 stands in this record 2 times (origin, origin_list); the value of origin is used"), "{text}");
    assert!(text.contains("展会") && !text.contains("标签: tag"), "{text}");
    let check = folder.mapping(&["check", "m.json"]).1;
    assert!(
        check.contains("OKKI has 2 fields called 基本信息客户来源 (origin_list, origin)"),
        "{check}"
    );
}

#[test]
fn a_document_with_look_ups_runs_from_the_readme() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings");
    let readme = std::fs::read_to_string(format!("{folder}/README.md")).unwrap();
    let command =
        "mapping try lookup.example.json --extras lookup.extras.json --company customer.example.json";
    assert!(readme.contains(command));
    let output = Command::new(env!("CARGO_BIN_EXE_transformer"))
        .env("OKKI_LANG", "en")
        .args(command.split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("\"欧洲\"") && text.contains("\"是\""),
        "{text}"
    );
}

#[test]
fn what_has_no_effect_is_said_once_in_one_list() {
    let folder = Folder::new();
    let more = json!({
        "api": "batchSave", "method": "GET", "id": "FId", "number": "FNo", "colour": 1, "autoCheck": true,
        "response": [{"field": "x", "value": "writeback"}], "primaryWriteback": {"a": 1},
        "operation": {"method": "batchArraySave", "rowsKey": "array"},
        "otherRequest": [{"field": "appIdX", "value": "1"}, {"field": "transaction_id", "value": "{{company_id}}"}],
    });
    let fields = json!([{"field": "_widget_1720322268295", "label": "甲", "value": null, "fild": 1}]);
    let (is_right, text) = folder
        .write("m.json", document(fields, more))
        .mapping(&["check", "m.json"]);
    assert!(is_right, "{text}");
    assert_eq!(text.matches("without effect (").count(), 1, "{text}");
    let list = text.split("without effect (").nth(1).unwrap();
    for part in [
        "\"api\": \"batchSave\" has no effect",
        "\"method\": \"GET\" has no effect",
        "\"id\" has no effect",
        "\"number\" has no effect",
        "\"response\" has no effect",
        "\"primaryWriteback\" has no effect",
        "\"autoCheck\" has no effect",
        "batchArraySave has no effect",
        "unknown key \"colour\"",
        "unknown key \"fild\" in the field; it has no effect; \"field\" may be meant",
        "the system parameter \"appIdX\" has no effect: nothing here reads it; \"appId\" may be meant",
        "a fixed transaction_id",
        "the field has no effect: it has no value",
    ] {
        assert_eq!(list.matches(part).count(), 1, "{part}\n{text}");
    }
    assert!(
        list.lines()
            .skip(1)
            .take_while(|line| line.starts_with("  "))
            .all(|line| line.starts_with("  m.json:1:")),
        "{text}"
    );
    for api in [
        "/api/v2/app/{app_id}/entry/{entry_id}/data_update",
        "/x/data_delete",
    ] {
        let text = folder
            .write("u.json", document(json!([]), json!({"api": api})))
            .mapping(&["check", "u.json"])
            .1;
        assert!(
            text.contains(&format!("\"api\": \"{api}\" has no effect")),
            "{text}"
        );
        assert!(
            text.contains("\"request\" has no effect: it has no fields"),
            "{text}"
        );
    }
    let (_, text) = folder
        .write("e.json", document(json!([field("{name}")]), json!({})))
        .mapping(&["check", "e.json"]);
    assert!(!text.contains("without effect"), "{text}");
    folder.write(
        "x.json",
        json!({"widgets": {"_widget_1720322268295": "text", "_widget_1720322268259": "number"}}),
    );
    let (_, text) = folder.mapping(&["check", "e.json", "--extras", "x.json"]);
    assert!(text.contains("x.json:1:") && text.contains("widgets._widget_1720322268259 has no effect: the document has no such field; _widget_1720322268295 may be meant"), "{text}");
}

#[test]
fn ids_that_are_no_ids_are_told() {
    let other = |name: &str, value: &str| {
        let folder = Folder::new();
        let more = json!({"otherRequest": [{"field": name, "label": name, "value": value}]});
        folder
            .write("m.json", document(json!([field("{name}")]), more))
            .mapping(&["check", "m.json"])
    };
    for (name, value) in [
        ("appId", "647efacc2a57bd0008e51e9"),
        ("entry_id", "我的表单"),
        ("entryId", "647efacc2a57bd0008e51e9g"),
    ] {
        let (is_right, text) = other(name, value);
        assert!(
            is_right
                && text.contains(&format!(
                    "{name} is \"{value}\", which is no id: 24 hex digits are expected"
                )),
            "{text}"
        );
    }
    assert!(!other("appId", "647efacc2a57bd0008e51e9e").1.contains("warning"));
    let folder = Folder::new();
    for wrong in [
        "_wdget_1720322268295",
        "widget_1720322268295",
        "_widget1720322268295",
    ] {
        let fields = json!([{"field": wrong, "label": "甲", "value": "{name}"}]);
        let text = folder
            .write("m.json", document(fields, json!({})))
            .mapping(&["check", "m.json"])
            .1;
        assert!(text.contains("write _widget_1720322268295"), "{wrong}: {text}");
    }
}

#[test]
fn the_traps_of_the_seed_are_told_with_the_customers_concerned_where_they_are_known() {
    let folder = Folder::new();
    folder.write("seed.json", include_str!("../../mappings/seed.json"));
    let alone = folder.mapping(&["check", "seed.json"]).1;
    for part in [
        "field \"客户星级\": a lone 星 is sent when 管理信息客户星级 is empty\n",
        "field \"年采购额\": code 11 (500万美元以上) of 特征信息年采购额 is named by no WHEN, so its customers get what ELSE gives\n",
        "field \"年采购额\": code 10 of 特征信息年采购额 is 100万~500万美元 in OKKI's list; 500万美元以上 is code 11\n",
        "field \"客户标签\": tag is read up to its entry 4; further ones are not sent\n",
    ] {
        assert!(alone.contains(part), "{part}\n{alone}");
    }
    let customer = |star: Value, code: i64, tags: usize| {
        let tags: Vec<Value> = (0..tags).map(|n| json!({"tag_name": format!("t{n}")})).collect();
        json!({"name": "a", "tag": tags, "company": [
            {"name": "管理信息", "fields": [{"name": "客户星级", "value": star}]},
            {"name": "特征信息", "fields": [{"name": "年采购额", "value": code}]}]})
    };
    let customers = [
        customer(json!(3), 11, 5),
        customer(json!(""), 11, 0),
        customer(json!("4"), 10, 4),
        customer(json!(5), 1, 6),
    ];
    let with = folder
        .write("c.json", json!(customers))
        .mapping(&["check", "seed.json", "--company", "c.json"])
        .1;
    for part in [
        "管理信息客户星级 is empty (1 of 4 customers seen)",
        "what ELSE gives (2 of 4 customers seen)",
        "500万美元以上 is code 11 (1 of 4 customers seen)",
        "further ones are not sent (2 of 4 customers seen)",
    ] {
        assert!(with.contains(part), "{part}\n{with}");
    }
    folder.write("default.json", include_str!("../../mappings/default.json"));
    let production = folder.mapping(&["check", "default.json"]).1;
    for trap in [
        "a lone",
        "named by no WHEN",
        "is read up to",
        "the key",
        "without effect",
    ] {
        assert!(!production.contains(trap), "{trap}\n{production}");
    }
}
