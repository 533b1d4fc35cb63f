//! Deleting one record or many (docs/jiandaoyun-api.md §2.2).

use serde_json::json;

use super::Account;
use super::ask::{Answer, Ask};

pub(super) fn one(account: &mut Account, ask: &Ask<'_>) -> Answer {
    ask.check_flags()?;
    let id = ask.data_id()?;
    if ask.is_unheeded("delete") {
        return Ok(json!({"status": "success"}));
    }
    if !account.forms[ask.form].delete(id) {
        return Err(4001);
    }
    Ok(json!({"status": "success"}))
}

pub(super) fn batch(account: &mut Account, ask: &Ask<'_>, most: Option<usize>) -> Answer {
    let ids = ask.data_ids(17033)?;
    let form = &mut account.forms[ask.form];
    let count = ids
        .into_iter()
        .take(most.unwrap_or(usize::MAX))
        .filter(|id| form.delete(*id))
        .count();
    Ok(json!({"status": "success", "success_count": count}))
}
