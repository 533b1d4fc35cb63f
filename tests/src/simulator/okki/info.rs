//! `/v1/company/info`: the detail answer with its grouped fields, in the shapes of okki-api.md §5.

use serde_json::{Value, json};

use super::{enums, refuse, success};
use crate::simulator::call::Call;
use crate::simulator::clock::beijing;
use crate::simulator::customer::{Contact, Customer, Loose};
use crate::simulator::dice::Dice;
use crate::simulator::reply::Reply;
use crate::simulator::settings::{OkkiSettings, TelList};
use crate::simulator::state::{State, lock};
use crate::simulator::vocabulary::{GROUPS, STAGES};
use crate::simulator::world::{Entry, company_id, content};

pub fn answer(state: &State, settings: &OkkiSettings, call: &Call) -> Reply {
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
                detail(settings, formatted, index, &entry, &customer),
            )
        }
        _ => refuse(settings, 404, "Not Found Resource"),
    }
}

fn detail(settings: &OkkiSettings, formatted: bool, index: u32, entry: &Entry, c: &Customer) -> Value {
    let id = company_id(index);
    let (updated, created) = (beijing(entry.updated), beijing(entry.created));
    let group_id = GROUPS
        .iter()
        .find(|(_, name)| c.group.as_deref() == Some(*name))
        .map_or(0, |(id, _)| *id);
    let stage = c.stage.as_deref().unwrap_or("无");
    let stage_id = STAGES
        .iter()
        .find(|(_, name)| *name == stage)
        .map_or("0", |(id, _)| *id);
    let users = if c.private { json!(["55280038"]) } else { json!([]) };
    let tags: Vec<Value> = c
        .tags
        .iter()
        .zip(0..)
        .map(|(name, i)| json!({"tag_id": 5_203_219_000i64 + i, "tag_name": name}))
        .collect();
    let tel = c
        .tel
        .as_ref()
        .map_or(json!(["", ""]), |(area, number)| json!([area, number]));
    let customers: Vec<Value> = c
        .contacts
        .iter()
        .zip(0..)
        .map(|(k, i)| contact(settings, id, i, k, c))
        .collect();
    let mut data = json!({
        "company_id": id, "short_name": c.short_name, "name": c.name, "category_ids": [],
        "serial_id": format!("C{index:05}"), "archive_time": created, "archive_type": 1,
        "country": c.country, "province": "", "city": "",
        "country_region": {"city": "", "country": c.country, "province": ""},
        "country_name": c.country_name, "biz_type": "", "intention_level": 0,
        "annual_procurement": c.annual_procurement.as_ref().map_or(json!(0), |v| json!(v)),
        "timezone": "", "scale_id": 0, "star": c.star.as_ref().map_or(json!(0), |v| json!(v)),
        "group_id": group_id, "pool_id": 0, "pool_name": c.pool_name,
        "trail_status": {"status_id": stage_id, "status_name": stage, "status_color": "#cccccc",
                         "info_value": stage_id, "info_label": stage},
        "trail_status_name": stage,
        "origin": 0, "origin_list": c.origin_list, "origin_name": c.origin,
        "homepage": "", "fax": "", "tel": tel, "tel_area_code": "", "address": "", "remark": c.remark,
        "image_list": [], "tag": tags, "client_tag_list": [], "product_group_ids": [],
        "user_id": users, "owner": [], "last_owner": 55_280_038,
        "create_user": 55_280_040, "last_edit_user": "55280038",
    });
    for (name, value) in [
        ("create_time", created.as_str()),
        ("update_time", &updated),
        ("edit_time", &updated),
        ("order_time", &updated),
        ("recent_follow_up_time", "1970-01-01 00:00:00"),
        ("next_follow_up_time", &c.next_follow_up),
        ("next_move_to_public_date", "1970-01-01"),
        ("private_time", "1970-01-01 00:00:00"),
        ("public_time", &created),
        ("deal_time", ""),
    ] {
        data[name] = value.into();
    }
    data["company"] = groups(settings, formatted, index, c);
    data["customers"] = customers.into();
    data
}

/// The five groups. A field whose value is `None` is missing from the answer.
fn groups(settings: &OkkiSettings, formatted: bool, index: u32, c: &Customer) -> Value {
    let mut kinds = Dice::new(&[u64::from(index), 0xF1E1D]);
    let mut field = |id: &str, name: &str, kind: u32, value: Option<Value>| {
        let value = value?;
        let as_number = settings.mixed_numbers && kinds.one_in(4);
        let kind = if as_number {
            json!(kind)
        } else {
            json!(kind.to_string())
        };
        Some(json!({"id": id, "name": name, "field_type": kind, "value": value}))
    };
    let text = |value: &str| Some(json!(value));
    let star = c
        .star
        .as_ref()
        .map(|v| if formatted { enums::star_label(v) } else { json!(v) });
    let money = c.annual_procurement.as_ref().map(|v| {
        if formatted {
            enums::procurement_label(v)
        } else {
            json!(v)
        }
    });
    // an unset telephone is an empty object, an empty text, an empty list, or absent, depending on who saved it last
    let tel = match &c.tel {
        Some((area, number)) => Some(json!({"tel_area_code": area, "tel": number})),
        None => [None, Some(json!("")), Some(json!([])), Some(json!({}))][index as usize % 4].clone(),
    };
    let groups = [
        (
            "基本信息",
            vec![
                field("name", "公司名称", 1, text(&c.name)),
                field("short_name", "简称", 1, text(&c.short_name)),
                field("origin_list", "客户来源", 7, Some(json!(c.origin_list))),
                field("13193448310389", "营业额", 2, text("")),
                field("origin", "客户来源", 3, text(&c.origin)),
            ],
        ),
        (
            "特征信息",
            vec![
                field("intention_level", "采购意向", 3, Some(json!(0))),
                field("annual_procurement", "年采购额", 3, money),
                field("country", "国家地区", 3, text(&c.country_name)),
                field("scale_id", "规模", 3, Some(json!(0))),
                field("category_ids", "主营产品", 7, Some(json!([]))),
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
                field("homepage", "公司网址", 1, text("")),
                field("tel", "座机", 1, tel),
                field("address", "详细地址", 2, text("")),
                field("fax", "传真", 1, text("")),
            ],
        ),
        ("其他信息", vec![field("remark", "公司备注", 2, text(&c.remark))]),
    ];
    let list = groups.into_iter().zip(1..).map(|((name, fields), id)| {
        let fields: Vec<Value> = fields.into_iter().flatten().collect();
        json!({"group_id": id, "name": name, "fields": fields})
    });
    Value::Array(list.collect())
}

fn contact(settings: &OkkiSettings, company: i64, number: i64, k: &Contact, c: &Customer) -> Value {
    let mut value = json!({
        "customer_id": company * 10 + number, "company_id": company,
        "name": k.name, "email": k.email, "gender": number % 3, "remark": "", "birth": "",
        "tel_list": tel_list(settings.tel_list, &k.phones), "post_grade": 0, "post": "", "image_list": [],
        "contact": [{"type": "linkedin", "value": ""}], "main_customer_flag": i64::from(k.main),
        "external_field_data": [], "user_id": [], "company_name": c.name,
    });
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    value
}

fn tel_list(shape: TelList, phones: &[(Loose, Loose)]) -> Value {
    match shape {
        TelList::Pairs => phones
            .iter()
            .map(|(area, number)| json!([area, number]))
            .collect(),
        TelList::Objects => phones
            .iter()
            .map(|(area, number)| json!({"0": area, "1": number}))
            .collect(),
        TelList::Flat => phones
            .first()
            .map_or(json!([]), |(area, number)| json!([area, number])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::world::World;

    fn shown(index: u32, formatted: bool) -> Value {
        let world = World::new(1, 500, 1_700_000_000, 1000);
        detail(
            &OkkiSettings::default(),
            formatted,
            index,
            world.entry(index),
            &world.customer(index),
        )
    }

    fn values<'a>(detail: &'a Value, field: &str) -> Vec<&'a Value> {
        let groups = detail["company"].as_array().into_iter().flatten();
        let fields = groups.flat_map(|group| group["fields"].as_array().into_iter().flatten());
        fields
            .filter(|f| f["name"] == field)
            .map(|f| &f["value"])
            .collect()
    }

    #[test]
    fn the_two_sources_collide_and_the_text_comes_last() {
        let detail = shown(3, false);
        let both = values(&detail, "客户来源");
        assert_eq!(both.len(), 2);
        assert!(both[0].is_array() && both[1].is_string());
    }

    #[test]
    fn a_formatted_answer_shows_labels() {
        let index = (0..500).find(|i| values(&shown(*i, false), "年采购额").first() == Some(&&json!(11)));
        let detail = shown(index.unwrap_or_default(), true);
        assert_eq!(values(&detail, "年采购额"), [&json!("500万美元以上")]);
    }

    #[test]
    fn missing_fields_are_really_missing() {
        assert!((0..500).any(|i| values(&shown(i, false), "客户星级").is_empty()));
        assert!((0..500).any(|i| values(&shown(i, false), "座机").is_empty()));
        let contacts = (0..500).flat_map(|i| {
            shown(i, false)["customers"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        });
        assert!(contacts.into_iter().any(|c| c.get("email").is_none()));
    }

    #[test]
    fn telephones_come_in_three_shapes() {
        let two = [
            (Loose::Text("86".into()), Loose::Int(5)),
            (Loose::Text("1".into()), Loose::Text("6".into())),
        ];
        assert_eq!(tel_list(TelList::Pairs, &two), json!([["86", 5], ["1", "6"]]));
        assert_eq!(
            tel_list(TelList::Objects, &two),
            json!([{"0": "86", "1": 5}, {"0": "1", "1": "6"}])
        );
        assert_eq!(tel_list(TelList::Flat, &two), json!(["86", 5]));
    }
}
