//! From a computed value to a typed cell. What does not fit is an error: the target would store it as blank and
//! report success.

use mapping::{Evaluated, ParameterType, Zone, is_never, unix_millis};
use proto::v1::{Address, DepartmentList, FieldValue, TextList, field_value::Value as Cell};
use serde_json::{Map, Value as Json};

use super::Widget;

/// The declared type of the parameter, which comes before its parser.
/// `is_json`: the parser works on lists and objects.
pub(super) fn typed(
    value: Evaluated<'_>,
    kind: ParameterType,
    widget: Widget,
    is_json: bool,
) -> Result<Json, String> {
    let wants_json = is_json
        || !matches!(
            widget,
            Widget::Text | Widget::Number | Widget::DateTime | Widget::Phone
        );
    match (kind, value) {
        (ParameterType::Array | ParameterType::Object, Evaluated::Json(json)) => Ok(json.into_owned()),
        (ParameterType::Text, Evaluated::Json(json)) if wants_json => Ok(json.into_owned()),
        (kind, value) => {
            let text = value.into_text();
            if text.is_empty() {
                return Ok(Json::String(String::new()));
            }
            match kind {
                ParameterType::Int => integer(&text).map(Json::String),
                ParameterType::Float => number(&text).map(Json::String),
                ParameterType::Bool => match text.as_ref() {
                    "true" | "1" => Ok(true.into()),
                    "false" | "0" => Ok(false.into()),
                    _ => Err(words::text!("the value is neither true nor false").to_owned()),
                },
                ParameterType::Array | ParameterType::Object => match serde_json::from_str(&text) {
                    Ok(json @ (Json::Array(_) | Json::Object(_))) => Ok(json),
                    _ => Ok(Json::String(text.into_owned())),
                },
                // The form's field decides about dates, as about texts.
                ParameterType::Text | ParameterType::Date | ParameterType::DateTime => {
                    Ok(Json::String(text.into_owned()))
                }
            }
        }
    }
}

/// Decimal text of a number, without exponent.
fn number(text: &str) -> Result<String, String> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain =
        digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.bytes().any(|b| b.is_ascii_digit());
    if plain && digits.matches('.').count() <= 1 {
        let sign = if text.starts_with('-') { "-" } else { "" };
        let whole = if digits.starts_with('.') { "0" } else { "" };
        return Ok(format!("{sign}{whole}{}", digits.trim_end_matches('.')));
    }
    match text.parse::<f64>() {
        Ok(f) if f.is_finite() && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            Ok(format!("{f}"))
        }
        _ => Err(words::text!("the value is not a number").to_owned()),
    }
}

/// `007` is 7, as the form keeps it.
fn without_noughts(number: &str) -> String {
    let (sign, digits) = number
        .strip_prefix('-')
        .map_or(("", number), |digits| ("-", digits));
    let kept = digits.trim_start_matches('0');
    let nought = if kept.is_empty() || kept.starts_with('.') {
        "0"
    } else {
        ""
    };
    format!("{sign}{nought}{kept}")
}

fn integer(text: &str) -> Result<String, String> {
    let number = number(text)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    if fraction.bytes().all(|b| b == b'0') {
        Ok(whole.to_owned())
    } else {
        Err(words::text!("the value is not a whole number").to_owned())
    }
}

/// The cell for the target's field; nothing when the value is empty.
pub(super) fn cell(value: Json, widget: Widget, zone: &Zone) -> Result<Option<Cell>, String> {
    let empty = match &value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
        _ => false,
    };
    if empty {
        return Ok(None);
    }
    Ok(Some(match widget {
        Widget::Text => Cell::Text(plain(value)),
        Widget::Number => Cell::Number(without_noughts(&number(&scalar(
            value,
            words::text!("a number"),
        )?)?)),
        Widget::DateTime => {
            let text = scalar(value, words::text!("a date"))?;
            if is_never(&text) {
                return Ok(None);
            }
            Cell::Datetime(unix_millis(&text, zone).ok_or(words::text!("the value is not a date"))?)
        }
        Widget::Choices => Cell::Texts(TextList { items: texts(value)? }),
        Widget::Address => Cell::Address(address(value)?),
        Widget::Phone => Cell::Phone(match value {
            Json::Object(mut map) => scalar(
                map.remove("phone").unwrap_or_default(),
                words::text!("a phone number"),
            )?,
            other => scalar(other, words::text!("a phone number"))?,
        }),
        Widget::Member => Cell::Member(scalar(value, words::text!("a user name"))?),
        Widget::Members => Cell::Members(TextList { items: texts(value)? }),
        Widget::Department => Cell::Department(department(&value)?),
        Widget::Departments => {
            let items = match &value {
                Json::Array(items) => items.iter().map(department).collect::<Result<_, _>>()?,
                one => vec![department(one)?],
            };
            Cell::Departments(DepartmentList { items })
        }
        Widget::Lookup => {
            let id = scalar(value, words::text!("a record id"))?;
            if id.len() != 24 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(words::text!("the value is not a record id of 24 hex digits").to_owned());
            }
            Cell::Lookup(id)
        }
        Widget::Subform => {
            return Err(words::text!("a subform is built from an array with children").to_owned());
        }
        Widget::Json => json(value),
    }))
}

/// A phone's object is known to the contract, other JSON goes as it is.
fn json(value: Json) -> Cell {
    match value {
        Json::Object(map) if map.len() == 1 && map.get("phone").is_some_and(Json::is_string) => Cell::Phone(
            map.get("phone")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned(),
        ),
        Json::Array(items) if items.iter().all(Json::is_string) => Cell::Texts(TextList {
            items: items.into_iter().map(plain).collect(),
        }),
        other => Cell::Json(other.to_string().into_bytes().into()),
    }
}

fn plain(value: Json) -> String {
    match value {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

fn scalar(value: Json, wanted: &str) -> Result<String, String> {
    match value {
        Json::Array(_) | Json::Object(_) => Err(words::tr!(
            "{wanted} is needed, but the value is a list or an object"
        )),
        Json::Null => Ok(String::new()),
        other => Ok(plain(other)),
    }
}

/// A single text is a list of one.
fn texts(value: Json) -> Result<Vec<String>, String> {
    match value {
        Json::Array(items) => items
            .into_iter()
            .map(|item| scalar(item, words::text!("a list of texts")))
            .collect(),
        one => Ok(vec![scalar(one, words::text!("a list of texts"))?]),
    }
}

fn department(value: &Json) -> Result<i64, String> {
    let number = match value {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| words::text!("a department is given by its number").to_owned())
}

/// Four parts; a plain text goes into the last, so that nothing is lost.
fn address(value: Json) -> Result<Address, String> {
    match value {
        Json::Object(map) => {
            let part = |key: &str| {
                map.get(key).cloned().map_or(Ok(String::new()), |value| {
                    scalar(value, words::text!("an address"))
                })
            };
            Ok(Address {
                province: part("province")?,
                city: part("city")?,
                district: part("district")?,
                detail: part("detail")?,
            })
        }
        other => Ok(Address {
            detail: scalar(other, words::text!("an address"))?,
            ..Address::default()
        }),
    }
}

/// Cells as a JSON object, for members of an object and rows that are no subform.
pub(super) fn object(fields: &[FieldValue]) -> Json {
    fields
        .iter()
        .filter_map(|field| Some((field.field.clone(), to_json(field.value.as_ref()?))))
        .collect::<Map<_, _>>()
        .into()
}

/// A cell as the plain JSON that people read and that objects hold.
pub fn to_json(cell: &Cell) -> Json {
    let list = |items: &[String]| items.iter().cloned().map(Json::String).collect::<Json>();
    match cell {
        Cell::Text(text) | Cell::Member(text) | Cell::Lookup(text) => text.clone().into(),
        Cell::Phone(phone) => serde_json::json!({ "phone": phone }),
        Cell::Number(number) => serde_json::from_str(number).unwrap_or_else(|_| number.clone().into()),
        Cell::Datetime(millis) => mapping::iso_utc(*millis).into(),
        Cell::Texts(texts) | Cell::Members(texts) => list(&texts.items),
        Cell::Address(a) => {
            serde_json::json!({"province": a.province, "city": a.city, "district": a.district, "detail": a.detail})
        }
        Cell::Department(number) => (*number).into(),
        Cell::Departments(numbers) => numbers.items.clone().into(),
        Cell::Subform(subform) => subform.rows.iter().map(|row| object(&row.fields)).collect(),
        Cell::Json(bytes) => serde_json::from_slice(bytes).unwrap_or(Json::Null),
    }
}
