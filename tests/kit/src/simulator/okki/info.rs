//! `/v1/company/info`: the detail answer with its grouped fields, in the shapes of docs/okki-api.md §5.
//!
//! The text is written directly: this is the call that a load test makes most, and building a tree of values first
//! costs several times as much.

use serde_json::Value;

use super::{enums, refuse, success, time::shown};
use crate::simulator::call::Call;
use crate::simulator::clock::beijing;
use crate::simulator::customer::{Contact, Customer, Loose};
use crate::simulator::dice::Dice;
use crate::simulator::reply::Reply;
use crate::simulator::settings::{OkkiSettings, TelList};
use crate::simulator::state::{State, lock};
use crate::simulator::vocabulary::{GROUPS, STAGES};
use crate::simulator::world::{Entry, company_id, content};

pub(super) fn answer(state: &State, settings: &OkkiSettings, call: &Call) -> Reply {
    if let Some(replay) = state.replay.get() {
        return replay.detail(settings, call);
    }
    let id = call.parameter("company_id").filter(|id| !id.is_empty());
    let serial = call.parameter("serial_id").filter(|id| !id.is_empty());
    let formatted = call.parameter("format").as_deref() == Some("1");
    let found = {
        let world = lock(&state.world);
        let index = match (id, serial) {
            (Some(id), _) => id.parse().ok().and_then(|id| world.index_of(id)),
            (None, Some(serial)) => serial
                .strip_prefix('C')
                .and_then(|n| n.parse().ok())
                .filter(|n| *n < world.ever()),
            (None, None) => return refuse(settings, 400, "Invalid query"),
        };
        index.map(|index| (world.seed(), index, world.entry(index).clone()))
    };
    match found {
        Some((seed, index, entry)) if !entry.removed => {
            let customer = content(seed, index, &entry, entry.revision);
            success(
                state,
                settings,
                &detail(settings, formatted, index, &entry, &customer),
            )
        }
        _ => refuse(settings, 404, "Not Found Resource"),
    }
}

fn detail(settings: &OkkiSettings, formatted: bool, index: u32, entry: &Entry, c: &Customer) -> String {
    let id = company_id(index);
    let (updated, created) = (shown(entry.updated, settings.detail_time), beijing(entry.created));
    let group_name = c.group.as_deref();
    let group_id = GROUPS
        .iter()
        .find(|(_, name)| group_name == Some(*name))
        .map_or(0, |(id, _)| *id);
    let stage_name = c.stage.as_deref().unwrap_or("无");
    let stage_id = STAGES
        .iter()
        .find(|(_, name)| *name == stage_name)
        .map_or("0", |(id, _)| *id);
    let (name, short_name, stage) = (quoted(&c.name), quoted(&c.short_name), quoted(stage_name));
    let (country, country_name, pool) = (quoted(&c.country), quoted(&c.country_name), quoted(&c.pool_name));
    let (origin, origins, remark) = (
        quoted(&c.origin),
        list(c.origin_list.iter().map(|o| quoted(o))),
        quoted(&c.remark),
    );
    let procurement = c.annual_procurement.as_ref().map_or("0".into(), loose);
    let star = c.star.as_ref().map_or("0".into(), loose);
    let tel = c
        .tel
        .as_ref()
        .map_or(r#"["",""]"#.into(), |pair| list([loose(&pair.0), loose(&pair.1)]));
    let tag = |(name, i): (&String, i64)| {
        format!(
            r#"{{"tag_id":{},"tag_name":{}}}"#,
            5_203_219_000 + i,
            quoted(name)
        )
    };
    let tags = list(c.tags.iter().zip(0..).map(tag));
    let users = if c.private { r#"["55280038"]"# } else { "[]" };
    let next = quoted(&c.next_follow_up);
    let groups = groups(settings, formatted, index, c);
    let customers = list(
        c.contacts
            .iter()
            .zip(0..)
            .map(|(k, i)| contact(settings, id, i, k, &name)),
    );
    format!(
        r##"{{"company_id":{id},"short_name":{short_name},"name":{name},"category_ids":[],"serial_id":"C{index:05}",
"archive_time":"{created}","archive_type":1,"country":{country},"province":"","city":"",
"country_region":{{"city":"","country":{country},"province":""}},"country_name":{country_name},
"biz_type":"","intention_level":0,"annual_procurement":{procurement},"timezone":"","scale_id":0,"star":{star},
"group_id":{group_id},"pool_id":0,"pool_name":{pool},
"trail_status":{{"status_id":"{stage_id}","status_name":{stage},"status_color":"#cccccc","info_value":"{stage_id}","info_label":{stage}}},
"trail_status_name":{stage},"origin":0,"origin_list":{origins},"origin_name":{origin},
"homepage":"","fax":"","tel":{tel},"tel_area_code":"","address":"","remark":{remark},"image_list":[],
"tag":{tags},"client_tag_list":[],"product_group_ids":[],"user_id":{users},"owner":[],"last_owner":55280038,
"create_user":55280040,"create_time":"{created}","last_edit_user":"55280038","update_time":{updated},
"edit_time":{updated},"order_time":{updated},"recent_follow_up_time":"1970-01-01 00:00:00",
"next_follow_up_time":{next},"next_move_to_public_date":"1970-01-01","private_time":"1970-01-01 00:00:00",
"public_time":"{created}","deal_time":"","company":{groups},"customers":{customers}}}"##
    )
}

/// The five groups. A field whose value is `None` is missing from the answer.
fn groups(settings: &OkkiSettings, formatted: bool, index: u32, c: &Customer) -> String {
    let mut kinds = Dice::new(&[u64::from(index), 0xF1E1D]);
    let mut field = |id: &str, name: &str, kind: u32, value: Option<String>| {
        let value = value?;
        let mark = if settings.mixed_numbers && kinds.one_in(4) {
            ""
        } else {
            "\""
        };
        Some(format!(
            r#"{{"id":"{id}","name":"{name}","field_type":{mark}{kind}{mark},"value":{value}}}"#
        ))
    };
    let text = |value: &str| Some(quoted(value));
    let plain = |value: &str| Some(value.to_owned());
    let star = c.star.as_ref().map(|v| {
        if formatted {
            quoted(&enums::star_label(v))
        } else {
            loose(v)
        }
    });
    let money = c.annual_procurement.as_ref();
    let money = money.map(|v| {
        if formatted {
            quoted(enums::procurement_label(v))
        } else {
            loose(v)
        }
    });
    // an unset telephone is an empty object, an empty text, an empty list, or absent, depending on who saved it last
    let tel = match &c.tel {
        Some((area, number)) => Some(format!(
            r#"{{"tel_area_code":{},"tel":{}}}"#,
            loose(area),
            loose(number)
        )),
        None => [None, plain(r#""""#), plain("[]"), plain("{}")][index as usize % 4].clone(),
    };
    let origins = list(c.origin_list.iter().map(|origin| quoted(origin)));
    let mut groups = [
        (
            "基本信息",
            vec![
                field("name", "公司名称", 1, text(&c.name)),
                field("short_name", "简称", 1, text(&c.short_name)),
                field("origin_list", "客户来源", 7, Some(origins)),
                field("13193448310389", "营业额", 2, plain(r#""""#)),
                field("origin", "客户来源", 3, text(&c.origin)),
            ],
        ),
        (
            "特征信息",
            vec![
                field("intention_level", "采购意向", 3, plain("0")),
                field("annual_procurement", "年采购额", 3, money),
                field("country", "国家地区", 3, text(&c.country_name)),
                field("scale_id", "规模", 3, plain("0")),
                field("category_ids", "主营产品", 7, plain("[]")),
            ],
        ),
        (
            "管理信息",
            vec![
                field("star", "客户星级", 5, star),
                field("group_id", "客户分组", 3, c.group.as_deref().and_then(text)),
                field("trail_status", "客户阶段", 3, c.stage.as_deref().and_then(text)),
            ],
        ),
        (
            "联系信息",
            vec![
                field("homepage", "公司网址", 1, plain(r#""""#)),
                field("tel", "座机", 1, tel),
                field("address", "详细地址", 2, plain(r#""""#)),
                field("fax", "传真", 1, plain(r#""""#)),
            ],
        ),
        ("其他信息", vec![field("remark", "公司备注", 2, text(&c.remark))]),
    ];
    // Which of the two fields called 客户来源 comes first differs between accounts.
    if index % 3 == 1 {
        groups[0].1.swap(2, 4);
    }
    list(groups.into_iter().zip(1..).map(|((name, fields), id)| {
        format!(
            r#"{{"group_id":{id},"name":"{name}","fields":{}}}"#,
            list(fields.into_iter().flatten())
        )
    }))
}

fn contact(settings: &OkkiSettings, company: i64, number: i64, k: &Contact, company_name: &str) -> String {
    let optional = |key: &str, value: &Option<String>| {
        value
            .as_ref()
            .map_or(String::new(), |value| format!(r#""{key}":{},"#, quoted(value)))
    };
    let (name, email) = (optional("name", &k.name), optional("email", &k.email));
    let (id, gender, main) = (company * 10 + number, number % 3, u8::from(k.main));
    let tel_list = tel_list(settings.tel_list, &k.phones);
    format!(
        r#"{{"customer_id":{id},"company_id":{company},{name}{email}"gender":{gender},"remark":"","birth":"",
"tel_list":{tel_list},"post_grade":0,"post":"","image_list":[],"contact":[{{"type":"linkedin","value":""}}],
"main_customer_flag":{main},"external_field_data":[],"user_id":[],"company_name":{company_name}}}"#
    )
}

fn tel_list(shape: TelList, phones: &[(Loose, Loose)]) -> String {
    let pair = |(area, number): &(Loose, Loose)| list([loose(area), loose(number)]);
    match shape {
        TelList::Pairs => list(phones.iter().map(pair)),
        TelList::Objects => list(
            phones
                .iter()
                .map(|(area, number)| format!(r#"{{"0":{},"1":{}}}"#, loose(area), loose(number))),
        ),
        TelList::Flat => phones.first().map_or("[]".into(), pair),
    }
}

/// A JSON string. Goes through serde_json's own type, whose code is optimised also in a debug build.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn loose(value: &Loose) -> String {
    match value {
        Loose::Int(number) => number.to_string(),
        Loose::Text(text) => quoted(text),
    }
}

/// A JSON array.
pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

#[cfg(test)]
mod tests;
