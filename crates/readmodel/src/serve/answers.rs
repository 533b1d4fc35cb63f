//! One answer for each question; each says how far it goes.

use super::{
    App,
    asked::{Asked, refused},
};
use crate::{
    error::{Error, Result},
    read::{customers, groups, known, letters, marks, sums},
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use pipeline::{cause::chain, stage::Stage};
use prost::Message;
use rusqlite::Connection;
use serde_json::{Value, json};

/// Looks into the file on a thread that may wait for the disk.
async fn look(app: &App, look: impl FnOnce(&Connection) -> Result<Value> + Send + 'static) -> Response {
    let looked = async {
        let _permit = app.looks.acquire().await.map_err(|_| Error::Ended)?;
        app.keeper.read(look).await
    };
    match looked.await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            tracing::warn!(error = chain(&error), "a question was not answered");
            let problem = json!({"error": "the read model does not serve; its log says why"});
            (StatusCode::INTERNAL_SERVER_ERROR, Json(problem)).into_response()
        }
    }
}

pub(super) async fn status(State(app): State<App>) -> Response {
    let (current, begun_anew) = (app.state.is_current(), app.state.begun_anew());
    look(&app, move |connection| {
        let mut stages = serde_json::Map::new();
        for stage in Stage::ALL {
            stages.insert(stage.name().to_owned(), json!(known::known(connection, stage)?));
        }
        Ok(json!({
            "current": current,
            "begun_anew": begun_anew,
            "as_of": crate::apply::noted::<i64>(connection, "at")?,
            "offset": crate::apply::noted::<i64>(connection, "offset")?,
            "letters": stages,
        }))
    })
    .await
}

pub(super) async fn letters(State(app): State<App>, asked: Asked) -> Response {
    let (stage, query) = match (asked.stage(), asked.query()) {
        (Ok(stage), Ok(query)) => (stage, query),
        (Err(refused), _) | (_, Err(refused)) => return refused,
    };
    let after = match asked.after.as_deref().unwrap_or("0").parse::<i64>() {
        Ok(after) if after >= 0 => after,
        _ => return refused("after: the number in `next` of the page before"),
    };
    let current = app.state.is_current();
    look(&app, move |connection| {
        let page = letters::page(connection, stage, &query, after, asked.limit())?;
        let extent = known::known(connection, stage)?;
        Ok(json!({
            "letters": page.letters,
            "next": page.next,
            "complete": current && extent.answers(&query),
        }))
    })
    .await
}

pub(super) async fn letter(State(app): State<App>, asked: Asked) -> Response {
    let (stage, id) = match (asked.stage(), asked.id()) {
        (Ok(stage), Ok(id)) => (stage, id),
        (Err(refused), _) | (_, Err(refused)) => return refused,
    };
    let current = app.state.is_current();
    look(&app, move |connection| {
        let found = letters::one(connection, stage, &id)?;
        // Without its body the queue knows more, and so it does of one that nobody can read: that is a text here.
        let is_whole = found
            .as_ref()
            .is_some_and(|letter| letter.body.as_ref().is_some_and(Value::is_object));
        Ok(json!({"letter": found, "complete": current && is_whole}))
    })
    .await
}

pub(super) async fn groups(State(app): State<App>, asked: Asked) -> Response {
    let (stage, query) = match (asked.stage(), asked.query()) {
        (Ok(stage), Ok(query)) => (stage, query),
        (Err(refused), _) | (_, Err(refused)) => return refused,
    };
    let current = app.state.is_current();
    look(&app, move |connection| {
        let extent = known::known(connection, stage)?;
        Ok(json!({
            "groups": groups::groups(connection, stage, &query)?,
            "complete": current && extent.answers(&query),
        }))
    })
    .await
}

pub(super) async fn customers(State(app): State<App>, asked: Asked) -> Response {
    let before = match asked.after.as_deref() {
        None => None,
        Some(text) => {
            let parsed = text
                .split_once(',')
                .and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)))
                .filter(|(at, id)| *at >= 0_i64 && *id >= 0_i64);
            if parsed.is_none() {
                return refused("after: `at,id` of the last customer of the page before");
            }
            parsed
        }
    };
    look(&app, move |connection| {
        Ok(json!({"customers": customers::page(connection, before, asked.limit())?}))
    })
    .await
}

pub(super) async fn customer(State(app): State<App>, asked: Asked) -> Response {
    let id = match asked.id() {
        Ok(id) => id,
        Err(refused) => return refused,
    };
    let current = app.state.is_current();
    look(&app, move |connection| {
        let events = customers::events(connection, &id)?;
        let story = replay::trace::Story::of(&id, events.clone());
        let messages = events
            .iter()
            .map(|events| BASE64_STANDARD.encode(events.encode_to_vec()));
        Ok(json!({
            "standing": replay::trace::standing(&story.steps),
            "story": story,
            "events": messages.collect::<Vec<_>>(),
            // Nothing was read yet, or there is no account: who asks says which.
            "complete": current && crate::apply::noted::<i64>(connection, "offset")?.is_some(),
        }))
    })
    .await
}

pub(super) async fn audit(State(app): State<App>, asked: Asked) -> Response {
    let after = match asked.after.as_deref() {
        None | Some("") => None,
        Some(text) => {
            let parsed = marks::place(text);
            if parsed.is_none() {
                return refused("after: the `next` of the page before");
            }
            parsed
        }
    };
    let current = app.state.is_current();
    look(&app, move |connection| {
        let found = marks::page(connection, after, asked.limit())?;
        let full = found.len() == asked.limit();
        Ok(json!({
            "next": found.last().filter(|_| full).map(|last| last.id.clone()),
            "marks": found,
            "since": crate::apply::noted::<i64>(connection, "since")?,
            "complete": current && crate::apply::noted::<i64>(connection, "offset")?.is_some(),
        }))
    })
    .await
}

pub(super) async fn runs(State(app): State<App>, asked: Asked) -> Response {
    look(&app, move |connection| {
        Ok(json!({"runs": sums::runs(connection, asked.limit())?}))
    })
    .await
}

pub(super) async fn minutes(State(app): State<App>, asked: Asked) -> Response {
    look(&app, move |connection| {
        Ok(json!({"minutes": sums::minutes(connection, asked.since.unwrap_or(0), asked.limit())?}))
    })
    .await
}

pub(super) async fn moves(State(app): State<App>, asked: Asked) -> Response {
    look(&app, move |connection| {
        Ok(json!({"moves": sums::moves(connection, asked.limit())?}))
    })
    .await
}

pub(super) async fn moved(State(app): State<App>, asked: Asked) -> Response {
    let id = match asked.id() {
        Ok(id) => id,
        Err(refused) => return refused,
    };
    look(&app, move |connection| {
        let after = asked.after.clone().unwrap_or_default();
        Ok(json!({"letters": sums::moved(connection, &id, &after, asked.limit())?}))
    })
    .await
}
