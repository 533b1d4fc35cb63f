//! The shapes of OKKI that the extractor reads: one page of the listing and one customer's detail.
//!
//! Only what the extractor itself needs is typed. The detail stays the bytes that arrived, so that no field of any
//! account, however odd, is lost or reshaped on the way to the transformer.

use super::{decode::Members, error::Error, time};
use crate::clocks::APART_S;
use serde_json::{Value, value::RawValue};
use std::collections::BTreeMap;

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// Earliest update time, unix seconds; `None` is without bound.
    pub start: Option<i64>,
    /// Latest update time, unix seconds; `None` is without bound.
    pub end: Option<i64>,
    /// Page number, from 1.
    pub page: u64,
    /// Rows wanted; the server may give fewer.
    pub count: u32,
    /// List the deleted customers instead.
    pub removed: bool,
}

impl PageRequest {
    /// The first page of a span in which nobody can be listed: whether it is answered tells a page that alone cannot be read
    /// from a listing that cannot. A later page may be refused for its number, whatever the span.
    #[must_use]
    pub(crate) fn of_nobody(&self) -> Self {
        Self {
            start: Some(time::OLDEST),
            end: Some(time::OLDEST + 1),
            page: 1,
            ..self.clone()
        }
    }

    /// The same asked with other bounds, for one answer that shows nobody may be none: from some cache, or because nobody is
    /// shown without a lower bound.
    #[must_use]
    pub(crate) fn otherwise(&self) -> Self {
        Self {
            start: Some(self.start.map_or(time::OLDEST, |start| start - 1)),
            end: self.end.map(|end| end + 1),
            ..self.clone()
        }
    }
}

/// One page of the listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The customers that could be read.
    pub items: Vec<ListItem>,
    /// Rows of the page that name no customer.
    pub damaged: Vec<DamagedRow>,
    /// `totalItem`, when it was there.
    pub total: Option<u64>,
    /// The server's clock, unix seconds.
    pub now: Option<i64>,
    /// Customers among the items whose time nobody can read, as reasons. Their details order them.
    pub untimed: Vec<String>,
    /// Customers among the items whose time lies ahead, with that.
    pub ahead: Vec<(String, i64)>,
}

impl Page {
    /// Rows that the server sent, readable or not.
    #[must_use]
    pub(crate) fn rows(&self) -> u64 {
        (self.items.len() + self.damaged.len()) as u64
    }

    /// The latest update time that can be read and has come near.
    #[must_use]
    pub(crate) fn latest(&self) -> Option<i64> {
        let times = self.items.iter().map(|item| item.update_time);
        times.filter(|time| *time > 0).max()
    }
}

/// A row that names no customer, with what it shows of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DamagedRow {
    /// Why it cannot be used.
    pub reason: String,
    /// The number that people see in OKKI.
    pub serial_id: Option<String>,
    /// Unix seconds; 0 when the row shows none.
    pub update_time: i64,
}

/// A listed customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListItem {
    /// Decimal text; exceeds 32 bits.
    pub company_id: String,
    /// Unix seconds; 0 when the listing shows none.
    pub update_time: i64,
}

/// One customer's detail.
#[derive(Debug, Clone)]
pub(crate) struct Detail {
    /// The `data` object exactly as received.
    pub json: Box<RawValue>,
    /// Its update time, when it has one.
    pub update_time: Option<i64>,
    /// The latest time that it can be of, where its update time lies after that.
    pub ahead: Option<i64>,
    /// The server's clock, unix seconds.
    pub now: Option<i64>,
    /// The answer says that no call is left for others.
    pub closes: bool,
}

/// Reads the `data` object of a listing; `later`: of a page after the first one.
pub(super) fn read_page(data: &RawValue, now: Option<i64>, later: bool) -> Result<Page, Error> {
    let shape = |what: String| Error::Shape(words::tr!("listing: {what}"));
    let data = Members::read(data.get().as_bytes()).map_err(|error| shape(error.to_string()))?;
    let total = data
        .integer("totalItem")
        .and_then(|total| u64::try_from(total).ok());
    let rows = match data.raw("list") {
        Some(list) => rows(list.get()).ok_or_else(|| shape(words::tr!("`data.list` is not a list")))?,
        None if data.has_list_beside("list") => {
            return Err(shape(words::tr!(
                "`data.list` is missing, and another member is a list"
            )));
        }
        // Behind the last page there is nothing, whatever the whole counts.
        None if total == Some(0) || later => Vec::new(),
        None => return Err(shape(words::tr!("`data.list` is missing"))),
    };
    let mut page = Page {
        total,
        now,
        ..Page::default()
    };
    for row in rows {
        match read_row(row, now) {
            Ok((item, None)) => page.items.push(item),
            Ok((item, Some(Untimed::Ahead(at)))) => {
                page.ahead.push((item.company_id.clone(), at));
                page.items.push(item);
            }
            Ok((item, Some(Untimed::Unreadable(reason)))) => {
                page.items.push(item);
                page.untimed.push(reason);
            }
            Err(damaged) => page.damaged.push(damaged),
        }
    }
    Ok(page)
}

/// An array, or the object that PHP makes of an array with gaps in its keys.
fn rows(list: &str) -> Option<Vec<&RawValue>> {
    let keyed =
        || serde_json::from_str::<BTreeMap<String, &RawValue>>(list).map(|map| map.into_values().collect());
    serde_json::from_str(list).or_else(|_| keyed()).ok()
}

/// Why the time of a row orders nothing.
enum Untimed {
    /// Nobody can read it.
    Unreadable(String),
    /// Nobody's clock has come near to it.
    Ahead(i64),
}

/// A listed customer, and why its time is not known although there is one.
fn read_row(row: &RawValue, now: Option<i64>) -> Result<(ListItem, Option<Untimed>), DamagedRow> {
    let row = Members::read(row.get().as_bytes()).map_err(|_| DamagedRow {
        reason: words::tr!("a row is not an object"),
        serial_id: None,
        update_time: 0,
    })?;
    // One that lies ahead would be a row outside of every window, and as a version make every later change an older one.
    let time = match row.time("update_time") {
        Ok(Some(at)) if lies_ahead(at, now, time::now()) => Err(Untimed::Ahead(at)),
        time => time.map_err(|error| Untimed::Unreadable(error.to_string())),
    };
    let company_id = row.company_id("company_id").ok_or_else(|| DamagedRow {
        reason: match row.text("company_id") {
            Some(text) => words::tr!("`company_id` is `{}`", text.chars().take(40).collect::<String>()),
            None => words::tr!("a row has no usable `company_id`"),
        },
        serial_id: row.text("serial_id"),
        update_time: time.as_ref().ok().copied().flatten().unwrap_or(0),
    })?;
    let (update_time, untimed) = match time {
        Ok(time) => (time.unwrap_or(0), None),
        Err(Untimed::Unreadable(error)) => {
            let reason = words::tr!("customer {company_id}: `update_time` {error}");
            (0, Some(Untimed::Unreadable(reason)))
        }
        Err(ahead) => (0, Some(ahead)),
    };
    let item = ListItem {
        company_id,
        update_time,
    };
    Ok((item, untimed))
}

/// Reads the `data` object of a detail and checks that it is the customer that was asked for.
pub(super) fn read_detail(data: Box<RawValue>, now: Option<i64>, company_id: &str) -> Result<Detail, Error> {
    let row = Members::read(data.get().as_bytes())
        .map_err(|error| Error::Shape(words::tr!("detail of {company_id}: {error}")))?;
    match row.company_id("company_id") {
        Some(id) if id == company_id => {}
        Some(id) => {
            return Err(Error::Another {
                asked: company_id.to_owned(),
                about: id,
            });
        }
        None => {
            return Err(Error::Shape(words::tr!(
                "detail of {company_id}: no usable `company_id`"
            )));
        }
    }
    let odd = |what: String| Error::Shape(words::tr!("detail of {company_id}: `update_time` {what}"));
    let update_time = row.time("update_time").map_err(|error| odd(error.to_string()))?;
    let ours = time::now();
    let ahead = update_time.filter(|at| lies_ahead(*at, now, ours));
    Ok(Detail {
        json: data,
        update_time,
        // As a version it would make every later change an older one.
        ahead: ahead.map(|_| latest(now, ours)),
        now,
        closes: false,
    })
}

/// A time that neither the vendor's clock nor ours has come near to. Who does not say what time it is may have a clock that is
/// ahead of ours by hours.
fn lies_ahead(time: i64, theirs: Option<i64>, ours: i64) -> bool {
    const A_DAY_S: i64 = 86_400;
    let near = theirs.map_or(A_DAY_S, |_| APART_S);
    time > latest(theirs, ours).saturating_add(near)
}

/// The later of both clocks: each may be behind.
fn latest(theirs: Option<i64>, ours: i64) -> i64 {
    theirs.unwrap_or(ours).max(ours)
}

/// Our own code for a group that is not in the tree.
pub(super) const UNKNOWN_GROUP: &str = "unknown-group";

/// Finds a group in the tree of groups (docs/okki-api.md §6).
pub(super) fn read_groups(data: &RawValue, id: &str) -> Result<String, Error> {
    let tree: Value = serde_json::from_str(data.get()).map_err(|error| Error::Shape(error.to_string()))?;
    let unknown = || Error::Business {
        code: UNKNOWN_GROUP.to_owned(),
        message: words::tr!("分组不存在: no customer group {id}"),
    };
    let group = find(&tree, id).ok_or_else(unknown)?;
    let name = group.get("name").and_then(Value::as_str);
    Ok(name.unwrap_or_default().to_owned())
}

/// Whether a group is another one, or below it in the tree; `None` when the other one is not in the tree.
pub(super) fn is_below(data: &RawValue, above: &str, id: &str) -> Option<bool> {
    let tree: Value = serde_json::from_str(data.get()).ok()?;
    let above = find(&tree, above)?;
    Some(find(above, id).is_some())
}

/// The group with this id, with those below it.
fn find<'a>(value: &'a Value, id: &str) -> Option<&'a Value> {
    let is = |known: &Value| {
        known.as_str() == Some(id) || known.as_i64().is_some_and(|known| known.to_string() == id)
    };
    match value {
        Value::Array(items) => items.iter().find_map(|item| find(item, id)),
        Value::Object(group) if group.get("id").is_some_and(is) => Some(value),
        Value::Object(group) => group.values().find_map(|value| find(value, id)),
        _ => None,
    }
}

#[cfg(test)]
#[path = "types_tests.rs"]
mod tests;
