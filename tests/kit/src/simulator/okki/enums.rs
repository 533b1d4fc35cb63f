//! `/v1/company/companyEnums` and `/v1/company/fields/selector`: the vendor's code lists (docs/okki-api.md §6).

use serde_json::{Value, json};

use super::{refuse, success};
use crate::simulator::call::Call;
use crate::simulator::customer::Loose;
use crate::simulator::reply::Reply;
use crate::simulator::settings::OkkiSettings;
use crate::simulator::state::State;
use crate::simulator::vocabulary::{GROUPS, STAGES};

/// The vendor's own labels; the seed's mapping uses others.
const PROCUREMENT: [&str; 12] = [
    "无采购额",
    "0~1千美元",
    "1千～5千美元",
    "5千～1万美元",
    "1万～3万美元",
    "3万～5万美元",
    "5万～10万美元",
    "10万～30万美元",
    "30万～50万美元",
    "50万～100万美元",
    "100万～500万美元",
    "500万美元以上",
];

fn number(value: &Loose) -> Option<usize> {
    match value {
        Loose::Int(n) => usize::try_from(*n).ok(),
        Loose::Text(text) => text.parse().ok(),
    }
}

pub(super) fn procurement_label(value: &Loose) -> &'static str {
    number(value)
        .and_then(|n| PROCUREMENT.get(n))
        .copied()
        .unwrap_or_default()
}

pub(super) fn star_label(value: &Loose) -> String {
    number(value).map(|n| format!("{n}星")).unwrap_or_default()
}

pub(super) fn company() -> Value {
    let coded = |names: &[&str]| -> Value {
        names
            .iter()
            .enumerate()
            .map(|(code, name)| json!({"code": code, "name": name}))
            .collect()
    };
    json!({
        "annual_procurement_list": coded(&PROCUREMENT),
        "star_list": coded(&["0星", "1星", "2星", "3星", "4星", "5星"]),
        "intention_level_list": coded(&["未知", "低", "中", "高"]),
    })
}

pub(super) fn selector(state: &State, settings: &OkkiSettings, call: &Call) -> Reply {
    match call.parameter("field").as_deref() {
        Some("group_id") => {
            let groups: Value = GROUPS
                .iter()
                .filter(|(id, _)| !settings.listing.gone_groups.contains(id))
                .map(|(id, name)| json!({"id": id, "name": name, "parent_id": 0, "layer": 1, "prefix": "0", "node": []}))
                .collect();
            success(state, settings, &groups.to_string())
        }
        Some("trail_status") => {
            let stages: Value = STAGES
                .iter()
                .map(|(id, name)| json!({"status_id": id, "status_name": name, "status_color": "#cccccc"}))
                .collect();
            success(state, settings, &stages.to_string())
        }
        _ => refuse(settings, 400, "Invalid query field"),
    }
}
