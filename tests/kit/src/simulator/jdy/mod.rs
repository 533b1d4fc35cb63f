//! The Jiandaoyun side: keys, quotas, forms, records.

mod ask;
mod auth;
mod codes;
mod create;
mod delete;
mod filter;
mod form;
mod lists;
mod oid;
pub(super) mod pushes;
mod read;
mod route;
mod spec;
mod transactions;
mod update;
mod values;

use std::borrow::Cow;
use std::time::Duration;

use axum::http::Method;
use serde_json::{Map, Value};

use ask::{Answer, Ask};
pub(super) use codes::refuse;
pub(super) use form::{Form, Row};
pub(super) use oid::Oid;
pub use pushes::{PushReport, sign_push};
pub use spec::{APP_ID, ENTRY_ID, FormSpec, KEY_WIDGET, WidgetSpec, cell_widget};
pub use transactions::TransactionReport;

use super::call::{Bend, Call};
use super::faults::Vendor;
use super::limits::Excess;
use super::reply::Reply;
use super::settings::{Concurrent, JdySettings};
use super::stalls::Arrival;
use super::state::{State, lock};
use oid::Oids;
use route::{Op, Route, route};
use transactions::Transactions;

/// The company's data.
#[derive(Debug)]
pub(super) struct Account {
    pub forms: Vec<Form>,
    pub transactions: Transactions,
    oids: Oids,
    /// Rows that people have deleted one by one: form, id and row.
    trash: Vec<(usize, Oid, Row)>,
}

impl Account {
    pub(super) fn new(forms: Vec<FormSpec>) -> Account {
        Account {
            forms: forms.into_iter().map(Form::new).collect(),
            transactions: Transactions::default(),
            oids: Oids::default(),
            trash: Vec::new(),
        }
    }

    /// A person deletes one row; what it looked like.
    pub(super) fn delete_by_hand(&mut self, form: usize, id: Oid, settings: &JdySettings) -> Option<Value> {
        let rows = self.forms.get_mut(form)?;
        let row = rows.get(id)?.clone();
        let shown = rows.show(id, &row, &[], settings);
        rows.delete(id);
        self.trash.push((form, id, row));
        Some(shown)
    }

    /// A person takes one back; what it looks like.
    pub(super) fn recover_by_hand(&mut self, form: usize, id: Oid, settings: &JdySettings) -> Option<Value> {
        let at = self
            .trash
            .iter()
            .position(|(of, gone, _)| (*of, *gone) == (form, id))?;
        let (_, id, row) = self.trash.swap_remove(at);
        let rows = self.forms.get_mut(form)?;
        rows.put_back(id, row);
        Some(rows.show(id, rows.get(id)?, &[], settings))
    }

    /// A row as anybody sees it.
    pub(super) fn shown(&self, form: usize, id: Oid, settings: &JdySettings) -> Option<Value> {
        let rows = self.forms.get(form)?;
        Some(rows.show(id, rows.get(id)?, &[], settings))
    }

    /// Position of a form by its entry id.
    pub(super) fn form(&self, entry_id: &str) -> Option<usize> {
        self.forms.iter().position(|form| form.spec.entry_id == entry_id)
    }

    /// A row that no API call made, such as one typed in by hand.
    pub(super) fn insert_by_hand(
        &mut self,
        form: usize,
        data: &Map<String, Value>,
        settings: &JdySettings,
        now_ms: i64,
    ) -> Result<String, i64> {
        let changes = self.forms[form].read(data, settings)?;
        Ok(self.forms[form]
            .insert(changes, None, &mut self.oids, now_ms)
            .to_string())
    }
}

/// Name of the operation in statistics and faults: `create`, or `v2.create` for a legacy path.
pub(super) fn operation(call: &Call) -> Cow<'static, str> {
    match route(call.path()) {
        Some(Route { op, version: 5, .. }) => Cow::Borrowed(op.name()),
        Some(Route { op, version, .. }) => Cow::Owned(format!("v{version}.{}", op.name())),
        None => Cow::Borrowed("unknown"),
    }
}

/// Counts the call; the answer, when a limit refuses it. A call without a good key belongs to no company and has no
/// quota to use up.
pub(super) fn limit(
    state: &State,
    call: &Call,
    operation: &str,
    in_flight: u32,
    arrival: Arrival,
) -> Option<Reply> {
    let settings = &state.settings().jdy;
    let known = auth::key(settings, call).is_ok();
    let own = match operation.starts_with('v') {
        true => settings.legacy_per_second,
        false => settings.limits.get(operation).copied().flatten(),
    };
    let total = settings.company_per_second;
    let (own, total) = if known { (own, total) } else { (None, None) };
    let excess =
        state
            .traffic(Vendor::Jdy)
            .meters
            .sliding(operation, own, total, arrival, state.clock.now_ms());
    match excess {
        Some(excess) if settings.enforce => Some(refuse(
            if excess == Excess::Total || settings.only_8303 {
                8303
            } else {
                8304
            },
            "",
        )),
        _ if settings.concurrency.is_some_and(|most| in_flight > most) => {
            let body = settings.concurrency_body.clone();
            Some(Reply {
                status: 429,
                body,
                retry_after: None,
                code: 429,
                left: None,
                location: None,
            })
        }
        _ if settings.largest_body.is_some_and(|most| call.body.len() > most) => Some(Reply::gateway(413)),
        _ => None,
    }
}

/// Notes which rows a batch brings under its `transaction_id`, whatever becomes of the request: its sender cannot know.
/// The name of the note, when the id is new.
pub(super) fn note(state: &State, call: &Call, operation: &str) -> Option<String> {
    if !operation.ends_with("batch_create") {
        return None;
    }
    let body: Value = serde_json::from_slice(&call.body).ok()?;
    let id = body.get("transaction_id")?.as_str()?;
    let rows = body.get("data_list")?.as_array()?;
    let name = match body.get("entry_id").and_then(Value::as_str) {
        Some(entry) if state.settings().jdy.transaction_per_form => format!("{entry}:{id}"),
        _ => id.to_owned(),
    };
    lock(&state.account)
        .transactions
        .note(&name, rows)
        .then_some(name)
}

/// Takes a note back: the request was refused for certain, so its id may still be used for other rows.
pub(super) fn forget(state: &State, note: &str) {
    lock(&state.account).transactions.forget(note);
}

/// Does the work of a call that passed limits and faults.
pub(super) async fn execute(state: &State, call: &Call, bend: Bend) -> Reply {
    let settings = state.settings();
    let Some(route) = route(call.path()).filter(|_| call.method == Method::POST) else {
        return Reply::gateway(404);
    };
    let answer = work(state, call, route, &settings.jdy, bend).await;
    answer.map_or_else(|code| refuse(code, ""), |value| Reply::json(200, &value))
}

async fn work(state: &State, call: &Call, route: Route<'_>, settings: &JdySettings, bend: Bend) -> Answer {
    let key = auth::key(settings, call)?;
    let Ok(Value::Object(body)) = serde_json::from_slice(&call.body) else {
        return Err(settings.invalid_parameter);
    };
    auth::check(key, route.op.name(), app_of(&route, &body, settings)?)?;
    let mut ask = Ask {
        route,
        body,
        settings,
        now_ms: state.clock.now_ms(),
        form: 0,
    };
    match route.op {
        Op::Apps => return lists::apps(&lock(&state.account), &ask),
        Op::Entries => return lists::forms(&lock(&state.account), &ask),
        _ => {}
    }
    ask.form = find_form(&lock(&state.account), &ask)?;

    // a batch holds its id from here until it is written
    let running = match (route.op, ask.transaction()) {
        (Op::BatchCreate, Ok(Some(id))) => {
            let key = create::scope(&ask, id);
            Some(lock(&state.account).transactions.running(&key))
        }
        _ => None,
    };
    let _held = match running {
        None => None,
        Some(running) => Some(match running.clone().try_lock_owned() {
            Ok(held) => held,
            Err(_) => match settings.concurrent {
                Concurrent::Wait => running.lock_owned().await,
                Concurrent::Lock9007 => return Err(9007),
                Concurrent::Exists17026 => return Err(17026),
            },
        }),
    };
    if bend.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(bend.delay_ms)).await;
    }
    ask.now_ms = state.clock.now_ms();
    let account = &mut *lock(&state.account);
    match route.op {
        Op::Create => create::one(account, &ask),
        Op::BatchCreate => create::batch(account, &ask, bend.rows),
        Op::Get => read::one(account, &ask),
        Op::List => read::list(account, &ask),
        Op::Update => update::one(account, &ask),
        Op::BatchUpdate => update::batch(account, &ask, bend.rows),
        Op::Delete => delete::one(account, &ask),
        Op::BatchDelete => delete::batch(account, &ask, bend.rows),
        Op::Widgets => read::widgets(account, &ask),
        Op::Apps => lists::apps(account, &ask),
        Op::Entries => lists::forms(account, &ask),
    }
}

fn app_of<'a>(
    route: &Route<'a>,
    body: &'a Map<String, Value>,
    settings: &JdySettings,
) -> Result<Option<&'a str>, i64> {
    match (route.app, body.get("app_id")) {
        (Some(app), _) => Ok(Some(app)),
        (None, Some(Value::String(app))) => Ok(Some(app)),
        (None, None) if route.op == Op::Apps => Ok(None),
        _ => Err(settings.invalid_parameter),
    }
}

fn find_form(account: &Account, ask: &Ask<'_>) -> Result<usize, i64> {
    let app = app_of(&ask.route, &ask.body, ask.settings)?.unwrap_or_default();
    if !lists::has_app(account, ask.settings, app) {
        return Err(2004);
    }
    let entry = match ask.route.entry {
        Some(entry) => entry,
        None => ask.text("entry_id")?.ok_or(ask.invalid())?,
    };
    let named = |form: &Form| form.spec.app_id == app && form.spec.entry_id == entry;
    account.forms.iter().position(named).ok_or(3000)
}

#[cfg(test)]
mod tests;
