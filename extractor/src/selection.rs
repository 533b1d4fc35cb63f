//! What the source document does with a fetched customer before it is handed on: keys in another format, and the
//! condition that decides whether it goes on at all.
//!
//! The platform applies both after fetching and before storing (docs/mapping-language.md §1.2), on the flattened record
//! with the details merged in; so that is where and on what they are applied here. Without either, which is the usual
//! case, the detail answer goes on byte for byte and is not even parsed.

use mapping::{Condition, Context, FilterResult, FormatResponse, clean, surrogate};
use serde_json::value::RawValue;

/// The rules of a source document about single customers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Keys that are written again in another format.
    pub format: FormatResponse,
    /// Which customers go on.
    pub condition: Condition,
}

/// What became of a customer.
#[derive(Debug)]
pub(crate) enum Selected {
    /// It goes on, perhaps changed.
    Kept(Box<RawValue>),
    /// The condition does not hold.
    Dropped,
}

impl Selection {
    /// Applies the rules; the text of an error names no customer's data.
    pub(crate) fn apply(&self, detail: Box<RawValue>, now: jiff::Timestamp) -> Result<Selected, String> {
        if self.format.is_empty() && self.condition.is_empty() {
            return Ok(Selected::Kept(detail));
        }
        // The transformer counts what is replaced, in the details that pass unread, too.
        let (json, _) = surrogate::repaired(detail.get().as_bytes());
        let value = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        let mut record = clean::clean(value).map_err(|error| error.to_string())?;
        let context = Context::at(now);
        self.format.apply(&mut record, &context);
        if self.condition.apply(&mut record, &context) == FilterResult::Drop {
            return Ok(Selected::Dropped);
        }
        serde_json::value::to_raw_value(record.as_map())
            .map(Selected::Kept)
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapping::SourceDocument;

    const DETAIL: &str = r#"{"company_id": 7, "create_time": "2025-07-30 09:43:47",
        "company": [{"name": "管理信息", "fields": [{"name": "客户星级", "field_type": "5", "value": 3}]}],
        "customers": [{"name": "a", "gender": 1}, {"name": "b", "gender": 2}]}"#;

    fn selected(rules: &str) -> Option<serde_json::Value> {
        let text = format!(r#"{{"api": "/x", "effect": "QUERY", "method": "GET", "request": [], {rules}}}"#);
        let document = SourceDocument::parse(&text, "source").unwrap().document;
        let selection = Selection {
            format: document.format_response,
            condition: document.condition,
        };
        let detail = serde_json::from_str(DETAIL).unwrap();
        match selection.apply(detail, jiff::Timestamp::UNIX_EPOCH).unwrap() {
            Selected::Kept(json) if json.get() == DETAIL => Some(serde_json::Value::Null),
            Selected::Kept(json) => serde_json::from_str(json.get()).ok(),
            Selected::Dropped => None,
        }
    }

    #[test]
    fn without_rules_the_answer_stays_as_it_is_byte_for_byte() {
        assert_eq!(selected(r#""condition": []"#), Some(serde_json::Value::Null));
    }

    #[test]
    fn one_group_must_hold_and_reads_the_flattened_record() {
        let star = |logic: &str, value: &str| {
            selected(&format!(
                r#""condition": [[{{"field": "管理信息客户星级", "logic": "{logic}", "value": "{value}"}}]]"#
            ))
        };
        assert_eq!(star("egt", "3").unwrap()["管理信息客户星级"], 3);
        assert_eq!(star("gt", "3"), None);
        let either = r#""condition": [[{"field": "管理信息客户星级", "logic": "gt", "value": "3"}],
            [{"field": "company_id", "logic": "eq", "value": "7"}]]"#;
        assert!(selected(either).is_some());
    }

    #[test]
    fn rows_that_fail_are_taken_out_of_a_kept_customer() {
        let kept = selected(r#""condition": [[{"field": "customers.gender", "logic": "eq", "value": "2"}]]"#);
        assert_eq!(
            kept.unwrap()["customers"],
            serde_json::json!([{"name": "b", "gender": 2}])
        );
        let strict = r#""condition": [[{"field": "customers.gender", "logic": "eq", "value": "2", "strictMode": true}]]"#;
        assert_eq!(selected(strict), None);
    }

    #[test]
    fn keys_take_another_format_and_conditions_may_read_them() {
        let rules = r#""formatResponse": [{"old": "create_time", "new": "created_day", "format": "date"}],
            "condition": [[{"field": "created_day", "logic": "eq", "value": "2025-07-30"}]]"#;
        let kept = selected(rules).unwrap();
        assert_eq!(
            (&kept["created_day"], &kept["create_time"]),
            (&"2025-07-30".into(), &"2025-07-30 09:43:47".into())
        );
    }
}
