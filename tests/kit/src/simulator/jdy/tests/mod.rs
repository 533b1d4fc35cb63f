//! The Jiandaoyun side through whole requests, without HTTP around them.
#![allow(clippy::unwrap_used)]

mod refusals;
mod resends;
mod rows;

use std::sync::Arc;

use axum::http::Request;
use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::simulator::settings::{AppSpec, KeyRule, Poison, Settings};
use crate::simulator::world::World;

struct Bench {
    state: Arc<State>,
}

impl Bench {
    fn with(change: impl FnOnce(&mut JdySettings)) -> Bench {
        let mut settings = Settings::default();
        change(&mut settings.jdy);
        let forms = vec![
            FormSpec::customers()
                .with(WidgetSpec::new("_widget_number", "number", "number"))
                .with(WidgetSpec::new("_widget_time", "time", "datetime"))
                .with(WidgetSpec::new("_widget_user", "user", "user")),
        ];
        Bench {
            state: State::new(settings, World::new(1, 0, 0, 1), forms),
        }
    }

    fn new() -> Bench {
        Bench::with(|_| {})
    }

    fn call(path: &str, body: &Value) -> Call {
        let request = Request::post(path)
            .header("authorization", "Bearer sim-jdy-key")
            .body(())
            .unwrap();
        Call::new(request.into_parts().0, Bytes::from(body.to_string()))
    }

    /// A v5 call with the ids of the form filled in.
    async fn v5(&self, operation: &str, mut body: Value) -> Value {
        body["app_id"] = json!(APP_ID);
        body["entry_id"] = json!(ENTRY_ID);
        self.path(&format!("/api/v5/app/entry/{operation}"), &body).await
    }

    async fn path(&self, path: &str, body: &Value) -> Value {
        self.bent(path, body, Bend::default()).await
    }

    async fn bent(&self, path: &str, body: &Value, bend: Bend) -> Value {
        let reply = execute(&self.state, &Self::call(path, body), bend).await;
        serde_json::from_str(&reply.body).unwrap_or(Value::Null)
    }

    async fn batch(&self, transaction: &str, names: &[&str]) -> Value {
        self.v5(
            "data/batch_create",
            json!({"transaction_id": transaction, "data_list": rows(names)}),
        )
        .await
    }

    /// First cell of every row, in id order.
    async fn names(&self) -> Vec<String> {
        let page = self.v5("data/list", json!({"limit": 100})).await;
        let name = |row: &Value| row[cell_widget(0)].as_str().unwrap_or("-").to_owned();
        page["data"].as_array().unwrap().iter().map(name).collect()
    }
}

fn rows(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| json!({cell_widget(0): {"value": name}, KEY_WIDGET: {"value": format!("k-{name}")}}))
        .collect()
}

fn count(answer: &Value) -> (u64, usize) {
    (
        answer["success_count"].as_u64().unwrap(),
        answer["success_ids"].as_array().unwrap().len(),
    )
}
