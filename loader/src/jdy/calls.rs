//! The calls we make (docs/jiandaoyun-api.md §2).

use std::time::Instant;

use pipeline::quota::Lane;
use serde_json::{Map, Value};

use super::body::{BatchCreate, Delete, Filter, Get, List, Nothing, Row, SingleCreate, Update};
use super::client::Client;
use super::company::{ALWAYS, MaySend, TIMED_OUT};
use super::types::{BatchCreated, OneRow, Page, Reply, RowId, Status, Updated, WholeRow, Widget, Widgets};

/// No row has a greater id.
const BEHIND_ALL: &str = "ffffffffffffffffffffffff";

/// Rows of a page and of a batch at most.
pub(crate) const LARGEST_BATCH: usize = 100;

/// Switches of a write, taken from the mapping document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WriteOptions {
    /// Start the form's workflow for new rows.
    pub(crate) start_workflow: bool,
    /// Let the automation assistant see single writes.
    pub(crate) start_trigger: bool,
    /// Member who becomes the submitter of new rows.
    pub(crate) data_creator: Option<String>,
}

impl Client {
    /// Creates rows; the same id with the same rows may be sent again within an hour.
    pub(crate) async fn batch_create(
        &self,
        transaction: &str,
        rows: &[&str],
        options: &WriteOptions,
        lane: Lane,
        may_send: MaySend<'_>,
    ) -> Reply<BatchCreated> {
        let call = BatchCreate {
            transaction_id: transaction,
            data_creator: options.data_creator.as_deref(),
            is_start_workflow: options.start_workflow,
            data_list: rows.iter().copied().map(Row).collect(),
        };
        let path = "/api/v5/app/entry/data/batch_create";
        let begun = Instant::now();
        let reply = self
            .post::<BatchCreated>(&self.company.buckets.batch_create, path, &call, lane, may_send)
            .await;
        match &reply {
            Reply::Ok(_) => self.company.pace.batch_answered(begun.elapsed()),
            Reply::Unknown(reason) if reason.starts_with(TIMED_OUT) => {
                self.company.pace.batch_timed_out(rows.len())
            }
            _ => {}
        }
        sound(reply, |answer| &answer.status)
    }

    /// Creates one row by the document's own path, which offers no idempotency.
    pub(crate) async fn create_one(
        &self,
        path: &str,
        row: &str,
        options: &WriteOptions,
        lane: Lane,
        may_send: MaySend<'_>,
    ) -> Reply<RowId> {
        let call = SingleCreate {
            data_creator: options.data_creator.as_deref(),
            is_start_workflow: options.start_workflow,
            is_start_trigger: options.start_trigger,
            data: Row(row),
        };
        let reply = self
            .post::<OneRow>(&self.company.buckets.single_create, path, &call, lane, may_send)
            .await;
        reply.map(|answer| answer.data)
    }

    /// Updates one row; cells that are left out keep their value. The row, if the answer shows one.
    pub(crate) async fn update(
        &self,
        row_id: &str,
        row: &str,
        options: &WriteOptions,
        lane: Lane,
        may_send: MaySend<'_>,
    ) -> Reply<Option<RowId>> {
        let call = Update {
            data_id: row_id,
            is_start_trigger: options.start_trigger,
            data: Row(row),
        };
        let path = "/api/v5/app/entry/data/update";
        self.post::<Updated>(&self.company.buckets.update, path, &call, lane, may_send)
            .await
            .map(|answer| answer.row)
    }

    pub(crate) async fn delete(&self, row_id: &str, lane: Lane, may_send: MaySend<'_>) -> Reply<()> {
        let call = Delete { data_id: row_id };
        let path = "/api/v5/app/entry/data/delete";
        let reply = self
            .post::<Status>(&self.company.buckets.delete, path, &call, lane, may_send)
            .await;
        sound(reply, |answer| &answer.status).map(drop)
    }

    /// Removes a row that no loader writes: another one of the same customer.
    pub(crate) async fn delete_unclaimed(&self, row_id: &str) -> Reply<()> {
        self.delete(row_id, Lane::Live, ALWAYS).await
    }

    /// The first row of the form, to see whether queries work; when that one cannot be shown, what stands behind the last
    /// one, which is nothing.
    pub(crate) async fn any_row(&self) -> Reply<()> {
        match self.one_after(None).await {
            Reply::Ok(()) => Reply::Ok(()),
            Reply::Refused(_) | Reply::Unknown(_) => self.one_after(Some(BEHIND_ALL)).await,
            unsent @ Reply::Unsent(_) => unsent,
        }
    }

    async fn one_after(&self, cursor: Option<&str>) -> Reply<()> {
        let call = List {
            limit: 1,
            data_id: cursor,
            filter: None,
        };
        let path = "/api/v5/app/entry/data/list";
        let reply = self
            .post::<Page>(&self.company.buckets.list, path, &call, Lane::Live, ALWAYS)
            .await;
        reply.map(drop)
    }

    /// Rows after `cursor`, ascending by id. Without projection, because system fields such as `updateTime` are not
    /// promised with one.
    pub(crate) async fn list(
        &self,
        cursor: Option<&str>,
        filter: Option<&Filter<'_>>,
    ) -> Reply<Vec<Map<String, Value>>> {
        self.list_in(Lane::Live, cursor, filter).await
    }

    /// The same for who can wait: the walk over the form lets live calls go first.
    pub(crate) async fn list_in(
        &self,
        lane: Lane,
        cursor: Option<&str>,
        filter: Option<&Filter<'_>>,
    ) -> Reply<Vec<Map<String, Value>>> {
        let call = List {
            limit: LARGEST_BATCH,
            data_id: cursor.filter(|cursor| !cursor.is_empty()),
            filter,
        };
        self.list_as(lane, &call).await
    }

    /// At most so many rows after `cursor`.
    pub(crate) async fn list_some(&self, cursor: &str, limit: usize) -> Reply<Vec<Map<String, Value>>> {
        let call = List {
            limit,
            data_id: Some(cursor).filter(|cursor| !cursor.is_empty()),
            filter: None,
        };
        self.list_as(Lane::Live, &call).await
    }

    async fn list_as(&self, lane: Lane, call: &List<'_>) -> Reply<Vec<Map<String, Value>>> {
        if let Some(unknown) = self.ask_kinds().await {
            return unknown.map(|()| Vec::new());
        }
        let path = "/api/v5/app/entry/data/list";
        let reply = self
            .post::<Page>(&self.company.buckets.list, path, call, lane, ALWAYS)
            .await;
        reply.map(|page| page.data)
    }

    /// One row, by its id. It has a rate of its own; that of the queries, which it shares here, is no higher.
    pub(super) async fn get(&self, row_id: &str) -> Reply<Option<Map<String, Value>>> {
        if let Some(unknown) = self.ask_kinds().await {
            return unknown.map(|()| None);
        }
        let call = Get { data_id: row_id };
        let path = "/api/v5/app/entry/data/get";
        let reply = self
            .post::<WholeRow>(&self.company.buckets.list, path, &call, Lane::Live, ALWAYS)
            .await;
        reply.map(|answer| answer.data)
    }

    /// What a cell holds cannot be told without its widget's type. The reply, when the types are not to be had.
    async fn ask_kinds(&self) -> Option<Reply<()>> {
        if self.kinds.get().is_some() {
            return None;
        }
        match self.widgets().await {
            Reply::Ok(_) => None,
            other => Some(other.map(drop)),
        }
    }

    /// The widgets of the form.
    pub(crate) async fn widgets(&self) -> Reply<Vec<Widget>> {
        let call = Nothing {};
        let path = "/api/v5/app/entry/widget/list";
        let reply = self
            .post::<Widgets>(&self.company.buckets.widgets, path, &call, Lane::Live, ALWAYS)
            .await;
        reply.map(|answer| {
            self.kinds.learn(&answer.widgets);
            answer.widgets
        })
    }
}

/// A 200 that does not say `success` leaves the outcome open.
fn sound<T>(reply: Reply<T>, status: impl Fn(&T) -> &String) -> Reply<T> {
    match reply {
        Reply::Ok(answer) if status(&answer) != Status::SUCCESS => {
            Reply::Unknown(words::tr!("http 200 with status {:?}", status(&answer)))
        }
        other => other,
    }
}
