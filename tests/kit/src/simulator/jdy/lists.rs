//! The lists of apps and of an app's forms (docs/jiandaoyun-api.md §3.4).

use serde_json::{Value, json};

use super::Account;
use super::ask::{Answer, Ask};
use crate::simulator::settings::JdySettings;

/// Entries on one page at most, and without a limit.
const MOST_ENTRIES: u64 = 100;
/// What an app is called that nobody has named.
const UNNAMED: &str = "OKKI";

/// Apps in the order of the settings, then those of forms.
pub(super) fn apps(account: &Account, ask: &Ask<'_>) -> Answer {
    let list = known(account, ask.settings);
    let list = list.iter().map(|(id, name)| json!({"app_id": id, "name": name}));
    Ok(json!({"apps": page(list.collect(), ask)?}))
}

pub(super) fn forms(account: &Account, ask: &Ask<'_>) -> Answer {
    let app = match ask.route.app {
        Some(app) => app,
        None => ask.text("app_id")?.ok_or(ask.invalid())?,
    };
    if !has_app(account, ask.settings, app) {
        return Err(2004);
    }
    let forms = account.forms.iter().filter(|form| form.spec.app_id == app);
    let list =
        forms.map(|form| json!({"app_id": app, "entry_id": form.spec.entry_id, "name": form.spec.name}));
    Ok(json!({"forms": page(list.collect(), ask)?}))
}

pub(super) fn has_app(account: &Account, settings: &JdySettings, app: &str) -> bool {
    known(account, settings).iter().any(|(id, _)| *id == app)
}

/// Id and name of every app.
fn known<'a>(account: &'a Account, settings: &'a JdySettings) -> Vec<(&'a str, &'a str)> {
    let named = settings.apps.iter();
    let mut apps: Vec<(&str, &str)> = named
        .map(|app| (app.app_id.as_str(), app.name.as_str()))
        .collect();
    for form in &account.forms {
        if !apps.iter().any(|(id, _)| *id == form.spec.app_id) {
            apps.push((&form.spec.app_id, UNNAMED));
        }
    }
    apps
}

/// What `skip` and `limit` leave of a list.
fn page(list: Vec<Value>, ask: &Ask<'_>) -> Result<Vec<Value>, i64> {
    let number = |name: &str, default: u64| match ask.body.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => value.as_u64().ok_or(ask.invalid()),
    };
    let (skip, limit) = (number("skip", 0)?, number("limit", MOST_ENTRIES)?);
    if !(1..=MOST_ENTRIES).contains(&limit) {
        return Err(ask.invalid());
    }
    let skip = if ask.settings.ignore_skip { 0 } else { skip };
    let limit = ask
        .settings
        .listed
        .map_or(limit as usize, |most| most.min(limit as usize));
    Ok(list.into_iter().skip(skip as usize).take(limit).collect())
}
