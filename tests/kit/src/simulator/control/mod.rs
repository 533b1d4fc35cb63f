//! The control side under `/sim/`: the same things that [`super::Simulator`] offers in process, for other processes and
//! for people with curl.

mod actions;

use std::sync::Arc;

use axum::http::Method;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::call::Call;
use super::churn::{self, Churn};
use super::faults::Fault;
use super::judge::{self, JudgeOptions, Tie};
use super::reply::Reply;
use super::state::{State, lock};
use super::world::{World, company_id};

use actions::{Control, Which, customer, mutate, outage, reset};
pub(super) use actions::{
    delete_rows, each_drawn, edit_row, insert_row, insert_row_at, recover_row, reset_stats, rows,
};

/// What the control side understands; also the answer to `GET /sim/`.
pub const CONTROL_HELP: &str = "\
GET    /sim/judge?form=ENTRY&tie=WIDGET|name   compare the form with the customers
GET    /sim/stats                              calls, limits, violations, transactions
GET    /sim/settings                           all switches and limits
POST   /sim/settings   {\"jdy\":{\"enforce\":false},\"okki\":{\"order\":\"asc\"},\"clock_offset_s\":0}
GET    /sim/faults                             faults and what they hit so far
POST   /sim/faults     {\"vendor\":\"jdy\",\"endpoint\":\"batch_create\",\"nth\":[2],\"kind\":\"status\",\"status\":502,\"commit\":true}
         which calls   endpoint, containing, nth, every, probability+seed, after_ms, for_ms, times (none: every call)
         kinds         status{status,commit} hang{commit} reset{commit} slow{ms} malformed partial{rows}
                       code{code,message,status} late_commit{ms} outage
                       late_after_refusal{ms,code} refused_but_done{rows,code} bent_count{by}
                       older{by_s} member{name,value} retry_later{status,after_s,date}
                       bent_ids{ids: reversed|rotated|doubled|foreign|short|long}
DELETE /sim/faults?id=N                        one fault, or all without id
POST   /sim/change     {\"count\":10} or {\"company_id\":N,\"set\":{\"short_name\":\"x\"}}
POST   /sim/touch      {\"count\":10} or {\"company_id\":N}    new update time, same contents
POST   /sim/remove     {\"count\":10} or {\"company_id\":N}
POST   /sim/restore    {\"company_id\":N}
POST   /sim/add        {\"count\":10}
POST   /sim/churn      {\"per_second\":5,\"seed\":1,\"change\":8,\"touch\":1,\"remove\":0,\"add\":1,\"total\":100}   0 per second stops
POST   /sim/outage     {\"vendor\":\"jdy\",\"on\":true}
POST   /sim/tokens/revoke                      make every OKKI token invalid
GET    /sim/webhook                            events that were sent, and how they were answered
POST   /sim/webhook    {\"url\":\"http://127.0.0.1:8081/hook/TOKEN\"}   call it for every change of a customer
GET    /sim/customers/N                        one customer: truth and expected cells
GET    /sim/rows?limit=10                      rows as data/list shows them
POST   /sim/rows       {\"_widget_okki_id\":{\"value\":\"7\"}}  a row typed in by hand
PUT    /sim/rows?id=ID {\"_widget_okki_id\":{\"value\":\"7\"}}  cells that a person writes
DELETE /sim/rows?id=ID                         one row, or all without id
POST   /sim/recover?id=ID                      a row that was deleted alone
GET    /sim/pushes                             what became of the pushes of what people did (settings: jdy.pushes)
POST   /sim/reset      {\"rows\":true,\"stats\":true,\"faults\":true,\"world\":{\"customers\":100,\"seed\":1}}
";

/// Answers a control call; errors name the thing that is wrong.
pub(super) async fn serve(state: &Arc<State>, call: &Call) -> Reply {
    let path = call.path().trim_end_matches('/');
    if path == "/sim" {
        return Reply {
            status: 200,
            body: CONTROL_HELP.into(),
            retry_after: None,
            code: 0,
            left: None,
            location: None,
        };
    }
    let answer = if (&call.method, path) == (&Method::GET, "/sim/judge") {
        judge(state, call).await
    } else {
        answer(state, call, path)
    };
    match answer {
        Ok(value) => Reply::json(200, &value),
        Err(error) => Reply::json(400, &json!({"error": error})),
    }
}

fn answer(state: &Arc<State>, call: &Call, path: &str) -> Control {
    let get = call.method == Method::GET;
    let post = call.method == Method::POST;
    let delete = call.method == Method::DELETE;
    match path {
        "/sim/stats" if get => json(&judge::stats(state)),
        "/sim/settings" if get => json(&*state.settings()),
        "/sim/settings" if post => {
            let merged = state
                .settings()
                .merged(&body(call)?)
                .map_err(|e| format!("settings: {e}"))?;
            state.set_settings(merged);
            json(&*state.settings())
        }
        "/sim/faults" if get => json(&lock(&state.faults).list()),
        "/sim/faults" if post => {
            let fault: Fault = body(call)?;
            Ok(json!({"id": lock(&state.faults).add(fault)}))
        }
        "/sim/faults" if delete => {
            let id = match call.parameter("id") {
                Some(id) => Some(id.parse().map_err(|_| format!("id: {id} is no number"))?),
                None => None,
            };
            Ok(json!({"cleared": lock(&state.faults).clear(id)}))
        }
        "/sim/change" if post => {
            let which: Which = body(call)?;
            let set = which.set.clone();
            mutate(state, &which, |world, index, now| {
                world.change(index, set.clone(), now)
            })
        }
        "/sim/touch" if post => mutate(state, &body(call)?, World::touch),
        "/sim/remove" if post => mutate(state, &body(call)?, World::remove),
        "/sim/restore" if post => mutate(state, &body(call)?, |world, index, now| {
            world.restore(index, now);
            Ok(())
        }),
        "/sim/add" if post => {
            let which: Which = body(call)?;
            let now = state.clock.now();
            let mut world = lock(&state.world);
            let ids: Vec<i64> = (0..which.count.unwrap_or(1))
                .map(|_| company_id(world.add(now)))
                .collect();
            Ok(json!({"company_ids": ids}))
        }
        "/sim/churn" if post => {
            let churn: Churn = body(call)?;
            churn::start(state, churn.clone());
            json(&churn)
        }
        "/sim/outage" if post => outage(state, &body(call)?),
        "/sim/webhook" if get => Ok(json!(lock(&state.webhook).report())),
        "/sim/webhook" if post => {
            let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap_or_default();
            let url = body["url"].as_str().ok_or("give the url")?;
            Ok(json!({"secret": lock(&state.webhook).subscribe(url)}))
        }
        "/sim/tokens/revoke" if post => Ok(json!({"revoked": lock(&state.tokens).revoke_all()})),
        "/sim/rows" if get => {
            let limit = call.parameter("limit").and_then(|n| n.parse().ok()).unwrap_or(10);
            Ok(rows(state, 0, limit).into())
        }
        "/sim/rows" if post => Ok(json!({"_id": insert_row(state, 0, &body(call)?)?})),
        "/sim/rows" if call.method == Method::PUT => {
            let id = call.parameter("id").unwrap_or_default();
            edit_row(state, 0, &id, &body(call)?)?;
            Ok(json!({"_id": id}))
        }
        "/sim/recover" if post => {
            let id = call.parameter("id").unwrap_or_default();
            recover_row(state, 0, &id)?;
            Ok(json!({"_id": id}))
        }
        "/sim/pushes" if get => json(&state.pushes.report()),
        "/sim/rows" if delete => {
            Ok(json!({"deleted": delete_rows(state, 0, call.parameter("id").as_deref())}))
        }
        "/sim/reset" if post => reset(state, body(call)?),
        _ => match path.strip_prefix("/sim/customers/") {
            Some(id) if get => customer(state, id),
            _ => Err(format!(
                "{} {path} is not known; GET /sim/ lists what is",
                call.method
            )),
        },
    }
}

fn json(value: &impl serde::Serialize) -> Control {
    serde_json::to_value(value).map_err(|error| error.to_string())
}

fn body<T: DeserializeOwned>(call: &Call) -> Result<T, String> {
    let bytes: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    serde_json::from_slice(bytes).map_err(|error| format!("body of {}: {error}", call.path()))
}

async fn judge(state: &Arc<State>, call: &Call) -> Control {
    let tie = match call.parameter("tie").as_deref() {
        None | Some("") => Tie::Auto,
        Some("name") => Tie::Name,
        Some(widget) => Tie::Widget(widget.to_owned()),
    };
    let options = JudgeOptions {
        form: call.parameter("form"),
        tie,
    };
    let state = state.clone();
    let judged = tokio::task::spawn_blocking(move || judge::judge(&state, &options)).await;
    json(&judged.map_err(|error| error.to_string())??)
}
