//! The OKKI client: one call at a time slot, a token that is renewed once, a patient repeat of what is safe to repeat.
//!
//! Every call here is a read (but for the token), so an unanswered one may be sent again. What is left after the
//! in-call repeats is an [`Error`] for the caller, who knows whether to pause the stage or to fail one customer.

mod exchange;
mod fields;
pub(super) mod grant;
mod groups;
mod listing;
mod nobody;
mod patience;
mod recorded;
mod retry_after;
mod untimed;
mod webhook;

use self::nobody::SaysNobody;
use self::patience::Patience;
use self::untimed::Untimed;
use super::{
    envelope::Answer,
    error::Error,
    pace::Pace,
    tape::Tape,
    token::{Token, Tokens},
    types::{Detail, PageRequest, read_detail},
};
use crate::source::Source;
use groups::Tree;
use pipeline::{
    http,
    quota::{Lane, Today},
    setting::Secret,
};
pub(crate) use recorded::Recorded;
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

/// Between calls with a token that was granted a moment ago.
const YOUNG_WAITS: [Duration; 7] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
    Duration::from_millis(3_200),
    Duration::from_millis(6_400),
];

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
    /// How the listing says that it shows nobody, where that looks like a refusal.
    says_nobody: SaysNobody,
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
            says_nobody: SaysNobody::default(),
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

    /// How the day of the quota stands, as the last call has told.
    pub(crate) fn today(&self) -> Option<Today> {
        self.pace.today()
    }

    /// The detail of one customer; a limit of the rate is waited for.
    pub(crate) async fn detail(&self, lane: Lane, company_id: &str) -> Result<Detail, Error> {
        self.detail_with(lane, company_id, Patience::of_one()).await
    }

    /// The same for a caller that finds out by others whether a limit is for everybody: it is told at once.
    pub(crate) async fn detail_to_judge(&self, lane: Lane, company_id: &str) -> Result<Detail, Error> {
        self.detail_with(lane, company_id, Patience::to_judge()).await
    }

    /// The same without any repeat, for a caller that compares.
    pub(crate) async fn detail_once(&self, lane: Lane, company_id: &str) -> Result<Detail, Error> {
        self.detail_with(lane, company_id, Patience::to_compare()).await
    }

    async fn detail_with(&self, lane: Lane, company_id: &str, patience: Patience) -> Result<Detail, Error> {
        let query = self.detail_query(company_id);
        let answer = self
            .patient(lane, "info", &self.source().info, &query, patience)
            .await?;
        let detail = read_detail(answer.data, answer.now, company_id)?;
        Ok(Detail {
            closes: answer.closes,
            ..detail
        })
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
        match self.first_page(Lane::Live, &request, 0).await {
            Err(Error::Business { .. }) => self.page_of_anybody(Lane::Live, 1, 1).await?,
            answer => answer?,
        };
        self.check_group().await
    }

    /// Tries the credentials: a token that is there already says nothing about them.
    pub(crate) async fn try_credentials(&self) -> Result<(), Error> {
        self.tokens.replace(self).await
    }

    /// Replaces the token, for permissions that changed; one of a moment ago has them already, as far as it is known.
    pub(crate) async fn renew_token(&self) -> Result<(), Error> {
        let token = self.tokens.current(self).await?;
        if token.is_young() {
            return Ok(());
        }
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
                    if !patience.is_alone() {
                        self.pace.push_back(retry_after).await?;
                    }
                    patience.after_limit(retry_after)?;
                }
                Err(error @ (Error::Outage(_) | Error::Garbled(_))) => {
                    // It is said to one replica, and meant for all, unless it may be about what was asked for.
                    let wait = error.retry_after().filter(|_| !patience.is_alone());
                    if let Some(wait) = wait {
                        self.pace.keep_off(wait).await?;
                    }
                    patience.after_silence(error).await?;
                }
                answer => return answer,
            }
        }
    }

    /// One call; when the token is refused, one more with another token. One that was granted a moment ago is shown again, for
    /// the server that grants tokens and those that take them are not the same.
    async fn authorised(
        &self,
        lane: Lane,
        endpoint: &'static str,
        path: &str,
        query: &[(String, String)],
    ) -> Result<Answer, Error> {
        let token = Box::pin(self.tokens.current(self)).await?;
        let send = async |token: &Token| Box::pin(self.send(lane, endpoint, path, query, token)).await;
        let mut waits = YOUNG_WAITS.iter();
        loop {
            let refused = match send(&token).await {
                Err(error @ Error::Auth { .. }) => error,
                answer => return answer,
            };
            if !token.is_young() {
                break;
            }
            if let Some(before) = self.tokens.before(&token) {
                match send(&before).await {
                    Err(Error::Auth { .. }) => self.tokens.forget_before(),
                    answer => return answer,
                }
            }
            let Some(wait) = waits.next() else { break };
            tracing::debug!(
                error = pipeline::cause::logged(&refused),
                wait_ms = wait.as_millis() as u64,
                "a token that was granted a moment ago is refused, it is shown again"
            );
            tokio::time::sleep(*wait).await;
        }
        let renewed = Box::pin(self.tokens.renew(self, &token)).await?;
        send(&renewed).await
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        let base = &self.options.endpoints.base;
        base.join(path)
            .map_err(|error| Error::Shape(words::tr!("path `{path}`: {error}")))
    }
}

#[cfg(test)]
mod tests;
