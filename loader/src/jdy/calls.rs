//! The calls we make, with the bodies the vendor documents (docs/jiandaoyun-api.md §2).

use std::fmt::Write as _;

use pipeline::quota::Lane;
use serde_json::{Map, Value, json};

use super::client::{ALWAYS, Client, Permit};
use super::types::{BatchCreated, OneRow, Page, Reply, Status, Widget, Widgets};

/// Rows of a page and of a batch at most.
pub const LARGEST_BATCH: usize = 100;

/// Switches of a write, taken from the mapping document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Start the form's workflow for new rows.
    pub start_workflow: bool,
    /// Let the automation assistant see single writes.
    pub start_trigger: bool,
    /// Member who becomes the submitter of new rows.
    pub data_creator: Option<String>,
}

impl Client {
    /// Creates rows; the same id with the same rows may be sent again within an hour.
    pub async fn batch_create(
        &self,
        transaction: &str,
        rows: &[&str],
        options: &WriteOptions,
        lane: Lane,
        permit: Permit<'_>,
    ) -> Reply<BatchCreated> {
        let mut body = self.begin(rows.iter().map(|row| row.len() + 1).sum());
        push(&mut body, "transaction_id", &json!(transaction));
        if let Some(creator) = &options.data_creator {
            push(&mut body, "data_creator", &json!(creator));
        }
        if options.start_workflow {
            push(&mut body, "is_start_workflow", &json!(true));
        }
        body.push_str(",\"data_list\":[");
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                body.push(',');
            }
            body.push_str(row);
        }
        body.push_str("]}");
        let path = "/api/v5/app/entry/data/batch_create";
        let reply = self
            .post::<BatchCreated>(&self.buckets.batch_create, path, body, lane, permit)
            .await;
        sound(reply, |answer| &answer.status)
    }

    /// Creates one row by the document's own path, which offers no idempotency.
    pub async fn create_one(
        &self,
        path: &str,
        row: &str,
        options: &WriteOptions,
        lane: Lane,
        permit: Permit<'_>,
    ) -> Reply<String> {
        let mut body = self.begin(row.len());
        if let Some(creator) = &options.data_creator {
            push(&mut body, "data_creator", &json!(creator));
        }
        push(&mut body, "is_start_workflow", &json!(options.start_workflow));
        push(&mut body, "is_start_trigger", &json!(options.start_trigger));
        data(&mut body, row);
        let reply = self
            .post::<OneRow>(&self.buckets.single_create, path, body, lane, permit)
            .await;
        reply.map(|answer| answer.data.id)
    }

    /// Updates one row; cells that are left out keep their value.
    pub async fn update(
        &self,
        row_id: &str,
        row: &str,
        options: &WriteOptions,
        lane: Lane,
        permit: Permit<'_>,
    ) -> Reply<()> {
        let mut body = self.begin(row.len());
        push(&mut body, "data_id", &json!(row_id));
        if options.start_trigger {
            push(&mut body, "is_start_trigger", &json!(true));
        }
        data(&mut body, row);
        let path = "/api/v5/app/entry/data/update";
        self.post::<OneRow>(&self.buckets.update, path, body, lane, permit)
            .await
            .map(drop)
    }

    /// Removes one row.
    pub async fn delete(&self, row_id: &str, lane: Lane, permit: Permit<'_>) -> Reply<()> {
        let mut body = self.begin(0);
        push(&mut body, "data_id", &json!(row_id));
        body.push('}');
        let path = "/api/v5/app/entry/data/delete";
        let reply = self
            .post::<Status>(&self.buckets.delete, path, body, lane, permit)
            .await;
        sound(reply, |answer| &answer.status).map(drop)
    }

    /// Removes a row that nobody can be writing, while the index is rebuilt.
    pub async fn delete_unclaimed(&self, row_id: &str) -> Reply<()> {
        self.delete(row_id, Lane::Live, ALWAYS).await
    }

    /// Rows after `cursor`, ascending by id. Without projection, because system fields such as `updateTime` are not
    /// promised with one.
    pub async fn list(&self, cursor: Option<&str>, filter: Option<&Value>) -> Reply<Vec<Map<String, Value>>> {
        let mut body = self.begin(0);
        push(&mut body, "limit", &json!(LARGEST_BATCH));
        if let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) {
            push(&mut body, "data_id", &json!(cursor));
        }
        if let Some(filter) = filter {
            push(&mut body, "filter", filter);
        }
        body.push('}');
        let path = "/api/v5/app/entry/data/list";
        let reply = self
            .post::<Page>(&self.buckets.list, path, body, Lane::Live, ALWAYS)
            .await;
        reply.map(|page| page.data)
    }

    /// The widgets of the form.
    pub async fn widgets(&self) -> Reply<Vec<Widget>> {
        let mut body = self.begin(0);
        body.push('}');
        let path = "/api/v5/app/entry/widget/list";
        let reply = self
            .post::<Widgets>(&self.buckets.widgets, path, body, Lane::Live, ALWAYS)
            .await;
        reply.map(|answer| answer.widgets)
    }

    fn begin(&self, room: usize) -> String {
        let mut body = String::with_capacity(room + 256);
        let (app, entry) = (json!(self.account.app_id), json!(self.account.entry_id));
        // Writing to a String cannot fail.
        let _infallible = write!(body, "{{\"app_id\":{app},\"entry_id\":{entry}");
        body
    }
}

fn push(body: &mut String, name: &str, value: &Value) {
    let _infallible = write!(body, ",\"{name}\":{value}");
}

fn data(body: &mut String, row: &str) {
    body.push_str(",\"data\":");
    body.push_str(row);
    body.push('}');
}

/// A 200 that does not say `success` leaves the outcome open.
fn sound<T>(reply: Reply<T>, status: impl Fn(&T) -> &String) -> Reply<T> {
    match reply {
        Reply::Ok(answer) if status(&answer) != "success" => {
            Reply::Unknown(format!("http 200 with status {:?}", status(&answer)))
        }
        other => other,
    }
}
