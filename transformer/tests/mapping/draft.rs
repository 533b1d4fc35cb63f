//! Drafts are documents like any other: they load beside the form that they were made for, and what a preview shows of
//! them is what the transformer makes.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use mapping::clean::clean;
use mapping::draft::{Form, Widget, draft, preview};
use serde_json::{Value, json};
use transformer::map::{Mapping, show};

fn widgets(list: &[(&str, &str)]) -> Vec<Widget> {
    let numbered = list.iter().enumerate();
    numbered
        .map(|(n, (label, kind))| Widget {
            name: format!("_widget_{n}"),
            label: (*label).to_owned(),
            kind: (*kind).to_owned(),
        })
        .collect()
}

fn customer(n: i64) -> Value {
    let mut answer: Value =
        serde_json::from_str(include_str!("../../mappings/customer.example.json")).unwrap();
    answer["company_id"] = json!(n);
    answer["create_time"] = json!("2025-07-30 09:43:47");
    answer.get("data").cloned().unwrap_or(answer)
}

#[test]
fn a_preview_shows_what_the_transformer_makes_of_a_draft() {
    let list = widgets(&[
        ("客户名称", "text"),
        ("国家", "combo"),
        ("来源", "radiogroup"),
        ("标签", "checkboxgroup"),
        ("标签文本", "text"),
        ("年采购额", "text"),
        ("星级", "number"),
        ("座机", "text"),
        ("联系人", "text"),
        ("邮箱", "text"),
        ("手机", "text"),
        ("创建时间", "datetime"),
    ]);
    let customers: Vec<Value> = (1..4).map(customer).collect();
    let form = Form {
        app_id: "",
        entry_id: "",
        widgets: &list,
        key_widget: None,
    };
    let drafted = draft(&[], &customers, &form);
    assert!(drafted.mapped() >= 11, "{:?}", drafted.widgets);
    let described: Vec<Value> = list
        .iter()
        .map(|widget| json!({"name": widget.name, "label": widget.label, "type": widget.kind}))
        .collect();
    let sheet =
        json!({"app_id": "a", "entry_id": "b", "widgets": described, "rows": {"seen": 1}}).to_string();
    for extras in [None, Some(sheet.as_str())] {
        let mapping = Mapping::load(&drafted.document, extras).unwrap();
        assert!(mapping.warnings().is_empty(), "{:?}", mapping.warnings());
        let shown = preview(&drafted.document, &list, &customers, Timestamp::UNIX_EPOCH).unwrap();
        for (customer, row) in customers.iter().zip(shown) {
            let record = clean(customer.clone()).unwrap();
            let tried = mapping.try_record(&record, Timestamp::UNIX_EPOCH);
            assert_eq!(tried.len(), row.len());
            for (tried, cell) in tried.iter().zip(row) {
                assert_eq!(tried.info.field, cell.field);
                let sent = show(tried.value.as_ref().unwrap()).0;
                match cell.label.as_str() {
                    // The form shows the time of its reader.
                    "创建时间" => assert_eq!(cell.value.unwrap(), "2025-07-30 09:43:47"),
                    "标签" => assert_eq!(cell.value.unwrap().replace('、', ", "), sent),
                    _ => assert_eq!(cell.value.unwrap(), sent, "{}", cell.label),
                }
            }
        }
    }
}
