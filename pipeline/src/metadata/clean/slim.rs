//! Parses a detail answer without what no expression of a mapping can see, which is most of it.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::super::path::Path;

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
    /// `company`, its groups, and one of them.
    Groups,
    /// `fields` of a group, and one of them.
    Fields,
    /// A value, completely.
    Whole,
}

impl Part<'_> {
    /// How to read the value of a key; `None` when nobody reads it.
    fn below(&self, key: &str) -> Option<Self> {
        match (self, key) {
            (Part::Root(_), "company") => Some(Part::Groups),
            (Part::Root(wanted), _) => wanted.contains(key).then_some(Part::Whole),
            (Part::Groups, "fields") => Some(Part::Fields),
            (Part::Groups, "name") | (Part::Fields, "name" | "value" | "field_type") | (Part::Whole, _) => {
                Some(Part::Whole)
            }
            (Part::Groups | Part::Fields, _) => None,
        }
    }
}

/// Reads an answer; of a value that is no object all of it.
pub(super) fn parse(json: &[u8], wanted: &Wanted) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = Part::Root(wanted).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        match self {
            Part::Whole => serde::Deserialize::deserialize(from),
            part => from.deserialize_any(part),
        }
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = from.next_key_seed(Key(&self))? {
            match key {
                Some((key, part)) => drop(map.insert(key, from.next_value_seed(part)?)),
                None => drop(from.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(map))
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

/// Reads a key; one that nobody reads is not even copied.
struct Key<'a, 'w>(&'a Part<'w>);

impl<'de, 'w> DeserializeSeed<'de> for Key<'_, 'w> {
    type Value = Option<(String, Part<'w>)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'w> Visitor<'_> for Key<'_, 'w> {
    type Value = Option<(String, Part<'w>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.below(key).map(|part| (key.to_owned(), part)))
    }
}
