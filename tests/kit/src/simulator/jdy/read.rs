//! Reading: a record, a page of records, the widgets (docs/jiandaoyun-api.md §2.3, §3.1).

use serde_json::{Value, json};

use super::Account;
use super::ask::{Answer, Ask, marked};
use super::filter::Filter;
use super::oid::Oid;

/// Rows on one page at most.
const MOST_ROWS: i64 = 100;

pub(super) fn one(account: &mut Account, ask: &Ask<'_>) -> Answer {
    let id = ask.data_id()?;
    let form = &account.forms[ask.form];
    let row = form.get(id).ok_or(4001)?;
    Ok(json!({"data": form.show(id, row, &[], ask.settings)}))
}

/// Ascending by record id, after the cursor, at most `limit` rows that pass the filter.
pub(super) fn list(account: &mut Account, ask: &Ask<'_>) -> Answer {
    let limit = match ask.body.get("limit") {
        None | Some(Value::Null) => 10,
        Some(value) => value
            .as_i64()
            .filter(|n| (1..=MOST_ROWS).contains(n))
            .ok_or(ask.invalid())?,
    } as usize;
    let limit = limit.min(ask.settings.page_rows.unwrap_or(limit));
    let cursor = match ask.text("data_id")? {
        None | Some("") => None,
        Some(text) => Some(text.parse::<Oid>().map_err(|()| ask.invalid())?),
    };
    let cursor = cursor.filter(|_| !ask.settings.ignore_cursor);
    let form = &mut account.forms[ask.form];
    let fields: Vec<usize> = match ask.body.get("fields") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .filter_map(|name| form.position(name))
            .collect(),
        Some(_) => return Err(ask.invalid()),
    };
    let filter = Filter::read(ask.body.get("filter"), form, ask.settings)?;
    let visible_until = ask.now_ms - ask.settings.list_delay_ms;

    let indexed = filter.texts().map(|(position, texts)| (position, texts.to_vec()));
    let page: Vec<Value> = match indexed {
        Some((position, texts)) => {
            let ids = form.with_text(position, &texts);
            let after = ids
                .into_iter()
                .filter(|id| cursor.is_none_or(|cursor| *id > cursor));
            let rows = after.filter_map(|id| form.get(id).map(|row| (id, row)));
            rows.filter(|(id, row)| row.created_ms <= visible_until && filter.admits(*id, row))
                .take(limit)
                .map(|(id, row)| form.show(id, row, &fields, ask.settings))
                .collect()
        }
        None => form
            .after(cursor)
            .filter(|(id, row)| row.created_ms <= visible_until && filter.admits(*id, row))
            .take(limit)
            .map(|(id, row)| form.show(id, row, &fields, ask.settings))
            .collect(),
    };
    let rows = page.iter().filter_map(Value::as_object);
    match marked(rows, &ask.settings.unreadable) {
        Some(code) => Err(code),
        None => Ok(json!({"data": page})),
    }
}

pub(super) fn widgets(account: &mut Account, ask: &Ask<'_>) -> Answer {
    let form = &account.forms[ask.form];
    let shown = form.spec.widgets.iter().filter(|widget| !widget.hidden);
    let widgets: Vec<Value> = shown.map(super::WidgetSpec::answer).collect();
    let system: Vec<Value> = ["creator", "updater", "createTime", "updateTime"]
        .iter()
        .map(|name| json!({"name": name}))
        .collect();
    Ok(json!({"widgets": widgets, "sysWidgets": system, "dataModifyTime": "2021-09-08T03:40:26.586Z"}))
}
