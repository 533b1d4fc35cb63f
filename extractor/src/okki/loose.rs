//! Reads JSON values whose type drifts between accounts and endpoints: ints as strings, ids as numbers
//! (docs/okki-api.md §4.3, §5.2, §9 row 12).

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// An integer that may come as a number, as numeric text, as `""`, or not at all.
pub(super) fn integer<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// A text that may come as a number; empty text is `None`.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    })
}

/// A customer id as decimal text. Anything but a positive whole number cannot name a customer.
pub(super) fn company_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(text(from)?.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Drifting {
        #[serde(default, deserialize_with = "integer")]
        count: Option<i64>,
        #[serde(default, deserialize_with = "company_id")]
        id: Option<String>,
    }

    fn read(json: &str) -> Drifting {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn integers_come_in_any_dress() {
        assert_eq!(read(r#"{"count": 7}"#).count, Some(7));
        assert_eq!(read(r#"{"count": " 7 "}"#).count, Some(7));
        for none in [
            r#"{"count": ""}"#,
            r#"{"count": null}"#,
            r#"{"count": []}"#,
            "{}",
            r#"{"count": "many"}"#,
        ] {
            assert_eq!(read(none).count, None, "{none}");
        }
    }

    #[test]
    fn ids_are_positive_whole_numbers() {
        assert_eq!(
            read(r#"{"id": 56657420945678}"#).id.as_deref(),
            Some("56657420945678")
        );
        assert_eq!(
            read(r#"{"id": "56657420945678"}"#).id.as_deref(),
            Some("56657420945678")
        );
        for none in [
            r#"{"id": 0}"#,
            r#"{"id": 5.6e3}"#,
            r#"{"id": "../x"}"#,
            r#"{"id": -4}"#,
            r#"{"id": {}}"#,
        ] {
            assert_eq!(read(none).id, None, "{none}");
        }
    }
}
