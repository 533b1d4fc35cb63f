//! One exchange with OKKI within the quota: prepared, permitted, sent, and counted from when it leaves.

use super::{Client, retry_after};
use crate::okki::{
    envelope::{self, Answer},
    error::{Error, Outage},
    mend::mend,
    token::Token,
};
use bytes::Bytes;
use pipeline::{
    http,
    quota::{Allowance, Granted, Lane},
    telemetry::names,
};
use reqwest::header::{AUTHORIZATION, LOCATION};
use std::time::{Duration, Instant};

/// An answer as it came.
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// Calls that OKKI says are left.
    allowance: Option<Allowance>,
    /// The call was let through a long pause.
    probe: bool,
    pub(super) body: Bytes,
}

impl Raw {
    /// Whether it ends a long pause when it is an answer as others.
    pub(super) fn lifts(&self) -> bool {
        self.probe && !self.closes()
    }

    /// Whether it says that no call is left.
    fn closes(&self) -> bool {
        self.allowance.is_some_and(|allowance| allowance.left == 0)
    }
}

impl Client {
    /// One call with this token.
    pub(super) async fn send(
        &self,
        lane: Lane,
        endpoint: &'static str,
        path: &str,
        query: &[(String, String)],
        token: &Token,
    ) -> Result<Answer, Error> {
        let request = self.http.get(self.url(path)?).query(query);
        let request = request.header(AUTHORIZATION, format!("Bearer {}", token.secret.expose()));
        let raw = self.exchange(lane, endpoint, request, Bytes::new()).await?;
        let (lifts, closes) = (raw.lifts(), raw.closes());
        let Raw {
            status,
            retry_after,
            body,
            ..
        } = raw;
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
            self.answered(lifts).await?;
        }
        Ok(Answer { closes, ..answer? })
    }

    /// Nobody calls for a while: OKKI limits everybody, not only the customer whose detail was refused so.
    pub(crate) async fn keep_away(&self, wait: Option<Duration>) -> Result<(), Error> {
        self.pace.push_back(wait).await
    }

    /// The same where it is not the rate that it is about.
    pub(crate) async fn keep_off(&self, wait: Duration) -> Result<(), Error> {
        self.pace.keep_off(wait).await
    }

    pub(super) async fn exchange(
        &self,
        lane: Lane,
        endpoint: &'static str,
        request: reqwest::RequestBuilder,
        content: Bytes,
    ) -> Result<Raw, Error> {
        // Closed only with the client itself.
        let _slot = self.slots.acquire().await;
        // Ready before leave is asked for; a connection that has to be opened first is the reason for the rest.
        let (body, left) = http::departing(content);
        let request = request.body(body);
        let granted = self.pace.acquire(lane).await?;
        let started = Instant::now();
        let probe = granted.as_ref().is_some_and(Granted::is_probe);
        let (mut outcome, counted) =
            tokio::join!(Box::pin(self.read(request)), self.pace.follow(granted, left));
        if let Ok(raw) = &mut outcome {
            raw.probe = probe;
        }
        if let Ok(raw) = &outcome
            && let Err(error) = self.pace.obey(counted, raw.allowance).await
        {
            tracing::debug!(
                error = pipeline::cause::logged(&error),
                "shared quota does not know how many calls are left"
            );
        }
        let code = match &outcome {
            Ok(raw) => raw.status.to_string(),
            Err(error) => error.code().to_owned(),
        };
        let labels = [
            ("vendor", "okki".to_owned()),
            ("endpoint", endpoint.to_owned()),
            ("code", code),
        ];
        metrics::histogram!(names::CALL_DURATION, &labels).record(started.elapsed());
        outcome
    }

    /// The answer that came so is none that limits the rate. To the one call within a long pause it says that this is over,
    /// unless nothing is left.
    pub(super) async fn answered(&self, lifts: bool) -> Result<(), Error> {
        self.pace.answered();
        if lifts {
            self.pace.reopen().await?;
        }
        Ok(())
    }

    async fn read(&self, request: reqwest::RequestBuilder) -> Result<Raw, Error> {
        let response = request.timeout(self.options.timeout).send().await;
        let response = response.map_err(|error| Outage::Transport(error.without_url()))?;
        let (status, retry_after) = (response.status().as_u16(), retry_after::read(response.headers()));
        let allowance = Allowance::read(response.headers());
        if let Some(to) = target(&response) {
            return Err(Outage::Redirect { status, to }.into());
        }
        match http::read_capped(response, self.options.max_body).await {
            Ok(body) => Ok(Raw {
                status,
                retry_after,
                allowance,
                probe: false,
                body,
            }),
            Err(http::Error::TooLarge { limit }) => {
                Err(Error::Shape(words::tr!("answer is larger than {limit} bytes")))
            }
            Err(error) => Err(Outage::Body(error).into()),
        }
    }
}

/// Where a redirect points to, without what may be secret of it.
fn target(response: &reqwest::Response) -> Option<String> {
    let is_redirect = response.status().is_redirection();
    let to = response.headers().get(LOCATION).filter(|_| is_redirect)?;
    let to = response.url().join(to.to_str().ok()?).ok()?;
    Some(format!("{}{}", to.origin().ascii_serialization(), to.path()))
}
