//! The OKKI client: one call at a time slot, a token that is renewed once, a patient repeat of what is safe to repeat.
//!
//! Every call here is a read (but for the token), so an unanswered one may be sent again. What is left after the
//! in-call repeats is an [`Error`] for the caller, who knows whether to pause the stage or to fail one customer.

mod exchange;
pub(super) mod grant;
mod groups;
mod patience;
mod recorded;
mod retry_after;
mod untimed;
mod webhook;

use self::patience::Patience;
use self::untimed::Untimed;
use super::{
    envelope::{self, Answer},
    error::Error,
    mend::mend,
    pace::Pace,
    tape::Tape,
    time,
    token::{Token, Tokens},
    types::{Detail, Page, PageRequest, read_detail, read_page},
};
use crate::source::Source;
use bytes::Bytes;
use exchange::Raw;
use groups::Tree;
use pipeline::{
    http,
    quota::{Lane, Today},
    setting::Secret,
};
pub(crate) use recorded::Recorded;
use reqwest::header::AUTHORIZATION;
use std::time::Duration;
use tokio::sync::Semaphore;
use url::Url;

/// Where the account's data is.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    /// Scheme and host.
    pub base: Url,
    /// Paths and parameters.
    pub source: Source,
}

/// What a client is made of, beside token and pace.
#[derive(Debug, Clone)]
pub(crate) struct ClientOptions {
    /// Where to call.
    pub endpoints: Endpoints,
    /// From 外部对接 → API对接 in OKKI CRM.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// Limit for a whole exchange.
    pub timeout: Duration,
    /// Largest answer that is read.
    pub max_body: usize,
    /// Calls of this process at the same time.
    pub concurrency: usize,
}

pub(crate) struct Client {
    http: http::Client,
    options: ClientOptions,
    tokens: Tokens,
    pace: Pace,
    slots: Semaphore,
    untimed: Untimed,
    tape: Option<Tape>,
    /// What its tokens are good for.
    scope: &'static str,
    tree: Tree,
}

impl Client {
    /// Puts the parts together; calls nothing.
    #[must_use]
    pub(crate) fn new(http: http::Client, options: ClientOptions, tokens: Tokens, pace: Pace) -> Self {
        Self {
            http,
            slots: Semaphore::new(options.concurrency),
            options,
            tokens,
            pace,
            untimed: Untimed::default(),
            tape: None,
            scope: "company",
            tree: Tree::default(),
        }
    }

    /// The same for other calls than those about customers; its tokens must not be shared with them.
    #[must_use]
    pub(crate) fn for_scope(self, scope: &'static str) -> Self {
        Self { scope, ..self }
    }

    /// The source document, or what stands in its place.
    #[must_use]
    pub(crate) const fn source(&self) -> &Source {
        &self.options.endpoints.source
    }

    /// A page of the listing; of several groups that of the first one.
    pub(crate) async fn page(&self, lane: Lane, request: &PageRequest) -> Result<Page, Error> {
        self.page_of(lane, request, 0).await
    }

    /// A page of the listing of one part of what is listed ([`Source::parts`]).
    pub(crate) async fn page_of(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
    ) -> Result<Page, Error> {
        self.page_with(lane, request, part, Patience::of_all()).await
    }

    /// The same without any repeat, for a caller that asks again anyway.
    pub(crate) async fn page_once(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
    ) -> Result<Page, Error> {
        self.page_with(lane, request, part, Patience::none()).await
    }

    /// How the day of the quota stands, as the last call has told.
    pub(crate) fn today(&self) -> Option<Today> {
        self.pace.today()
    }

    async fn page_with(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
        patience: Patience,
    ) -> Result<Page, Error> {
        let query = self.page_query(request, part);
        let path = &self.options.endpoints.source.list;
        let answer = self.patient(lane, "list", path, &query, patience).await?;
        let page = read_page(&answer.data, answer.now)?;
        self.untimed.tell(&page);
        Ok(page)
    }

    fn page_query(&self, request: &PageRequest, part: usize) -> Vec<(String, String)> {
        let mut query = self.source().query(part);
        let mut put = |name: &str, value: String| query.push((name.to_owned(), value));
        put("start_index", request.page.to_string());
        put("count", request.count.to_string());
        put("removed", u8::from(request.removed).to_string());
        if let Some(start) = request.start {
            put("start_time", time::format(start));
        }
        if let Some(end) = request.end {
            put("end_time", time::format(end));
        }
        query
    }

    /// The detail of one customer.
    pub(crate) async fn detail(&self, lane: Lane, company_id: &str) -> Result<Detail, Error> {
        self.detail_with(lane, company_id, Patience::of_one()).await
    }

    /// The same without any repeat, for a caller that compares.
    pub(crate) async fn detail_once(&self, lane: Lane, company_id: &str) -> Result<Detail, Error> {
        self.detail_with(lane, company_id, Patience::none()).await
    }

    async fn detail_with(&self, lane: Lane, company_id: &str, patience: Patience) -> Result<Detail, Error> {
        let query = self.detail_query(company_id);
        let answer = self
            .patient(lane, "info", &self.source().info, &query, patience)
            .await?;
        read_detail(answer.data, answer.now, company_id)
    }

    fn detail_query(&self, company_id: &str) -> Vec<(String, String)> {
        let source = self.source();
        let mut query = vec![(source.info_key.clone(), company_id.to_owned())];
        // How values are shown concerns the detail as well.
        query.extend(source.get("format").map(|format| ("format".to_owned(), format)));
        query
    }

    /// Asks for one row, and for the configured group; an error when listing could not work.
    pub(crate) async fn answers(&self) -> Result<(), Error> {
        let request = PageRequest {
            start: None,
            end: None,
            page: 1,
            count: 1,
            removed: false,
        };
        self.page(Lane::Live, &request).await?;
        self.check_group().await
    }

    /// Tries the credentials: a token that is there already says nothing about them.
    pub(crate) async fn try_credentials(&self) -> Result<(), Error> {
        self.tokens.replace(self).await
    }

    /// Replaces the token, for permissions that changed.
    pub(crate) async fn renew_token(&self) -> Result<(), Error> {
        let token = self.tokens.current(self).await?;
        self.tokens.renew(self, &token).await.map(drop)
    }

    /// Repeats what may succeed in a moment.
    async fn patient(
        &self,
        lane: Lane,
        endpoint: &'static str,
        path: &str,
        query: &[(String, String)],
        mut patience: Patience,
    ) -> Result<Answer, Error> {
        loop {
            // Boxed, or what a call keeps would lie on the stack of everybody who awaits one.
            match Box::pin(self.authorised(lane, endpoint, path, query)).await {
                Err(Error::RateLimited { retry_after }) => {
                    self.pace.push_back(retry_after).await?;
                    patience.after_limit(retry_after)?;
                }
                Err(error @ (Error::Outage(_) | Error::Garbled(_))) => patience.after_silence(error).await?,
                answer => return answer,
            }
        }
    }

    /// One call; when the token is refused, one more with another token.
    async fn authorised(
        &self,
        lane: Lane,
        endpoint: &'static str,
        path: &str,
        query: &[(String, String)],
    ) -> Result<Answer, Error> {
        let token = self.tokens.current(self).await?;
        match Box::pin(self.send(lane, endpoint, path, query, &token)).await {
            Err(Error::Auth { .. }) => {
                let token = self.tokens.renew(self, &token).await?;
                Box::pin(self.send(lane, endpoint, path, query, &token)).await
            }
            answer => answer,
        }
    }

    async fn send(
        &self,
        lane: Lane,
        endpoint: &'static str,
        path: &str,
        query: &[(String, String)],
        token: &Token,
    ) -> Result<Answer, Error> {
        let request = self.http.get(self.url(path)?).query(query);
        let request = request.header(AUTHORIZATION, format!("Bearer {}", token.secret.expose()));
        let Raw {
            status,
            retry_after,
            body,
            ..
        } = self.exchange(lane, endpoint, request, Bytes::new()).await?;
        if let Some(tape) = &self.tape {
            tape.keep(path, query, status, &body);
        }
        let answer = match envelope::read(status, retry_after, &body) {
            // Of a listing only ids and times are used: one broken character of one row must not cost the page.
            Err(Error::Garbled(_)) if endpoint == "list" => envelope::read(status, retry_after, &mend(&body)),
            answer => answer,
        };
        let answer = answer.map_err(|error| error.without(token.secret.expose()));
        if !matches!(answer, Err(Error::RateLimited { .. } | Error::Outage(_))) {
            self.pace.answered();
        }
        answer
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        let base = &self.options.endpoints.base;
        base.join(path)
            .map_err(|error| Error::Shape(format!("path `{path}`: {error}")))
    }
}

#[cfg(test)]
mod tests;
