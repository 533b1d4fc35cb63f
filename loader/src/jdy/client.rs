//! The client of one form: every call names it. How a call travels is the company's matter.

use std::sync::Arc;
use std::time::Duration;

use pipeline::form::ROW;
use pipeline::quota::{Bucket, Lane};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body::Body;
use super::company::{Company, MaySend};
use super::kinds::KnownKinds;
use super::types::Reply;

/// Where a form is in its company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormId {
    pub(crate) app_id: String,
    pub(crate) entry_id: String,
}

/// The client of one form.
pub(crate) struct Client {
    /// Whose form it is; clients of several forms share it.
    pub(crate) company: Arc<Company>,
    /// The types of the form's widgets, once the form has been read.
    pub(crate) kinds: KnownKinds,
    form: FormId,
}

impl Client {
    /// Nothing connects before the first call.
    pub(crate) fn new(company: Arc<Company>, form: FormId) -> Self {
        Self {
            company,
            kinds: KnownKinds::default(),
            form,
        }
    }

    /// App and form that are written to.
    pub(crate) fn form(&self) -> (&str, &str) {
        (&self.form.app_id, &self.form.entry_id)
    }

    /// Where people look at a row of the form; [`ROW`] stands for its id.
    pub(crate) fn row_page(&self) -> Option<String> {
        let (app, form) = self.form();
        self.company.row_page(app, form, ROW)
    }

    /// How long an exchange can take.
    pub(crate) fn timeout(&self) -> Duration {
        self.company.pace.limit()
    }

    /// Sends one request about the form when the quotas allow it.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        bucket: &Bucket,
        path: &str,
        call: &impl Serialize,
        lane: Lane,
        may_send: MaySend<'_>,
    ) -> Reply<T> {
        let body = Body {
            app_id: &self.form.app_id,
            entry_id: &self.form.entry_id,
            call,
        };
        self.company.post(bucket, path, &body, lane, may_send).await
    }
}
