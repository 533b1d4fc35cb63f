//! What the control side and the in-process handle both do.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::faults::{Fault, FaultKind, Vendor};
use crate::simulator::jdy::Form;
use crate::simulator::state::{State, lock};
use crate::simulator::world::{World, WorldError, company_id};

/// An answer, or a sentence that names what is wrong.
pub(super) type Control = Result<Value, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    pub count: Option<usize>,
    pub company_id: Option<i64>,
    pub set: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outage {
    vendor: Vendor,
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWorld {
    customers: u32,
    seed: u64,
    #[serde(default)]
    spread_s: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Reset {
    rows: bool,
    stats: bool,
    faults: bool,
    world: Option<NewWorld>,
}

pub(super) fn mutate(
    state: &State,
    which: &Which,
    mut act: impl FnMut(&mut World, u32, i64) -> Result<(), WorldError>,
) -> Control {
    let ids = match (which.company_id, which.count) {
        (Some(id), None) => {
            let now = state.clock.now();
            let mut world = lock(&state.world);
            let index = world
                .index_of(id)
                .ok_or_else(|| WorldError::Unknown(id).to_string())?;
            act(&mut world, index, now).map_err(|error| error.to_string())?;
            vec![id]
        }
        (None, Some(count)) if which.set.is_none() => each_drawn(state, count, act),
        _ => return Err("give either company_id (with set for a change) or count".into()),
    };
    Ok(json!({"company_ids": ids}))
}

/// Applies a mutation to `n` customers drawn by the seed; the ids of those that took it.
pub(crate) fn each_drawn(
    state: &State,
    n: usize,
    mut act: impl FnMut(&mut World, u32, i64) -> Result<(), WorldError>,
) -> Vec<i64> {
    let now = state.clock.now();
    let mut world = lock(&state.world);
    let drawn = world.draw(n);
    drawn
        .into_iter()
        .filter(|index| act(&mut world, *index, now).is_ok())
        .map(company_id)
        .collect()
}

pub(super) fn outage(state: &State, outage: &Outage) -> Control {
    let mut faults = lock(&state.faults);
    let on = |f: &crate::simulator::faults::ArmedFault| {
        f.fault.kind == FaultKind::Outage && f.fault.vendor == outage.vendor
    };
    let ids: Vec<u64> = faults
        .list()
        .iter()
        .filter(|f| on(f))
        .map(|f| f.fault.id)
        .collect();
    for id in ids {
        faults.clear(Some(id));
    }
    if outage.on {
        faults.add(Fault::on(outage.vendor, "*", FaultKind::Outage));
    }
    Ok(json!({"vendor": outage.vendor, "on": outage.on}))
}

pub(super) fn customer(state: &State, id: &str) -> Control {
    let id: i64 = id.parse().map_err(|_| format!("company_id {id} is no number"))?;
    let world = lock(&state.world);
    let index = world
        .index_of(id)
        .ok_or_else(|| WorldError::Unknown(id).to_string())?;
    let entry = world.entry(index);
    Ok(json!({
        "company_id": id, "revision": entry.revision, "removed": entry.removed, "update_time": entry.updated,
        "customer": world.customer(index), "expected": world.cells(index),
    }))
}

/// Rows of a form as `data/list` shows them.
pub(crate) fn rows(state: &State, form: usize, limit: usize) -> Vec<Value> {
    let settings = state.settings();
    let account = lock(&state.account);
    let Some(form) = account.forms.get(form) else {
        return Vec::new();
    };
    form.after(None)
        .take(limit)
        .map(|(id, row)| form.show(id, row, &[], &settings.jdy))
        .collect()
}

/// A row that no API call made: a person did, one by itself.
pub(crate) fn insert_row(state: &State, form: usize, data: &Value) -> Result<String, String> {
    let id = insert_row_at(state, form, data, state.clock.now_ms())?;
    tell(state, "data_create", form, &id);
    Ok(id)
}

/// Tells what a person did to a row that is there.
fn tell(state: &State, op: &str, form: usize, id: &str) {
    let settings = state.settings();
    let shown = id
        .parse()
        .ok()
        .and_then(|id| lock(&state.account).shown(form, id, &settings.jdy));
    if let Some(row) = shown {
        state.pushes.tell(op, &row);
    }
}

/// The same at another time of the form's, and as an import does it, of which nobody is told.
pub(crate) fn insert_row_at(state: &State, form: usize, data: &Value, now_ms: i64) -> Result<String, String> {
    let data = data.as_object().ok_or("a row is an object of wrapped values")?;
    let settings = state.settings();
    let mut account = lock(&state.account);
    account
        .insert_by_hand(form, data, &settings.jdy, now_ms)
        .map_err(|code| format!("the row is refused with code {code}"))
}

/// Writes cells of a row; no API call did it.
pub(crate) fn edit_row(state: &State, at: usize, id: &str, data: &Value) -> Result<(), String> {
    let data = data.as_object().ok_or("a row is an object of wrapped values")?;
    let settings = state.settings();
    let mut account = lock(&state.account);
    let form = account.forms.get_mut(at).ok_or("there is no such form")?;
    let changes = form
        .read(data, &settings.jdy)
        .map_err(|code| format!("the row is refused with code {code}"))?;
    let row = id.parse().map_err(|()| "a row id has 24 hexadecimal digits")?;
    if !form.update(row, changes, false, state.clock.now_ms()) {
        return Err("there is no such row".to_owned());
    }
    drop(account);
    tell(state, "data_update", at, id);
    Ok(())
}

/// Brings back a row that a person has deleted.
pub(crate) fn recover_row(state: &State, form: usize, id: &str) -> Result<(), String> {
    let settings = state.settings();
    let id = id.parse().map_err(|()| "a row id has 24 hexadecimal digits")?;
    let row = lock(&state.account).recover_by_hand(form, id, &settings.jdy);
    let row = row.ok_or("no such row was deleted")?;
    state.pushes.tell("data_recover", &row);
    Ok(())
}

/// Deletes one row or all of them; how many that were.
pub(crate) fn delete_rows(state: &State, form: usize, id: Option<&str>) -> usize {
    let settings = state.settings();
    let mut account = lock(&state.account);
    match id {
        Some(id) => {
            let row = id
                .parse()
                .ok()
                .and_then(|id| account.delete_by_hand(form, id, &settings.jdy));
            if let Some(row) = &row {
                state.pushes.tell("data_remove", row);
            }
            usize::from(row.is_some())
        }
        None => {
            // All at once, of which nobody is told.
            let Some(form) = account.forms.get_mut(form) else {
                return 0;
            };
            let count = form.len();
            form.clear();
            count
        }
    }
}

/// Forgets calls, violations and transaction statistics.
pub(crate) fn reset_stats(state: &State) {
    state.traffic(Vendor::Okki).reset();
    state.traffic(Vendor::Jdy).reset();
    lock(&state.account).transactions.reset_report();
}

pub(super) fn reset(state: &State, reset: Reset) -> Control {
    if reset.rows {
        let mut account = lock(&state.account);
        account.forms.iter_mut().for_each(Form::clear);
        account.transactions.clear();
    }
    if reset.stats {
        reset_stats(state);
    }
    if reset.faults {
        lock(&state.faults).clear(None);
    }
    if let Some(new) = reset.world {
        let spread = new.spread_s.unwrap_or(90 * 86_400);
        *lock(&state.world) = World::new(new.seed, new.customers, state.clock.now(), spread);
    }
    Ok(json!({"source_customers": lock(&state.world).len()}))
}
