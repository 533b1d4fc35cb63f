//! A question as it stands in the address, checked; whatever is wrong with it is answered in the form of all answers.

use axum::{
    Json,
    extract::{FromRequestParts, Query},
    http::{Method, StatusCode, Uri, request::Parts},
    response::{IntoResponse, Response},
};
use pipeline::stage::Stage;
use serde::Deserialize;
use serde_json::json;

/// Rows of one answer, at most.
const MOST: usize = 1_000;
/// Rows when the question does not say.
const USUAL: usize = 100;

/// What may be asked; each question uses some of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Asked {
    stage: Option<String>,
    #[serde(rename = "where")]
    query: Option<String>,
    id: Option<String>,
    pub(super) after: Option<String>,
    pub(super) since: Option<i64>,
    limit: Option<usize>,
}

/// What is wrong with a question.
pub(super) fn refused(problem: impl ToString) -> Response {
    failed(StatusCode::BAD_REQUEST, problem)
}

/// An answer that is none.
pub(super) fn failed(status: StatusCode, problem: impl ToString) -> Response {
    (status, Json(json!({"error": problem.to_string()}))).into_response()
}

/// There is no such question.
pub(super) async fn unknown(uri: Uri) -> Response {
    let problem = format!(
        "there is nothing at {}; docs/read-model.md lists the questions",
        uri.path()
    );
    failed(StatusCode::NOT_FOUND, problem)
}

/// Nothing can be changed here.
pub(super) async fn not_allowed(method: Method) -> Response {
    let problem = format!("{method}: everything here is asked with GET");
    failed(StatusCode::METHOD_NOT_ALLOWED, problem)
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        let Query(asked) =
            Query::<Self>::try_from_uri(&parts.uri).map_err(|wrong| refused(wrong.body_text()))?;
        if asked.limit == Some(0) {
            return Err(refused(format!(
                "limit: from 1 to {MOST}, or leave it away for {USUAL}"
            )));
        }
        Ok(asked)
    }
}

impl Asked {
    pub(super) fn stage(&self) -> Result<Stage, Response> {
        let found = self.stage.as_deref().and_then(Stage::named);
        found.ok_or_else(|| refused("stage: extract, transform or load"))
    }

    pub(super) fn query(&self) -> Result<replay::query::Query, Response> {
        let text = self.query.clone().unwrap_or_default();
        replay::query::Query::try_from(text).map_err(|problem| refused(format!("where: {problem}")))
    }

    /// Whoever asks for more gets as many as there are in one answer.
    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(USUAL).min(MOST)
    }

    pub(super) fn id(&self) -> Result<String, Response> {
        self.id.clone().ok_or_else(|| refused("id: which one"))
    }
}
