//! Masking of customer data: e-mail addresses and phone numbers are masked unless the operator asks to reveal them.

use super::{Letter, body};
use pipeline::{
    events::Cells,
    failure::record::FailureRecord,
    mask::{mask_email, mask_phone, mask_text},
};
use serde_json::Value;

/// Masks a body in place: by the names of its fields where they say what they hold, and by the shape of a text elsewhere.
pub fn mask_json(json: &mut Value) {
    mask_under("", json);
}

/// Why a letter died, in words that quote nothing of what it holds: the one form in which others than whoever asks to see it in
/// full get to know of it.
#[must_use]
pub fn masked_record(letter: &Letter) -> FailureRecord {
    let mut record = letter.record.clone();
    let mut cells = Cells::default();
    let (kind, bundled) = body::bundle(letter.kind(), &letter.body);
    match bundled.is_empty() {
        true => cells.add_body(letter.kind(), &letter.body),
        false => bundled.iter().for_each(|one| cells.add_body(&kind, &one.body)),
    }
    cells.mask(&mut record);
    record
}

fn mask_under(name: &str, json: &mut Value) {
    match json {
        Value::String(text) => *text = mask_named(name, text),
        Value::Number(number) if is_phone(name) => *json = mask_phone(&number.to_string()).into(),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_under(name, item)),
        Value::Object(fields) => {
            // A cell is named by its caption, not by the kind of its value.
            let caption = caption(fields);
            for (key, value) in fields.iter_mut() {
                match &caption {
                    Some(caption)
                        if !["label", "field", "name", "type"].contains(&key.as_str()) && !is_phone(key) =>
                    {
                        mask_under(caption, value);
                    }
                    _ => mask_under(key, value),
                }
            }
        }
        _ => {}
    }
}

/// What people call a cell: `label` in a form record, `name` or `type` beside a value in a detail.
fn caption(fields: &serde_json::Map<String, Value>) -> Option<String> {
    let beside = |name| fields.get(name).filter(|_| fields.contains_key("value"));
    let captions = [fields.get("label"), beside("name"), beside("type")];
    let mut captions = captions.into_iter().flatten().filter_map(Value::as_str);
    let telling = captions
        .clone()
        .find(|caption| is_phone(caption) || is_email(caption));
    telling.or_else(|| captions.next()).map(str::to_owned)
}

fn mask_named(name: &str, text: &str) -> String {
    match () {
        () if text.is_empty() => String::new(),
        () if is_phone(name) => mask_phone(text),
        () if is_email(name) => mask_email(text),
        () => mask_text(text),
    }
}

fn is_phone(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = [
        "phone",
        "mobile",
        "tel",
        "fax",
        "whatsapp",
        "电话",
        "手机",
        "传真",
        "座机",
        "固话",
        "联系方式",
        "联系号码",
    ];
    // `tel` also begins other words.
    words.iter().any(|word| name.contains(word)) && !name.contains("telegram") && !name.contains("template")
}

fn is_email(name: &str) -> bool {
    let name = name.to_lowercase();
    ["mail", "邮箱", "邮件", "邮址"]
        .iter()
        .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_shapes_both_mask() {
        let mut body = json!({
            "companyId": "56657420945678",
            "detail": {"tel": 1_234_567, "remark": "ask a.b@c.de", "customers": [{"email": "x@y.cn", "name": "Wang"}]},
            "fields": [
                {"field": "_widget_1", "label": "联系电话", "text": "010 2345"},
                {"field": "_widget_2", "label": "名称", "phone": "13812345678"},
                {"field": "_widget_3", "label": "名称", "text": "Wang"},
            ],
        });
        mask_json(&mut body);
        assert_eq!(body["companyId"], "56657420945678");
        assert_eq!(body["detail"]["tel"], "123***67");
        assert_eq!(body["detail"]["remark"], "ask a***@c.de");
        assert_eq!(
            body["detail"]["customers"][0],
            json!({"email": "x***@y.cn", "name": "Wang"})
        );
        assert_eq!(
            body["fields"][0],
            json!({"field": "_widget_1", "label": "联系电话", "text": "010***45"})
        );
        assert_eq!(body["fields"][1]["phone"], "138***78");
        assert_eq!(body["fields"][2]["text"], "Wang");
    }

    #[test]
    fn a_cell_is_masked_for_what_its_caption_says() {
        let mut body = json!({
            "fields": [{"field": "w", "label": "座机", "text": "62345678"}, {"field": "w", "label": "E-Mail", "text": "nobody"}],
            "detail": {"company": [{"fields": [{"id": 7, "name": "公司座机", "value": "62345678"}, {"name": "公司名称", "value": "Wang"}]}]},
        });
        body["contact"] = json!([{"type": "whatsapp", "value": "62811223344"}, {"type": "email", "name": "work", "value": "no at"}]);
        mask_json(&mut body);
        assert_eq!(
            body["contact"][0],
            json!({"type": "whatsapp", "value": "628***44"})
        );
        assert_eq!(body["contact"][1]["value"], "***");
        assert_eq!(body["fields"][0]["text"], "623***78");
        assert_eq!(body["fields"][1]["text"], "***");
        let cells = &body["detail"]["company"][0]["fields"];
        assert_eq!(cells[0]["value"], "623***78");
        assert_eq!(cells[1], json!({"name": "公司名称", "value": "Wang"}));
    }
}
