//! The seed document, unmodified: C1 to C14 of the conformance list, field by field.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use mapping::clean::clean;
use proto::v1::field_value::Value as Cell;
use serde_json::{Value, json};
use transformer::map::Mapping;

use crate::support::now;

const SEED: &str = include_str!("../../mappings/seed.json");

fn cell(label: &str, detail: Value) -> String {
    let mapping = Mapping::load(SEED, None).expect("the seed loads");
    let values = mapping
        .map(&clean(detail).unwrap(), now())
        .expect("the record maps");
    let field = values
        .into_iter()
        .find(|value| value.label == label)
        .expect("the field exists");
    match field.value {
        None => String::new(),
        Some(Cell::Text(text)) => text,
        other => panic!("{label} is not a text: {other:?}"),
    }
}

fn group(name: &str, field: &str, value: Value) -> Value {
    json!({"company": [{"name": name, "fields": [{"id": "x", "name": field, "field_type": "1", "value": value}]}]})
}

#[test]
fn the_document_loads_with_its_fourteen_fields() {
    let mapping = Mapping::load(SEED, None).unwrap();
    let labels: Vec<_> = mapping
        .fields()
        .iter()
        .map(|field| field.label.as_str())
        .collect();
    assert_eq!(
        labels.join(" "),
        "客户公司名称 简称 国家地区 客户来源 客户标签 客户分组 客户阶段 客户星级 公海分组 座机 年采购额 昵称 电子邮件 联系电话"
    );
    let other = mapping.other_request();
    assert_eq!(other.app_id(), Some("647efacc2a57bd0008e51e9e"));
    assert_eq!(other.entry_id(), Some("668a08beaf5a1cb83e659b52"));
    assert_eq!(
        (other.is_start_workflow(), other.is_start_trigger()),
        (Some(true), Some(false))
    );
    assert_eq!(other.transaction_id(), Some("1"));
    assert_eq!(
        mapping.fingerprint(),
        Mapping::load(SEED, None).unwrap().fingerprint()
    );
    assert_ne!(
        mapping.fingerprint(),
        Mapping::load(SEED, Some("{}")).unwrap().fingerprint()
    );
}

#[test]
fn c1_to_c3_and_c9_plain_keys() {
    assert_eq!(cell("客户公司名称", json!({"name": "ACME"})), "ACME");
    assert_eq!(cell("简称", json!({"short_name": ""})), "");
    assert_eq!(cell("国家地区", json!({"country_name": "德国"})), "德国");
    assert_eq!(
        cell("公海分组", json!({"pool_name": "公共公海分组"})),
        "公共公海分组"
    );
}

#[test]
fn c4_c6_c7_c8_grouped_fields() {
    assert_eq!(
        cell("客户来源", group("基本信息", "客户来源", json!("展会"))),
        "展会"
    );
    assert_eq!(
        cell("客户分组", group("管理信息", "客户分组", json!("未分组"))),
        "未分组"
    );
    assert_eq!(cell("客户阶段", group("管理信息", "客户阶段", json!("无"))), "无");
    for (stars, expected) in [(json!(3), "3星"), (json!(0), "0星"), (json!("3"), "3星")] {
        assert_eq!(cell("客户星级", group("管理信息", "客户星级", stars)), expected);
    }
    assert_eq!(cell("客户星级", json!({})), "星");
}

#[test]
fn c5_tags() {
    let tags = |names: &[&str]| json!({"tag": names.iter().map(|n| json!({"tag_id": 1, "tag_name": n})).collect::<Vec<_>>()});
    for (names, expected) in [
        (&[][..], ""),
        (&["A"], "A"),
        (&["A", "B"], "A、B"),
        (&["A", "B", "C"], "A、B、C"),
        (&["A", "B", "C", "D"], "A、B、C、D"),
        (&["A", "B", "C", "D", "E"], "A、B、C、D"),
        (&["A", "", "C"], "A、、C"),
        (&["O'Neil"], "O'Neil"),
        (&["a\\", "b' OR 1=1 -- "], "a\\、b' OR 1=1 --"),
    ] {
        assert_eq!(cell("客户标签", tags(names)), expected, "{names:?}");
    }
}

#[test]
fn c10_landline() {
    for (area, number, expected) in [
        ("86", "5550", "86-5550"),
        ("", "5550", "5550"),
        ("86", "", ""),
        ("", "", ""),
        ("0", "555", "0-555"),
    ] {
        let detail = group("联系信息", "座机", json!({"tel_area_code": area, "tel": number}));
        assert_eq!(cell("座机", detail), expected, "{area} {number}");
    }
}

#[test]
fn c11_yearly_purchases() {
    let amount = |value: Value| cell("年采购额", group("特征信息", "年采购额", value));
    for (code, expected) in [
        (json!(0), "无采购额"),
        (json!(1), "0~1千美元"),
        (json!(9), "50~100万美元"),
        (json!(10), "500万美元以上"),
        (json!("10"), "500万美元以上"),
        (json!("01"), "0~1千美元"),
        (json!(11), ""),
        (json!(-1), ""),
        (json!(null), ""),
        (json!(""), ""),
        (json!([]), ""),
        (json!("无采购额"), ""),
        (json!(5), "3万~5万美元"),
    ] {
        assert_eq!(amount(code.clone()), expected, "{code}");
    }
    assert_eq!(cell("年采购额", json!({})), "");
}

#[test]
fn c12_c13_main_contact() {
    let contacts = json!({"customers": [
        {"name": "first", "email": "1@x", "main_customer_flag": 0}, {"name": "second", "email": "2@x", "main_customer_flag": 1}]});
    assert_eq!(cell("昵称", contacts.clone()), "second");
    assert_eq!(cell("电子邮件", contacts), "2@x");
    assert_eq!(cell("昵称", json!({"customers": [{"name": "only"}]})), "only");
    assert_eq!(cell("电子邮件", json!({"customers": []})), "");
}

#[test]
fn c14_contact_phone() {
    let phone = |tel_list: Value| {
        cell(
            "联系电话",
            json!({"customers": [{"tel_list": tel_list, "main_customer_flag": 1}]}),
        )
    };
    for (tel_list, expected) in [
        (
            json!([["355", "1888999092"], ["213", "990999342"]]),
            "355-1888999092",
        ),
        (json!([["", "123"]]), "123"),
        (json!([]), ""),
        (json!([{"0": "48", "1": "343 8320442"}]), "48-343 8320442"),
        (json!(["86", "139"]), "86-139"),
    ] {
        assert_eq!(phone(tel_list.clone()), expected, "{tel_list}");
    }
    assert_eq!(
        cell(
            "联系电话",
            json!({"customers": [{"tel_list_0": "1", "tel_list_1": "2"}]})
        ),
        "1-2"
    );
}
