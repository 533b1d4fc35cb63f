//! Counting rows without a key, as far as it matters: none, or at least so many.
//!
//! The vendor filters by empty key widget, or silently ignores that and shows the whole table (docs/jiandaoyun-api.md
//! §2.3). So every row is looked at: one with a key shows that the filter was ignored, and the table is read until a row
//! without a key is found. The first page is always read without a filter: rows that are older than the loader's are the
//! first ones of the table, and show as well when the widget holds something else than keys. A short page is never taken
//! for the last one (`jdy::lookup::turn`).

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::Error;
use crate::jdy::key::{company_id, is_company_id, is_phone};
use crate::jdy::lookup::{STUCK, Turn, turn};
use crate::jdy::types::Reply;
use crate::ledger::Ledger;
use crate::vendor::{Patience, Tried, Vendor};

/// One page may take this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pages that are counted; more rows than these only make the number larger.
const MOST_PAGES: usize = 10;
/// From so many rows with a key on, the first page shows whether they are keys at all.
const FEWEST_KEYS: usize = 5;

/// A row of the form.
pub(crate) type Row = Map<String, Value>;

/// Rows without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) at_least: usize,
    /// They have something in the key widget that is no company id.
    pub(crate) foreign: Option<Foreign>,
}

/// What stands in a key widget instead of ids, mostly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// Texts that are no company ids.
    Texts,
    /// Telephone numbers, which look like ids at first sight.
    Phones,
    /// Values of another type of widget, whatever `widget/list` says it is.
    Values,
}

impl fmt::Display for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.at_least;
        let what = match self.foreign {
            None => {
                return write!(
                    formatter,
                    "{}",
                    words::tr!("at least {rows} rows of the form have no key")
                );
            }
            Some(Foreign::Texts) => words::text!("something in the key widget that is no company id"),
            Some(Foreign::Phones) => {
                words::text!(
                    "a telephone number in the key widget, so that it is a widget for telephone numbers and not for company \
                 ids"
                )
            }
            Some(Foreign::Values) => {
                words::text!(
                    "a value in the key widget that no text widget holds, so that it is of another type"
                )
            }
        };
        write!(
            formatter,
            "{}",
            words::tr!(
                "at least {rows} rows of the form have {what}; check which widget JDY_KEY_WIDGET names: it has to be a \
             single-line text widget that is there for the company id alone"
            )
        )
    }
}

/// Where pages of rows come from: through the gate of a loader that works, or for somebody who only looks.
pub(crate) trait Pages: Sync {
    /// Rows after the cursor; of those without a key, if a key widget is given and the vendor does as it is told.
    fn page(
        &self,
        key_widget: Option<&str>,
        cursor: &str,
    ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;
}

impl Pages for Vendor {
    async fn page(&self, key_widget: Option<&str>, cursor: &str) -> Result<Vec<Row>, Error> {
        page(self, key_widget, cursor).await
    }
}

/// `None` when every row has a key. Rows that are known by their ids, because something in the form rewrites their keys, say
/// nothing about the widget.
pub(crate) async fn count(
    vendor: &Vendor,
    ledger: &Ledger,
    key_widget: &str,
) -> Result<Option<Counted>, Error> {
    let first = first_page(vendor).await?;
    let mut judged = first.clone().unwrap_or_default();
    if foreign(&judged, key_widget).is_some() {
        let ids: Vec<&str> = judged.iter().map(row_id).collect();
        let owners = ledger.rewritten(&ids).await?;
        let mut owners = owners.into_iter();
        judged.retain(|_| owners.next().flatten().is_none());
    }
    match foreign(&judged, key_widget) {
        Some(foreign) => Ok(Some(foreign)),
        None => count_empty(vendor, first, key_widget).await,
    }
}

fn row_id(row: &Row) -> &str {
    row.get("_id").and_then(Value::as_str).unwrap_or_default()
}

/// The same when the first rows of the form are known; `None`: they cannot be shown.
pub(crate) async fn count_behind(
    pages: &impl Pages,
    first: Option<Vec<Row>>,
    key_widget: &str,
) -> Result<Option<Counted>, Error> {
    let rows = first.as_deref().unwrap_or_default();
    match foreign(rows, key_widget) {
        Some(foreign) => Ok(Some(foreign)),
        None => count_empty(pages, first, key_widget).await,
    }
}

/// Rows with an empty key.
async fn count_empty(
    pages: &impl Pages,
    first: Option<Vec<Row>>,
    key_widget: &str,
) -> Result<Option<Counted>, Error> {
    if first.as_ref().is_some_and(Vec::is_empty) {
        return Ok(None);
    }
    let first = first.unwrap_or_default();
    let mut at_least = keyless(&first, key_widget);
    let (mut rows, mut cursor) = (0, String::new());
    for _ in 0..MOST_PAGES {
        let page = pages.page(Some(key_widget), &cursor).await?;
        if keyless(&page, key_widget) < page.len() {
            if at_least == 0 {
                at_least = read_all(pages, key_widget, turn(&first, "").1).await?;
            }
            rows = 0;
            break;
        }
        rows += page.len();
        match turn(&page, &cursor) {
            (Turn::Next, next) => cursor = next,
            _ => break,
        }
    }
    let at_least = at_least.max(rows);
    Ok((at_least > 0).then_some(Counted {
        at_least,
        foreign: None,
    }))
}

/// The first rows of the form; `None` when they cannot be shown although others can, because of one of them. The filter
/// has to do then.
async fn first_page(vendor: &Vendor) -> Result<Option<Vec<Row>>, Error> {
    let client = &vendor.client;
    let tried = vendor
        .insist_paused(&Patience::new(PATIENCE), move || async move {
            vendor.about_rows(client.list_keyless(None, "").await).await
        })
        .await;
    match tried {
        Tried::Done(Ok(rows), _) => Ok(Some(rows)),
        Tried::Done(Err(refusal), _) => {
            tracing::warn!(
                refusal = refusal.describe(),
                "the first page of the form cannot be shown, only rows with an empty key are looked for"
            );
            Ok(None)
        }
        Tried::Refused(refusal, _) => Err(Error::Refused(refusal.describe())),
        Tried::Lost | Tried::Held | Tried::Aside => Err(Error::Away),
    }
}

/// The filter was ignored: reads on until a row without a key is found.
async fn read_all(pages: &impl Pages, key_widget: &str, mut cursor: String) -> Result<usize, Error> {
    tracing::warn!("vendor ignored the filter for rows without a key, reading the whole form instead");
    loop {
        let page = pages.page(None, &cursor).await?;
        let found = keyless(&page, key_widget);
        let (turn, next) = turn(&page, &cursor);
        if found > 0 || turn != Turn::Next {
            return Ok(found);
        }
        cursor = next;
    }
}

/// Rows after the cursor; of those without a key, if a key widget is given and the vendor does as it is told.
pub(crate) async fn page(vendor: &Vendor, key_widget: Option<&str>, cursor: &str) -> Result<Vec<Row>, Error> {
    let client = &vendor.client;
    let patience = Patience::new(PATIENCE);
    let tried = vendor
        .insist_paused(&patience, move || async move {
            match client.list_keyless(key_widget, cursor).await {
                Reply::Ok(page) if turn(&page, cursor).0 == Turn::Stuck => Reply::Unknown(STUCK.to_owned()),
                reply => reply,
            }
        })
        .await;
    match tried {
        Tried::Done(rows, _) => Ok(rows),
        Tried::Refused(refusal, _) => Err(Error::Refused(refusal.describe())),
        Tried::Lost | Tried::Held | Tried::Aside => Err(Error::Away),
    }
}

/// Whether nothing is in the key widget.
pub(crate) fn is_keyless(row: &Row, key_widget: &str) -> bool {
    match row.get(key_widget) {
        Some(Value::String(key)) => key.trim().is_empty(),
        Some(Value::Null) | None => true,
        Some(_) => false,
    }
}

pub(crate) fn keyless(rows: &[Row], key_widget: &str) -> usize {
    rows.iter().filter(|row| is_keyless(row, key_widget)).count()
}

/// Most of the keys are none. Company ids are numbers; a few others may have been typed by hand, or turned into another
/// notation by an import.
pub(crate) fn foreign(rows: &[Row], key_widget: &str) -> Option<Counted> {
    let keys: Vec<Option<Foreign>> = rows
        .iter()
        .filter(|row| !is_keyless(row, key_widget))
        .map(|row| row.get(key_widget).and_then(oddness))
        .collect();
    let of = |kind: Foreign| keys.iter().filter(|odd| **odd == Some(kind)).count();
    let kinds = [Foreign::Texts, Foreign::Phones, Foreign::Values].map(|kind| (of(kind), kind));
    let odd = kinds.iter().map(|(rows, _)| rows).sum::<usize>();
    let most = kinds
        .into_iter()
        .max_by_key(|(rows, _)| *rows)
        .map(|(_, kind)| kind);
    (keys.len() >= FEWEST_KEYS && odd * 2 > keys.len()).then_some(Counted {
        at_least: odd,
        foreign: most,
    })
}

/// Why a cell holds no company id; `None` when it may hold one.
fn oddness(cell: &Value) -> Option<Foreign> {
    let key = match cell {
        Value::String(text) => company_id(text).into_owned(),
        Value::Number(number) => company_id(&number.to_string()).into_owned(),
        _ => return Some(Foreign::Values),
    };
    match is_company_id(&key) {
        false if is_phone(&key) => Some(Foreign::Phones),
        false => Some(Foreign::Texts),
        true => is_phone(&key).then_some(Foreign::Phones),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rows(keys: &[Value]) -> Vec<Row> {
        let row = |key: &Value| json!({"_id": "1", "_k": key}).as_object().unwrap().clone();
        keys.iter().map(row).collect()
    }

    #[test]
    fn blanks_are_no_keys() {
        let none = rows(&[json!(null), json!(""), json!("  "), json!("\u{3000}")]);
        assert_eq!(keyless(&none, "_k"), 4);
        assert_eq!(keyless(&none, "_other"), 4);
        assert_eq!(keyless(&rows(&[json!("7"), json!(7)]), "_k"), 0);
    }

    #[test]
    fn a_widget_that_holds_serial_numbers_holds_no_keys() {
        let serials: Vec<Value> = (1..=9).map(|n| json!(format!("KH{n:05}"))).collect();
        assert_eq!(foreign(&rows(&serials), "_k").unwrap().at_least, 9);
    }

    #[test]
    fn a_widget_that_holds_names_holds_no_keys() {
        let names: Vec<Value> = ["ACME", "Globex", "Initech", "Umbrella", "7"]
            .map(Value::from)
            .into();
        let found = foreign(&rows(&names), "_k").unwrap();
        assert_eq!((found.at_least, found.foreign), (4, Some(Foreign::Texts)));
        assert_eq!(foreign(&rows(&names[..4]), "_k"), None, "too few to tell");
        let ids: Vec<Value> = ["1", " 2", "３", "1.1E+13", "x"].map(Value::from).into();
        assert_eq!(foreign(&rows(&ids), "_k"), None);
    }

    #[test]
    fn telephone_numbers_are_no_keys_although_they_are_digits() {
        let phones = [
            "13800138000",
            "15912345678",
            "+86 139 1234 5678",
            "021-5555 6666",
            "18600000001",
        ];
        let found = foreign(&rows(&phones.map(Value::from)), "_k").unwrap();
        assert_eq!((found.at_least, found.foreign), (5, Some(Foreign::Phones)));
        assert!(found.to_string().contains("telephone number"), "{found}");
        // One customer's id may look like one.
        let mut ids: Vec<Value> = (0..5).map(|n| json!(format!("5665742094000{n}"))).collect();
        ids.push(json!("13800138000"));
        assert_eq!(foreign(&rows(&ids), "_k"), None);
        let values: Vec<Value> = (0..5)
            .map(|n| json!({"phone": format!("1380013800{n}"), "verified": false}))
            .collect();
        let found = foreign(&rows(&values), "_k").unwrap();
        assert_eq!((found.at_least, found.foreign), (5, Some(Foreign::Values)));
    }
}
