//! API keys: who may call what (docs/jiandaoyun-api.md §9).

use crate::simulator::call::Call;
use crate::simulator::settings::{JdySettings, KeyRule};

/// The rule of the key that a call carries, or the code that refuses it.
pub(super) fn key<'a>(settings: &'a JdySettings, call: &Call) -> Result<&'a KeyRule, i64> {
    let key = call
        .authorization()
        .and_then(|header| header.strip_prefix("Bearer "))
        .map(str::trim);
    let key = key.filter(|key| !key.is_empty()).ok_or(8301)?;
    let rule = settings.keys.get(key).and_then(Option::as_ref).ok_or(17018)?;
    rule.refuse.map_or(Ok(rule), Err)
}

/// Whether the key reaches this app and this operation.
pub(super) fn check(rule: &KeyRule, operation: &str, app: Option<&str>) -> Result<(), i64> {
    let within = |scope: &Option<Vec<String>>, name: &str| {
        scope
            .as_ref()
            .is_none_or(|allowed| allowed.iter().any(|one| one == name))
    };
    if app.is_some_and(|app| !within(&rule.apps, app)) {
        return Err(17053);
    }
    if !within(&rule.apis, operation) {
        return Err(17054);
    }
    Ok(())
}
