//! What is hidden from whom. The read model holds e-mail addresses and phone numbers only masked; a viewer sees no text of a
//! customer at all, only that there is one.

use crate::auth::{Principal, Role};
use pipeline::heartbeat::Replica;
use serde_json::{Map, Value};

/// What stands for a text that is there.
const TEXT: &str = "•••";
/// Members that say what something is, never what a customer says.
const PLAIN: [&str; 26] = [
    "companyId",
    "version",
    "updateTime",
    "sequence",
    "runId",
    "fetchedAt",
    "contentHash",
    "mappingFingerprint",
    "mappingRevision",
    "settled",
    "lane",
    "operation",
    "removed",
    "force",
    "filtered",
    "field",
    "label",
    "type",
    "kind",
    "id",
    "company_id",
    "serial_id",
    "update_time",
    "create_time",
    "currency",
    "mapping",
];

/// Whether the person may read customers' texts.
pub(crate) fn reads_texts(principal: &Principal) -> bool {
    principal.may(Role::Operator)
}

/// The body of a letter for somebody who may not read texts.
pub(crate) fn body(mut body: Value) -> Value {
    hide("", &mut body);
    body
}

fn hide(name: &str, value: &mut Value) {
    match value {
        Value::String(text) if !text.is_empty() && !PLAIN.contains(&name) => TEXT.clone_into(text),
        Value::Number(_) if !PLAIN.contains(&name) => *value = TEXT.into(),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(name, item)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| hide(name, value)),
        _ => {}
    }
}

/// A failure record for the same: a message or a vendor's answer may quote what a customer says.
pub(crate) fn record(mut record: Value) -> Value {
    if let Some(fields) = record.as_object_mut() {
        words_of(fields);
        if let Some(vendor) = fields.get_mut("vendor").and_then(Value::as_object_mut) {
            words_of(vendor);
        }
        for attempt in fields
            .get_mut("attempts")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            attempt.as_object_mut().into_iter().for_each(words_of);
        }
    }
    record
}

fn words_of(fields: &mut Map<String, Value>) {
    for name in ["message", "example"] {
        if let Some(Value::String(text)) = fields.get_mut(name)
            && !text.is_empty()
        {
            TEXT.clone_into(text);
        }
    }
}

/// A sentence that may quote a customer.
pub(crate) fn sentence(principal: &Principal, text: &str) -> String {
    match reads_texts(principal) || text.is_empty() {
        true => text.to_owned(),
        false => TEXT.to_owned(),
    }
}

/// Why a replica pauses, without the words of a vendor.
pub(crate) fn pauses(replica: &mut Replica) {
    for pause in &mut replica.heartbeat.paused {
        pause.reason.summary().clone_into(&mut pause.detail);
    }
}

/// Which letters were meant, in words: a filter by text says what customers say.
pub(crate) fn filter(principal: &Principal, text: &str) -> String {
    match reads_texts(principal) || !text.contains("text") {
        true => text.to_owned(),
        false => TEXT.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_that_a_customer_says_is_left() {
        let hidden = body(json!({
            "companyId": "7", "version": {"updateTime": "1", "sequence": "2"},
            "fields": [{"field": "_widget_1", "label": "客户名称", "text": "ACME"}, {"field": "w", "label": "电话", "phone": "138"}],
            "detail": {"name": "ACME", "remark": ["call me"], "tel": 1234567, "empty": "", "none": null},
        }));
        let text = hidden.to_string();
        for secret in ["ACME", "138", "call me", "1234567"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        for plain in ["_widget_1", "客户名称", "\"7\""] {
            assert!(text.contains(plain), "{plain}: {text}");
        }
        assert_eq!(hidden["detail"]["empty"], "");
    }

    #[test]
    fn a_record_keeps_its_codes() {
        let hidden = record(json!({
            "code": "row-refused", "message": "`ACME` is taken", "vendor": {"code": "4007", "message": "ACME"},
            "attempts": [{"code": "x", "message": "ACME", "action": "retry"}],
        }));
        assert!(!hidden.to_string().contains("ACME"));
        assert_eq!(
            (hidden["code"].as_str(), hidden["vendor"]["code"].as_str()),
            (Some("row-refused"), Some("4007"))
        );
    }
}
