//! Parses a detail answer without what no expression of a mapping can see, which is most of it.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::super::path::Path;
use super::scrub;

/// The key whose groups are flattened into keys of the record.
const COMPANY: &str = "company";

/// Keys of a flattened record that something may read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted(Option<HashSet<String>>);

impl Wanted {
    /// All of them.
    pub const EVERYTHING: Wanted = Wanted(None);

    /// Those by which the paths can enter a record.
    pub fn by<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Self {
        Wanted(Some(paths.into_iter().flat_map(Path::roots).collect()))
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.0.as_ref().is_none_or(|keys| keys.contains(key))
    }
}

/// Which part of the answer is being read.
#[derive(Clone, Copy)]
enum Part<'w> {
    /// The answer: wanted keys, and `company`, which becomes keys later.
    Root(&'w Wanted),
    /// `company`, and a group of it.
    Groups(&'w Wanted),
    /// `fields` of a group with this name, when it is known by then, and one of them.
    Fields(&'w Wanted, Option<&'w str>),
}

/// Reads an answer; of a value that is no object all of it.
pub(super) fn parse(json: &[u8], wanted: &Wanted) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = Part::Root(wanted).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The answer's wanted keys.
fn root<'de, A: MapAccess<'de>>(wanted: &Wanted, mut from: A) -> Result<Value, A::Error> {
    let mut map = Map::new();
    while let Some(key) = from.next_key_seed(IfWanted(wanted))? {
        let value = match &key {
            Some(key) if key == COMPANY => from.next_value_seed(Part::Groups(wanted))?,
            Some(_) => from.next_value()?,
            None => {
                from.next_value::<IgnoredAny>()?;
                continue;
            }
        };
        map.extend(key.map(|key| (key, value)));
    }
    Ok(Value::Object(map))
}

/// Name and fields of a group.
fn group<'de, A: MapAccess<'de>>(wanted: &Wanted, mut from: A) -> Result<Value, A::Error> {
    let (mut name, mut fields) = (None, None);
    while let Some(key) = from.next_key()? {
        match key {
            Known::Name => name = Some(tidied(from.next_value()?)),
            Known::Fields => {
                let prefix = name.as_ref().and_then(Value::as_str);
                fields = Some(from.next_value_seed(Part::Fields(wanted, prefix))?);
            }
            _ => drop(from.next_value::<IgnoredAny>()?),
        }
    }
    Ok(object([("name", name), ("fields", fields)]))
}

/// Name, type and value of a field; nothing of one whose value nobody reads, which shows when its name comes first.
fn field<'de, A: MapAccess<'de>>(
    wanted: &Wanted,
    prefix: Option<&str>,
    mut from: A,
) -> Result<Value, A::Error> {
    let (mut name, mut kind, mut value) = (None, None, None);
    while let Some(key) = from.next_key()? {
        match key {
            Known::Name => name = Some(tidied(from.next_value()?)),
            Known::FieldType => kind = Some(from.next_value()?),
            Known::Value => {
                let known = prefix.zip(name.as_ref().and_then(Value::as_str));
                if known.is_none_or(|(prefix, name)| wanted.contains(&format!("{prefix}{name}"))) {
                    value = Some(from.next_value()?);
                } else {
                    from.next_value::<IgnoredAny>()?;
                }
            }
            _ => drop(from.next_value::<IgnoredAny>()?),
        }
    }
    if value.is_none() {
        return Ok(Value::Null);
    }
    Ok(object([("name", name), ("field_type", kind), ("value", value)]))
}

fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let there = members
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(there.collect())
}

/// A name as it becomes part of a key.
fn tidied(mut name: Value) -> Value {
    if let Value::String(text) = &mut name {
        scrub::tidy(text);
    }
    name
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(words::text!("a JSON value"))
    }

    fn visit_map<A: MapAccess<'de>>(self, from: A) -> Result<Value, A::Error> {
        match self {
            Part::Root(wanted) => root(wanted, from),
            Part::Groups(wanted) => group(wanted, from),
            Part::Fields(wanted, prefix) => field(wanted, prefix, from),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// Reads a key of the answer; one that nobody reads is not even copied.
struct IfWanted<'w>(&'w Wanted);

impl<'de> DeserializeSeed<'de> for IfWanted<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<String>, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for IfWanted<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(words::text!("a key"))
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<String>, E> {
        let is_read = key == COMPANY || self.0.contains(key);
        Ok(is_read.then(|| key.to_owned()))
    }
}

/// Keys of groups and fields.
#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Known {
    Name,
    Fields,
    FieldType,
    Value,
    #[serde(other)]
    Other,
}
