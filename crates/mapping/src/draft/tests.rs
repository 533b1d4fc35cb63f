//! Drafts for forms of every kind: what is chosen, why, and that the document is one.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::TargetDocument;

fn field(id: &str, label: &str, group: &str, kind: i64) -> Field {
    Field {
        id: id.to_owned(),
        label: label.to_owned(),
        group: group.to_owned(),
        kind,
        ..Field::default()
    }
}

fn contact(id: &str, label: &str, kind: i64) -> Field {
    Field {
        contact: true,
        ..field(id, label, "", kind)
    }
}

fn dictionary() -> Vec<Field> {
    vec![
        field("name", "公司名称", "", 1),
        field("short_name", "简称", "", 1),
        field("serial_id", "客户编号", "", 1),
        field("origin_list", "客户来源", "", 7),
        field("origin", "客户来源", "", 3),
        field("country", "国家地区", "", 3),
        field("annual_procurement", "年采购额", "", 3),
        field("scale_id", "规模", "", 3),
        field("cus_tag", "客户标签", "", 7),
        field("group_id", "客户分组", "", 3),
        field("tel", "座机", "", 1),
        field("homepage", "公司网址", "", 1),
        field("remark", "公司备注", "", 2),
        field("image_list", "公司logo", "", 6),
        field("1001", "营业额", "基本信息", 5),
        field("1002", "签约日期", "基本信息", 4),
        field("1003", "兴趣", "基本信息", 7),
        field("1004", "年龄段", "基本信息", 1),
        field("1005", "A|B", "基本信息", 1),
        contact("name", "昵称", 1),
        contact("email", "邮箱", 1),
        contact("tel_list", "联系电话", 1),
        contact("gender", "性别", 3),
        contact("remark", "备注", 2),
        contact("2001", "爱好", 1),
    ]
}

fn customer() -> Value {
    json!({
        "company_id": 7, "name": " ACME ", "short_name": "A", "serial_id": "C1", "country": "DE", "country_name": "德国",
        "pool_name": "公共", "create_time": "2025-07-30 09:43:47", "homepage": "", "tag": [{"tag_id": 1, "tag_name": "甲"}, {"tag_name": "乙"}],
        "owner": [{"user_id": "1", "nickname": "小王"}, {"user_id": "2", "nickname": "小李"}],
        "company": [
            {"name": "基本信息", "fields": [
                {"id": "origin", "name": "客户来源", "field_type": 3, "value": "展会"},
                {"id": "origin_list", "name": "客户来源", "field_type": "7", "value": []},
                {"id": "1001", "name": "营业额", "field_type": "5", "value": "12.50"},
                {"id": "1002", "name": "签约日期", "field_type": 4, "value": "2024/1/5"},
                {"id": "1003", "name": "兴趣", "field_type": 7, "value": ["游泳", "登山"]},
                {"id": "1004", "name": "年龄段", "field_type": 1, "value": "30~40"}]},
            {"name": "特征信息", "fields": [
                {"id": "annual_procurement", "name": "年采购额", "field_type": "3", "value": 3},
                {"id": "scale_id", "name": "规模", "field_type": "3", "value": "2"}]},
            {"name": "管理信息", "fields": [
                {"id": "star", "name": "客户星级", "field_type": "5", "value": 4},
                {"id": "group_id", "name": "客户分组", "field_type": "3", "value": "欧洲区"}]},
            {"name": "联系信息", "fields": [
                {"id": "homepage", "name": "公司网址", "field_type": "1", "value": "acme.example"},
                {"id": "tel", "name": "座机", "field_type": "1", "value": {"tel_area_code": "86", "tel": "555"}}]},
            {"name": "其他信息", "fields": [{"id": "remark", "name": "公司备注", "field_type": "2", "value": "好"}]}],
        "customers": [
            {"name": "b", "email": "b@x.cn", "gender": 2, "tel_list": [["86", "2"]], "remark": "r", "main_customer_flag": 0},
            {"name": "a", "email": "a@x.cn", "gender": 1, "tel_list": [["86", "1"]], "remark": "主", "main_customer_flag": 1}]
    })
}

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

fn drafted(fields: &[Field], customers: &[Value], widgets: &[Widget]) -> Draft {
    let form = Form {
        app_id: "",
        entry_id: "",
        widgets,
        key_widget: None,
    };
    let draft = draft(fields, customers, &form);
    let loaded = TargetDocument::parse(&draft.document, "draft").unwrap();
    // A document without fields says so.
    assert!(
        loaded.warnings.is_empty() || draft.mapped() == 0,
        "{:?}",
        loaded.warnings
    );
    draft
}

/// What one widget shows of the customer, and why; or why it shows nothing.
fn one(label: &str, kind: &str) -> String {
    let widgets = widgets(&[(label, kind)]);
    let draft = drafted(&dictionary(), &[customer()], &widgets);
    match &draft.widgets[0].outcome {
        Err(_) => draft.widgets[0].reason(),
        Ok(found) => {
            let shown = preview(&draft.document, &widgets, &[customer()], Timestamp::UNIX_EPOCH).unwrap();
            let why = serde_json::to_value(found.why).unwrap();
            format!(
                "{} {}",
                shown[0][0].value.as_ref().unwrap(),
                why.as_str().unwrap()
            )
        }
    }
}

#[test]
fn a_caption_leads_to_the_field_that_people_mean() {
    for (label, kind, expected) in [
        ("公司名称", "text", "ACME equal"),
        ("客户公司名称*", "text", "ACME synonym"),
        ("名称", "textarea", "ACME synonym"),
        ("基本信息-公司名称", "text", "ACME equal"),
        ("Company Name", "text", "ACME synonym"),
        ("国家／地区", "combo", "德国 equal"),
        ("国别", "text", "德国 synonym"),
        ("编号", "text", "C1 synonym"),
        ("来源渠道", "radiogroup", "展会 synonym"),
        ("年采购额", "text", "5千美元~1万美元 equal"),
        ("人员规模", "text", "60~149人 synonym"),
        ("星级", "text", "4星 synonym"),
        ("客户星级", "number", "4 equal"),
        ("标签", "text", "甲、乙 synonym"),
        ("标签", "checkboxgroup", "甲、乙 synonym"),
        ("公海分组", "text", "公共 equal"),
        ("官网", "text", "acme.example synonym"),
        ("电话", "text", "86-555 synonym"),
        ("手机", "text", "86-1 synonym"),
        ("E-mail", "text", "a@x.cn synonym"),
        ("联系人邮箱", "text", "a@x.cn equal"),
        ("联系人", "text", "a synonym"),
        ("性别", "text", "男 equal"),
        ("创建日期", "datetime", "2025-07-30 09:43:47 synonym"),
        ("创建时间", "text", "2025-07-30 09:43:47 equal"),
        ("业务员", "text", "小王、小李 synonym"),
        ("营业额", "number", "12.50 equal"),
        ("签约日期", "datetime", "2024-01-05 equal"),
        ("兴趣", "combocheck", "游泳、登山 equal"),
        // A company's remark, although the contact's has that very caption.
        ("备注", "text", "好 synonym"),
        ("联系人备注", "text", "主 equal"),
        ("年营业额（万元）", "number", "12.50 contained"),
        ("客户来源明细", "text", "展会 contained"),
    ] {
        assert_eq!(one(label, kind), expected, "{label} {kind}");
    }
}

#[test]
fn what_is_not_mapped_says_why() {
    for (label, kind, expected) in [
        (
            "年采购额",
            "number",
            "年采购额 is no number in OKKI, but the widget takes numbers only",
        ),
        ("天气", "text", "OKKI has no field of that caption"),
        ("信息", "text", "OKKI has no field of that caption"),
        ("？", "text", "OKKI has no field of that caption"),
        (
            "年龄段",
            "number",
            "年龄段 is no number in OKKI, but the widget takes numbers only",
        ),
        (
            "简称",
            "datetime",
            "简称 is no date in OKKI, but the widget takes dates only",
        ),
        ("公司logo", "text", "公司logo holds files, which are not copied"),
        ("A|B", "text", "no path of a record leads to A|B"),
        ("联系人爱好", "text", "no path of a record leads to 爱好"),
        (
            "业务员",
            "user",
            "members are written by the user names of the form's side, which OKKI does not know",
        ),
        ("明细", "subform", "rows of a subform are mapped by hand"),
        (
            "座机",
            "phone",
            "telephone widgets refuse numbers that they do not know; use a text",
        ),
        ("序号", "sn", "nothing can be written into a widget of type sn"),
    ] {
        assert_eq!(one(label, kind), expected, "{label} {kind}");
    }
}

#[test]
fn a_part_of_a_caption_takes_no_field_that_another_widget_has() {
    let list = widgets(&[("客户来源说明", "text"), ("客户来源", "text"), ("来源", "text")]);
    let draft = drafted(&dictionary(), &[customer()], &list);
    let got: Vec<bool> = draft.widgets.iter().map(|one| one.outcome.is_ok()).collect();
    assert_eq!(got, [false, true, true]);
    // Of two widgets that hold a part of one caption the longer part wins, wherever it stands.
    let fields = [field("1", "合同金额", "基本信息", 5)];
    let list = widgets(&[("金额", "number"), ("合同金额合计", "number")]);
    let draft = drafted(&fields, &[], &list);
    assert!(draft.widgets[0].outcome.is_err());
    assert!(matches!(&draft.widgets[1].outcome, Ok(found) if found.why == Why::Contained));
}

#[test]
fn of_several_that_fit_equally_none_is_taken() {
    let fields = [
        field("1", "合同金额", "基本信息", 5),
        field("2", "订单金额", "基本信息", 5),
    ];
    let draft = drafted(&fields, &[], &widgets(&[("金额", "number")]));
    let fields = ["合同金额", "订单金额"].map(str::to_owned).to_vec();
    assert_eq!(draft.widgets[0].outcome, Err(Reason::Several { fields }));
}

#[test]
fn the_key_widget_is_left_to_the_loader_by_name_or_caption() {
    let widgets = widgets(&[("公司名称", "text"), ("OKKI ID", "text")]);
    for key in ["_widget_1", "okki id"] {
        let form = Form {
            app_id: "647efacc2a57bd0008e51e9e",
            entry_id: "668a08beaf5a1cb83e659b52",
            widgets: &widgets,
            key_widget: Some(key),
        };
        let draft = draft(&dictionary(), &[customer()], &form);
        assert_eq!(draft.widgets[1].outcome, Err(Reason::Key), "{key}");
        let document = TargetDocument::parse(&draft.document, "draft").unwrap().document;
        assert_eq!(document.other.app_id(), Some("647efacc2a57bd0008e51e9e"));
        assert_eq!(document.request.len(), 1);
    }
}

#[test]
fn customers_stand_in_for_a_dictionary_that_is_refused_and_the_dictionary_for_customers() {
    let list = widgets(&[
        ("公司名称", "text"),
        ("营业额", "number"),
        ("客户分组", "text"),
        ("国家", "text"),
        ("邮箱", "text"),
    ]);
    let expressions = |draft: Draft| -> Vec<String> {
        let found = draft.widgets.into_iter();
        found.map(|one| one.outcome.unwrap().expression).collect()
    };
    let expected = [
        "{{name}}",
        "{{基本信息营业额}}",
        "{{管理信息客户分组}}",
        "{{country_name}}",
        "{{customers.email}}",
    ];
    assert_eq!(expressions(drafted(&[], &[customer()], &list)), expected);
    assert_eq!(expressions(drafted(&dictionary(), &[], &list)), expected);
}

#[test]
fn fields_say_where_they_go_and_how_they_are_named() {
    let list = widgets(&[("名称", "text"), ("公司名称", "text")]);
    let draft = drafted(&dictionary(), &[customer()], &list);
    let of = |id: &str, contact: bool| {
        let found = draft
            .fields
            .iter()
            .find(|one| one.field.id == id && one.field.contact == contact);
        found.unwrap().clone()
    };
    assert_eq!(of("name", false).widgets, ["名称", "公司名称"]);
    assert_eq!(of("tel", false).reference.as_deref(), Some("{{联系信息座机}}"));
    assert_eq!(of("2001", true).reference, None);
    assert_eq!(draft.mapped(), 2);
    let draft = drafted(&dictionary(), &[customer()], &widgets(&[("来源", "text")]));
    let sources = draft.fields.iter().filter(|one| one.field.label == "客户来源");
    assert!(sources.into_iter().all(|one| one.widgets == ["来源"]));
}

#[test]
fn how_the_staff_is_shown_is_not_guessed() {
    let mut unowned = customer();
    unowned["owner"] = json!([]);
    for customers in [vec![unowned], vec![]] {
        let draft = drafted(
            &dictionary(),
            &customers,
            &widgets(&[("跟进人", "text"), ("简称", "text")]),
        );
        let field = "跟进人".to_owned();
        assert_eq!(draft.widgets[0].outcome, Err(Reason::Unseen { field }));
    }
}

#[test]
fn a_field_that_is_switched_off_is_the_last_choice() {
    let off = Field {
        disabled: true,
        ..field("1", "等级", "基本信息", 1)
    };
    let list = widgets(&[("等级", "text")]);
    let draft = drafted(&[off.clone(), field("2", "等级", "管理信息", 1)], &[], &list);
    assert_eq!(draft.widgets[0].outcome.as_ref().unwrap().group, "管理信息");
    let draft = drafted(&[off], &[], &list);
    assert!(draft.widgets[0].outcome.is_ok());
}

#[test]
fn odd_customers_and_captions_break_nothing() {
    let customers = [
        json!(7),
        json!(null),
        json!({"company": [{"name": 1, "fields": [7, {"id": [], "name": {}}]}], "customers": "x"}),
    ];
    let odd = ["'", "{{a}}", "a.b", "\\", "\u{0}", "CASE '1' WHEN", "\"", "名称'"];
    let fields: Vec<Field> = odd
        .iter()
        .zip(1..)
        .map(|(label, n)| field(&n.to_string(), label, "基本信息", 1))
        .collect();
    let list: Vec<(&str, &str)> = odd.iter().map(|label| (*label, "text")).collect();
    let list = widgets(&list);
    let draft = drafted(&fields, &customers, &list);
    let shown = preview(&draft.document, &list, &customers, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(shown.len(), 3);
    assert!(shown[0].iter().all(|cell| cell.value.is_err()));
}

#[test]
fn a_preview_says_what_a_widget_would_not_take() {
    let document = json!({"api": "/data_create", "effect": "EXECUTE", "request": [
        {"field": "a", "label": "甲", "type": "string", "value": "{{name}}"},
        {"field": "b", "label": "乙", "type": "string", "value": "{{name}}"},
        {"field": "c", "label": "丙", "type": "float", "value": "{{n}}"},
        {"field": "d", "label": "丁", "type": "string", "value": "{{none}}", "is_required": true}]});
    let widgets = [Widget {
        name: "b".to_owned(),
        label: "乙".to_owned(),
        kind: "number".to_owned(),
    }];
    let customers = [json!({"name": "x", "n": "1.5"})];
    let shown = preview(&document.to_string(), &widgets, &customers, Timestamp::UNIX_EPOCH).unwrap();
    let values: Vec<_> = shown[0].iter().map(|cell| cell.value.clone()).collect();
    assert_eq!(values[0], Ok("x".to_owned()));
    assert_eq!(values[1], Err("the value is not a number".to_owned()));
    assert_eq!(values[2], Ok("1.5".to_owned()));
    assert!(values[3].is_err());
    assert!(preview("{", &widgets, &customers, Timestamp::UNIX_EPOCH).is_err());
}
