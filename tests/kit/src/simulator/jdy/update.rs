//! Updating one record, and giving many records the same values (docs/jiandaoyun-api.md §2.2).

use serde_json::json;

use super::Account;
use super::ask::{Answer, Ask, poisoned};

/// Fields left out keep their value.
pub(super) fn one(account: &mut Account, ask: &Ask<'_>) -> Answer {
    ask.check_flags()?;
    ask.transaction()?;
    let id = ask.data_id()?;
    let data = ask.object("data")?;
    if let Some(code) = poisoned([data], ask.settings) {
        return Err(code);
    }
    let form = &mut account.forms[ask.form];
    let changes = form.read(data, ask.settings)?;
    if ask.is_unheeded("update") && form.get(id).is_some() {
        return Ok(json!({"data": {"_id": id.to_string()}}));
    }
    if !form.update(id, changes, false, ask.now_ms) {
        return Err(4001);
    }
    let row = form.get(id).ok_or(4001)?;
    Ok(json!({"data": form.show(id, row, &[], ask.settings)}))
}

/// One value set for all ids; ids that name no record are passed over.
pub(super) fn batch(account: &mut Account, ask: &Ask<'_>, most: Option<usize>) -> Answer {
    let ids = ask.data_ids(17023)?;
    ask.transaction()?;
    let data = ask.object("data")?;
    if let Some(code) = poisoned([data], ask.settings) {
        return Err(code);
    }
    let form = &mut account.forms[ask.form];
    let is_subform = |name: &String| {
        form.position(name)
            .is_some_and(|position| form.spec.widgets[position].kind == "subform")
    };
    if data.keys().any(is_subform) {
        return Err(17032);
    }
    let changes = form.read(data, ask.settings)?;
    let mut count = 0;
    for id in ids.into_iter().take(most.unwrap_or(usize::MAX)) {
        count += usize::from(form.update(id, changes.clone(), false, ask.now_ms));
    }
    Ok(json!({"status": "success", "success_count": count}))
}
