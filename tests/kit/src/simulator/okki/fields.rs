//! `/v1/company/fields`: the dictionary of fields, those that `info` shows and some that no customer of the simulator has
//! (docs/okki-api.md §6).

use serde_json::{Value, json};

use super::{refuse, success};
use crate::simulator::call::Call;
use crate::simulator::reply::Reply;
use crate::simulator::settings::{FieldList, OkkiSettings};
use crate::simulator::state::State;

/// Group, id, caption and type of what a detail shows in `company[]`; the captions are those of `info`.
pub(super) const COMPANY: [(&str, &str, &str, u32); 18] = [
    ("基本信息", "name", "公司名称", 1),
    ("基本信息", "short_name", "简称", 1),
    ("基本信息", "origin_list", "客户来源", 7),
    ("基本信息", "13193448310389", "营业额", 2),
    ("基本信息", "origin", "客户来源", 3),
    ("特征信息", "intention_level", "采购意向", 3),
    ("特征信息", "annual_procurement", "年采购额", 3),
    ("特征信息", "country", "国家地区", 3),
    ("特征信息", "scale_id", "规模", 3),
    ("特征信息", "category_ids", "主营产品", 7),
    ("管理信息", "star", "客户星级", 5),
    ("管理信息", "group_id", "客户分组", 3),
    ("管理信息", "trail_status", "客户阶段", 3),
    ("联系信息", "homepage", "公司网址", 1),
    ("联系信息", "tel", "座机", 1),
    ("联系信息", "address", "详细地址", 2),
    ("联系信息", "fax", "传真", 1),
    ("其他信息", "remark", "公司备注", 2),
];

/// What the dictionary has beside them: no detail shows it there.
const BESIDE: [(&str, &str, &str, u32); 5] = [
    ("", "", "来源详情", 7),
    ("管理信息", "cus_tag", "客户标签", 7),
    ("基本信息", "serial_id", "客户编号", 1),
    ("其他信息", "image_list", "公司logo", 6),
    ("其他信息", "next_follow_up_time", "下次日程时间", 10),
];

/// Those of contacts; the last one is the account's own.
const CUSTOMER: [(&str, &str, &str, u32); 10] = [
    ("", "name", "昵称", 1),
    ("", "email", "邮箱", 1),
    ("", "tel_list", "联系电话", 1),
    ("", "gender", "性别", 3),
    ("", "birth", "生日", 4),
    ("", "post", "职位", 1),
    ("", "post_grade", "职级", 3),
    ("", "remark", "备注", 2),
    ("", "image_list", "图片", 6),
    ("", "16664800173", "爱好", 1),
];

pub(super) fn answer(state: &State, settings: &OkkiSettings, call: &Call) -> Reply {
    let fields: Vec<_> = match call.parameter("type").as_deref() {
        None | Some("" | "company") => COMPANY.iter().chain(&BESIDE).copied().collect(),
        Some("customer") => CUSTOMER.to_vec(),
        Some(_) => return refuse(settings, 400, "Invalid query"),
    };
    match settings.fields {
        FieldList::Refused => refuse(settings, 403, "No Privilege"),
        FieldList::Plain => {
            let plain: Value = fields
                .iter()
                .zip(0..)
                .map(|(field, n)| entry(settings, *field, n))
                .collect();
            success(state, settings, &plain.to_string())
        }
        FieldList::Grouped => {
            let mut names: Vec<&str> = fields.iter().map(|field| field.0).collect();
            names.dedup();
            let groups: Value = names
                .iter()
                .map(|name| {
                    let of = fields.iter().zip(0..).filter(|(field, _)| field.0 == *name);
                    let list: Value = of.map(|(field, n)| entry(settings, *field, n)).collect();
                    json!({"name": name, "fields": list})
                })
                .collect();
            success(state, settings, &groups.to_string())
        }
    }
}

/// As published; ids of own fields and types come as number or text.
fn entry(settings: &OkkiSettings, (_, id, name, kind): (&str, &str, &str, u32), n: usize) -> Value {
    let is_odd = settings.mixed_numbers && n % 3 == 1;
    let number: Option<i64> = id.parse().ok();
    json!({
        "id": number.filter(|_| settings.mixed_numbers).map_or_else(|| json!(id), |id| json!(id)),
        "name": name,
        "base": u8::from(number.is_none()),
        "field_type": if is_odd { json!(kind.to_string()) } else { json!(kind) },
        "ext_info": null,
        "require": u8::from(id == "name"),
        "default": "",
        "disable_flag": u8::from(id == "intention_level"),
        "is_list": u8::from(id.is_empty()),
    })
}
