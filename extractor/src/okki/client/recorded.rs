//! The same calls with the answers as they came, for `extractor record`.

use super::{Client, Patience};
use crate::okki::{
    error::Error,
    tape::{Question, Taken, Tape},
    types::{Detail, Page, PageRequest},
};
use pipeline::quota::Lane;

/// What a call gave.
pub(crate) struct Recorded<T> {
    pub question: Question,
    /// The last answer, if there was any.
    pub taken: Option<Taken>,
    pub result: Result<T, Error>,
}

impl Client {
    /// The same client, which keeps the answers.
    #[must_use]
    pub(crate) fn with_tape(self) -> Self {
        Self {
            tape: Some(Tape::default()),
            ..self
        }
    }

    /// A page of the listing of one part of what is listed.
    pub(crate) async fn record_page(&self, lane: Lane, request: &PageRequest, part: usize) -> Recorded<Page> {
        let question = (self.source().list.clone(), self.page_query(request, part));
        let result = self.page_of(lane, request, part).await;
        self.recorded(question, result)
    }

    pub(crate) async fn record_detail(&self, lane: Lane, company_id: &str) -> Recorded<Detail> {
        let question = (self.source().info.clone(), self.detail_query(company_id));
        let result = self.detail(lane, company_id).await;
        self.recorded(question, result)
    }

    /// One of the account's lists of choices or fields.
    pub(crate) async fn record_settings(
        &self,
        lane: Lane,
        path: &str,
        query: &[(String, String)],
    ) -> Recorded<()> {
        let result = self
            .patient(lane, "settings", path, query, Patience::of_all())
            .await;
        self.recorded((path.to_owned(), query.to_vec()), result.map(drop))
    }

    fn recorded<T>(&self, question: Question, result: Result<T, Error>) -> Recorded<T> {
        let taken = self.tape.as_ref().and_then(|tape| tape.take(&question));
        Recorded {
            question,
            taken,
            result,
        }
    }
}
