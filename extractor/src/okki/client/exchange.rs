//! One exchange with OKKI within the quota: prepared, permitted, sent, and counted from when it leaves.

use super::{Client, retry_after};
use crate::okki::error::{Error, Outage, chain};
use bytes::Bytes;
use pipeline::{
    http,
    quota::{Allowance, Lane},
    telemetry::names,
};
use std::time::{Duration, Instant};

/// An answer as it came.
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// Calls that OKKI says are left.
    allowance: Option<Allowance>,
    pub(super) body: Bytes,
}

impl Client {
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
        let (outcome, counted) = tokio::join!(Box::pin(self.read(request)), self.pace.follow(granted, left));
        if let Ok(raw) = &outcome
            && let Err(error) = self.pace.obey(counted, raw.allowance).await
        {
            tracing::debug!(
                error = chain(&error),
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

    async fn read(&self, request: reqwest::RequestBuilder) -> Result<Raw, Error> {
        let response = request.timeout(self.options.timeout).send().await;
        let response = response.map_err(|error| Outage::Transport(error.without_url()))?;
        let (status, retry_after) = (response.status().as_u16(), retry_after::read(response.headers()));
        let allowance = Allowance::read(response.headers());
        match http::read_capped(response, self.options.max_body).await {
            Ok(body) => Ok(Raw {
                status,
                retry_after,
                allowance,
                body,
            }),
            Err(http::Error::TooLarge { limit }) => {
                Err(Error::Shape(format!("answer is larger than {limit} bytes")))
            }
            Err(error) => Err(Outage::Body(error).into()),
        }
    }
}
