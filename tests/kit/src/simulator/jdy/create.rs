//! Creating one record, and creating a batch under a `transaction_id` (docs/jiandaoyun-api.md §2.1, §2.4).

use serde_json::{Map, Value, json};

use super::Account;
use super::ask::{Answer, Ask, contains_any, poisoned};
use super::form::Changes;

/// Batches may not be larger.
const MOST_ROWS: usize = 100;

/// Single create knows no idempotency: the same request twice makes two records.
pub(super) fn one(account: &mut Account, ask: &Ask<'_>) -> Answer {
    ask.check_flags()?;
    ask.transaction()?;
    let creator = ask.creator()?;
    let data = ask.object("data")?;
    if let Some(code) = poisoned([data], ask.settings) {
        return Err(code);
    }
    let form = &mut account.forms[ask.form];
    let changes = form.read(data, ask.settings)?;
    let id = form.insert(changes, creator, &mut account.oids, ask.now_ms);
    let row = form.get(id).ok_or(4000)?;
    Ok(json!({"data": form.show(id, row, &[], ask.settings)}))
}

/// The name under which a transaction is kept.
pub(super) fn scope(ask: &Ask<'_>, id: &str) -> String {
    if ask.settings.transaction_per_form {
        format!("{}:{id}", ask.form)
    } else {
        id.to_owned()
    }
}

/// Upserts by position when the id is known, else creates. With `most`, only the first rows make it.
pub(super) fn batch(account: &mut Account, ask: &Ask<'_>, most: Option<usize>) -> Answer {
    let rows = ask
        .body
        .get("data_list")
        .and_then(Value::as_array)
        .ok_or(ask.invalid())?;
    if rows.len() > MOST_ROWS {
        return Err(17024);
    }
    ask.check_flags()?;
    let creator = ask.creator()?;
    let transaction = ask.transaction()?.map(|id| scope(ask, id));
    let changes = parsed(account, ask, rows)?;

    let now = ask.now_ms;
    let Account {
        forms,
        transactions,
        oids,
        ..
    } = account;
    let form = &mut forms[ask.form];
    let (mut created, mut without_transaction) = (Vec::new(), super::transactions::Slots::default());
    let slots = match &transaction {
        Some(id) => transactions.slots(id, now, ask.settings),
        None => &mut without_transaction,
    };
    if slots.rows.len() < changes.len() {
        slots.rows.resize(changes.len(), None);
    }
    let lost = |at: usize| {
        let row = rows.get(at).and_then(Value::as_object);
        row.is_some_and(|row| contains_any(row, &ask.settings.lost))
    };
    let to_do = slots.rows.iter_mut().zip(changes).take(most.unwrap_or(MOST_ROWS));
    for (at, (slot, changes)) in to_do.enumerate() {
        match *slot {
            Some(id) if ask.settings.overwrite_keeps_id && form.get(id).is_some() => {
                form.update(id, changes, true, now);
            }
            Some(id) if form.delete(id) => *slot = Some(form.insert(changes, creator, oids, now)),
            _ => {
                let id = form.insert(changes, creator, oids, now);
                created.push(id.to_string());
                *slot = Some(id);
                if lost(at) {
                    form.delete(id);
                }
            }
        }
    }
    Ok(json!({"status": "success", "success_count": slots.held(), "success_ids": created}))
}

fn parsed(account: &Account, ask: &Ask<'_>, rows: &[Value]) -> Result<Vec<Changes>, i64> {
    let objects: Option<Vec<&Map<String, Value>>> = rows.iter().map(Value::as_object).collect();
    let objects = objects.filter(|rows| !rows.is_empty()).ok_or(ask.invalid())?;
    if !ask.settings.accept_empty_rows && objects.iter().any(|row| row.is_empty()) {
        return Err(ask.invalid());
    }
    if let Some(code) = poisoned(objects.iter().copied(), ask.settings) {
        return Err(code);
    }
    objects
        .into_iter()
        .map(|row| account.forms[ask.form].read(row, ask.settings))
        .collect()
}
