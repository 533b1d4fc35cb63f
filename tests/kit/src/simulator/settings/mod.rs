//! Every switch and limit of the two simulated vendors, with the reference's assumption as default. Settings are plain
//! data: `POST /sim/settings` merges a JSON object into them, and an unknown name is refused by name.

mod jdy;
mod listing;
mod okki;
mod pushes;
mod webhook;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use jdy::{AppSpec, Concurrent, JdySettings, KeyRule, LifetimeFrom, Poison, Rewrite};
pub use listing::{ListingSettings, Totals};
pub use okki::{
    Allowance, AuthAnswer, FieldList, LimitAnswer, Limiter, OkkiSettings, Order, SuccessCode, TelList,
    TimeForm,
};
pub use pushes::PushSettings;

pub use webhook::{PushForm, WebhookSettings};

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Seconds added to the vendors' clock (not to the rate limits).
    pub clock_offset_s: i64,
    /// OKKI's side.
    pub okki: OkkiSettings,
    /// Jiandaoyun's side.
    pub jdy: JdySettings,
}

impl Settings {
    /// These settings with a JSON object merged in, objects recursively; the error names the setting.
    pub fn merged(&self, patch: &Value) -> Result<Settings, serde_json::Error> {
        let mut whole = serde_json::to_value(self)?;
        merge(&mut whole, patch);
        serde_json::from_value(whole)
    }
}

fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn merging_changes_what_is_named_and_nothing_else() {
        let merged = Settings::default()
            .merged(&serde_json::json!({"jdy": {"limits": {"create": 3}, "concurrent": "9007"}, "okki": {"order": "asc"}}))
            .unwrap();
        assert_eq!(merged.jdy.limits["create"], Some(3));
        assert_eq!(merged.jdy.limits["list"], Some(30));
        assert_eq!(merged.jdy.concurrent, Concurrent::Lock9007);
        assert_eq!(merged.okki.order, Order::Asc);
        assert_eq!(merged.okki.client_id, "sim-okki-client");
    }

    #[test]
    fn an_unknown_setting_is_named() {
        let error = Settings::default()
            .merged(&serde_json::json!({"jdy": {"enfroce": true}}))
            .unwrap_err();
        assert!(error.to_string().contains("enfroce"), "{error}");
    }
}
