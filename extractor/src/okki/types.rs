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
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        serde_json::from_str(json).unwrap()
    }

    fn page(json: &str) -> Result<Page, Error> {
        read_page(&raw(json), Some(1), false)
    }

    fn page_of(row: &str) -> Page {
        page(&format!(r#"{{"list":[{row}],"totalItem":1}}"#)).unwrap()
    }

    #[test]
    fn a_documented_page() {
        let page = page(
            r#"{"list":[{"company_id":56657420945678,"user_id":"55280038","update_time":"2025-11-06 00:08:47"},
                        {"company_id":"56657420945679"}],"totalItem":"2","count":2}"#,
        )
        .unwrap();
        assert_eq!(page.total, Some(2));
        assert_eq!(page.items[0].update_time, 1_762_358_927);
        assert_eq!(
            page.items[1],
            ListItem {
                company_id: "56657420945679".into(),
                update_time: 0
            }
        );
    }

    #[test]
    fn a_listed_time_that_nobody_can_read_is_told_and_no_version() {
        let page = page(
            r#"{"list":[{"company_id":1,"update_time":"2025-11-06T00:08:47+08:00"},{"company_id":2,"update_time":"soon"},
                        {"company_id":3,"update_time":[1]},{"company_id":4,"update_time":1762358927000}],"totalItem":4}"#,
        )
        .unwrap();
        let times: Vec<_> = page.items.iter().map(|item| item.update_time).collect();
        assert_eq!(times, [1_762_358_927, 0, 0, 1_762_358_927]);
        assert_eq!(
            page.untimed,
            [
                "customer 2: `update_time` `soon` cannot be read as a time",
                "customer 3: `update_time` `[1]` cannot be read as a time"
            ]
        );
    }

    #[test]
    fn a_listed_time_that_lies_ahead_is_no_version() {
        let now = time::now();
        let read = |id: &str, at: i64, said| {
            let json = format!(r#"{{"list":[{{"company_id":{id},"update_time":{at}}}],"totalItem":1}}"#);
            read_page(&raw(&json), said, false).unwrap()
        };
        let (hour, month) = (3_600, 30 * 86_400);
        for (ahead, said) in [
            (now + month, Some(now)),
            (now + hour, Some(now)),
            (now + month, None),
        ] {
            let page = read("7", ahead, said);
            assert_eq!(
                (page.items[0].update_time, page.ahead),
                (0, vec![("7".to_owned(), ahead)])
            );
        }
        let damaged = read(r#""x""#, now + month, None);
        assert_eq!(damaged.damaged[0].update_time, 0);
        for (at, said) in [
            (now + month, Some(now + month)),
            (now + hour, None),
            (now, Some(now - hour)),
        ] {
            let page = read("7", at, said);
            assert_eq!(page.items[0].update_time, at, "a clock may be right");
            assert!(page.ahead.is_empty());
        }
    }

    #[test]
    fn a_bad_row_costs_one_row() {
        let page =
            page(r#"{"list":[{"company_id":1},{"name":"x"},7,{"company_id":[]}],"totalItem":4}"#).unwrap();
        assert_eq!((page.items.len(), page.damaged.len(), page.rows()), (1, 3, 4));
        let named =
            page_of(r#"{"company_id":"5.6e99","serial_id":"C7","update_time":"2025-11-06 00:08:47"}"#);
        let expected = DamagedRow {
            reason: "`company_id` is `5.6e99`".to_owned(),
            serial_id: Some("C7".to_owned()),
            update_time: 1_762_358_927,
        };
        assert_eq!(named.damaged, [expected]);
        for (row, id) in [
            (r#"{"company_id":5.6657420945678e13}"#, "56657420945678"),
            (r#"{"company_id":"5.0"}"#, "5"),
            (r#"{"company_id":"５６６５"}"#, "5665"),
        ] {
            assert_eq!(page_of(row).items[0].company_id, id, "{row}");
        }
    }

    #[test]
    fn lists_in_odd_containers() {
        assert_eq!(
            page(r#"{"list":{"3":{"company_id":5}},"totalItem":1}"#)
                .unwrap()
                .items
                .len(),
            1
        );
        assert_eq!(page(r#"{"list":null,"totalItem":"0"}"#).unwrap().rows(), 0);
        assert!(matches!(
            page(r#"{"list":null,"totalItem":3}"#),
            Err(Error::Shape(_))
        ));
        let later = |json| read_page(&raw(json), None, true);
        assert_eq!(later(r#"{"list":null,"totalItem":3}"#).unwrap().rows(), 0);
        assert!(matches!(later(r#"{"list":"none"}"#), Err(Error::Shape(_))));
        for renamed in [
            r#"{"rows":[{"company_id":5}],"totalItem":0}"#,
            r#"{"list":null,"items":[{"company_id":5}],"totalItem":"0"}"#,
        ] {
            assert!(matches!(page(renamed), Err(Error::Shape(_))), "{renamed}");
            assert!(matches!(later(renamed), Err(Error::Shape(_))), "{renamed}");
        }
        assert_eq!(page(r#"{"fields":[],"totalItem":0}"#).unwrap().rows(), 0);
        assert!(matches!(page(r#"{"list":"none"}"#), Err(Error::Shape(_))));
    }

    #[test]
    fn groups_are_found_anywhere_in_the_tree() {
        let tree = raw(r#"[{"id":1,"name":"A","node":[{"id":"22","name":"B","node":[]}]}]"#);
        assert_eq!(read_groups(&tree, "22").unwrap(), "B");
        assert_eq!(is_below(&tree, "1", "22"), Some(true));
        assert_eq!(is_below(&tree, "22", "22"), Some(true));
        assert_eq!(is_below(&tree, "22", "1"), Some(false));
        assert_eq!(is_below(&tree, "5", "1"), None);
        assert!(
            read_groups(&tree, "3")
                .unwrap_err()
                .to_string()
                .contains("no customer group 3")
        );
    }

    #[test]
    fn a_detail_is_about_the_customer_asked_for_and_keeps_its_bytes() {
        let json = r#"{"company_id": "9",  "update_time":"2025-11-06 00:08:47","tel_list":[["1","2"]]}"#;
        let detail = read_detail(raw(json), None, "9").unwrap();
        assert_eq!(detail.json.get(), json);
        assert_eq!(detail.update_time, Some(1_762_358_927));
        assert!(matches!(
            read_detail(raw(json), None, "8"),
            Err(Error::Another { .. })
        ));
        assert!(matches!(read_detail(raw("[]"), None, "8"), Err(Error::Shape(_))));
    }

    #[test]
    fn a_detail_is_ordered_by_a_time_that_was_read_and_has_been() {
        let read = |time: &str, now| {
            let json = format!(r#"{{"company_id":9,"update_time":{time}}}"#);
            read_detail(raw(&json), now, "9").map(|detail| detail.update_time)
        };
        assert_eq!(read("1762358927", None).unwrap(), Some(1_762_358_927));
        assert_eq!(read("null", None).unwrap(), None);
        let odd = read(r#""6. Nov""#, None).unwrap_err().to_string();
        assert!(
            odd.contains("detail of 9: `update_time` `6. Nov` cannot be read"),
            "{odd}"
        );
    }

    #[test]
    fn a_detail_of_the_future_is_one_of_now() {
        let now = time::now();
        let read = |time: i64, said| {
            let json = format!(r#"{{"company_id":9,"update_time":{time}}}"#);
            read_detail(raw(&json), said, "9").unwrap()
        };
        let (hour, month) = (3_600, 30 * 86_400);
        let ahead = |at, said| read(at, said).ahead.is_some();
        assert!(ahead(now + hour, Some(now)));
        assert!(!ahead(now + APART_S / 2, Some(now)), "clocks differ a little");
        assert!(!ahead(now + month, Some(now + month)), "their clock may be right");
        assert!(!ahead(now, Some(now - 8 * hour)), "or ours");
        assert!(!ahead(now + hour, None) && ahead(now + month, None));
        let shown = read(now + hour, Some(now + 5));
        assert_eq!(
            (shown.update_time, shown.ahead),
            (Some(now + hour), Some(now + 5))
        );
    }
}
