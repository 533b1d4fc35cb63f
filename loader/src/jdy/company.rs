//! The transport: one POST at a time through the shared quotas of a company, judged into a [`Reply`]; knows no form.

use std::time::{Duration, Instant};

use pipeline::http::departing;
use pipeline::names::VendorAccount;
use pipeline::quota::{Allowance, Bucket, Lane, Quota};
use pipeline::setting::Secret;
use pipeline::telemetry::names;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::calls::LARGEST_BATCH;
use super::cap::Cap;
use super::codes;
use super::exchange::{exchange, is_taken, outcome_name};
use super::pace::Pace;
use super::types::{Refusal, Reply, Unsent};
use crate::failpoint;

/// How the reason of a call begins whose answer did not come in time.
pub(super) const TIMED_OUT: &str = words::mark!("timed out");
/// The vendor asks for at least this pause after a rate refusal.
const RATE_PAUSE: Duration = Duration::from_secs(1);

/// So long at most a header is obeyed that says that no call is left. The documents know no such header, and one wrong
/// line of a gateway must not silence a kind of call for hours; a vendor that means it says so again.
const OBEYED: Duration = Duration::from_secs(60);
/// A pause by such a header is told from this length on.
const TOLD: Duration = Duration::from_secs(5);

/// The quotas of the account; all loaders share them through Redis.
#[derive(Debug, Clone)]
pub(crate) struct Buckets {
    /// Every call of the company.
    pub(crate) company: Bucket,
    /// `batch_create`.
    pub(crate) batch_create: Bucket,
    /// The old single create.
    pub(crate) single_create: Bucket,
    pub(crate) update: Bucket,
    pub(crate) delete: Bucket,
    /// Queries.
    pub(crate) list: Bucket,
    /// The form's widgets.
    pub(crate) widgets: Bucket,
    /// The apps of the company.
    pub(crate) apps: Bucket,
    /// The forms of an app.
    pub(crate) forms: Bucket,
}

/// Whose forms they are and how to speak to their host.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Scheme and host.
    pub(crate) base: Url,
    /// The API key.
    pub(crate) key: Secret,
    /// Limit for a whole exchange.
    pub(crate) timeout: Duration,
    /// What the limit may grow to while the vendor is slow: until then a lost call may still change something.
    pub(crate) slowest: Duration,
}

impl Account {
    /// Whose limits its calls count in: all keys of a host are those of one company, unless their companies are named.
    pub(crate) fn vendor(&self, company: Option<&str>) -> VendorAccount {
        VendorAccount::new("jdy", &self.base, company.unwrap_or_default())
    }

    /// Where people look at a row of a form; `row` stands for its id. The page is on the host of the API without its `api.`,
    /// as it is for both brands; an installation of one's own has both on one host.
    pub(crate) fn row_page(&self, app: &str, form: &str, row: &str) -> Option<String> {
        let host = self.base.host_str()?;
        let mut page = self.base.clone();
        if let Some(brand) = host.strip_prefix("api.") {
            page.set_host(Some(&format!("www.{brand}"))).ok()?;
        }
        Some(format!(
            "{page}dashboard/app/{app}/form/{form}/data/{row}/qr_link"
        ))
    }
}

/// The company that an API key belongs to, with all of its forms.
pub(crate) struct Company {
    account: Account,
    pub(super) buckets: Buckets,
    /// The calls this process may have open.
    pub(crate) cap: Cap,
    /// Time limit and size of batches.
    pub(crate) pace: Pace,
    http: pipeline::http::Client,
    quota: Quota,
}

/// Asked directly before the request leaves: may it still?
pub(crate) type MaySend<'a> = &'a (dyn Fn() -> bool + Sync);

/// For calls that change nothing.
pub(crate) const ALWAYS: MaySend<'static> = &|| true;

impl Company {
    /// As [`Account::row_page`].
    pub(crate) fn row_page(&self, app: &str, form: &str, row: &str) -> Option<String> {
        self.account.row_page(app, form, row)
    }

    /// Nothing connects before the first call.
    pub(crate) fn new(
        account: Account,
        buckets: Buckets,
        most_open: u32,
        http: pipeline::http::Client,
        quota: Quota,
    ) -> Self {
        Self {
            pace: Pace::new(account.timeout, account.slowest, LARGEST_BATCH),
            account,
            buckets,
            cap: Cap::new(most_open),
            http,
            quota,
        }
    }

    /// Sends one request when the quotas allow it.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        bucket: &Bucket,
        path: &str,
        body: &impl Serialize,
        lane: Lane,
        may_send: MaySend<'_>,
    ) -> Reply<T> {
        let body = match serde_json::to_string(body) {
            Ok(body) => body,
            Err(error) => return Reply::Refused(Refusal::not_json(&error)),
        };
        let seat = self.cap.acquire().await;
        let (body, left) = departing(body);
        let request = self.request(path, body);
        let buckets = [bucket, &self.buckets.company];
        let granted = match self.quota.grant(&buckets, lane).await {
            Ok(granted) => granted,
            Err(error) => return Reply::Unsent(Unsent::Quota(format!("{error:#}"))),
        };
        failpoint::hit("http-send").await;
        // The wait may have been long; from here to the wire there is no other.
        if !may_send() {
            return Reply::Unsent(Unsent::Lease);
        }
        let started = Instant::now();
        let following = self.quota.follow(&buckets, granted, left);
        let ((reply, allowance), counted) = futures::join!(exchange(request), following);
        // A server that shows what it was sent shows the key.
        let reply = reply.without(self.account.key.current().expose());
        if let Some(allowance) = allowance {
            self.obey(bucket, counted, allowance).await;
        }
        if granted.is_probe() && allowance.is_none_or(|allowance| allowance.left > 0) && is_taken(&reply) {
            self.reopen(&buckets).await;
        }
        drop(seat);
        failpoint::hit("http-answered").await;
        match &reply {
            Reply::Unknown(reason) if reason.starts_with(TIMED_OUT) => self.pace.timed_out(started),
            Reply::Ok(_) => self.pace.answered(started.elapsed()),
            _ => {}
        }
        self.learn(bucket, &reply).await;
        let outcome = outcome_name(&reply);
        let endpoint = bucket
            .name
            .strip_prefix("jdy:")
            .unwrap_or(&bucket.name)
            .to_owned();
        metrics::histogram!(names::CALL_DURATION, "vendor" => "jdy", "endpoint" => endpoint, "code" => outcome)
            .record(started.elapsed().as_secs_f64());
        reply
    }

    /// The whole request, ready before a permit is asked for.
    fn request(&self, path: &str, body: reqwest::Body) -> reqwest::RequestBuilder {
        let mut url = self.account.base.clone();
        url.set_path(path);
        self.http
            .post(url)
            .header(
                AUTHORIZATION,
                format!("Bearer {}", self.account.key.current().expose()),
            )
            .header(CONTENT_TYPE, "application/json;charset=utf-8")
            .timeout(self.pace.limit())
            .body(body)
    }

    /// What a header says about the calls that are left.
    async fn obey(&self, bucket: &Bucket, counted: i64, allowance: Allowance) {
        if allowance.left == 0 && allowance.lasts >= TOLD {
            tracing::warn!(
                bucket = bucket.name,
                seconds = allowance.lasts.as_secs(),
                obeyed = allowance.lasts.min(OBEYED).as_secs(),
                "a header of Jiandaoyun's answer says that no call is left"
            );
        }
        let allowance = Allowance {
            lasts: allowance.lasts.min(OBEYED),
            ..allowance
        };
        if let Err(error) = self.quota.obey(bucket, counted, allowance).await {
            tracing::debug!(%error, "shared quota does not know how many calls are left");
        }
    }

    /// The one call within a long pause was taken as others are: the pause is over.
    async fn reopen(&self, buckets: &[&Bucket]) {
        for bucket in buckets {
            if let Err(error) = self.quota.reopen(bucket).await {
                tracing::debug!(%error, "the end of a pause is not known to others");
            }
        }
    }

    /// What an answer says about the limits, for everybody.
    async fn learn<T>(&self, bucket: &Bucket, reply: &Reply<T>) {
        let exceeded = match reply {
            Reply::Ok(_) => {
                self.cap.raise();
                None
            }
            Reply::Refused(refusal) => match (refusal.status, refusal.code) {
                (429, _) => {
                    self.cap.halve();
                    None
                }
                (_, codes::RATE_COMPANY) => Some(&self.buckets.company),
                (_, codes::RATE_ENDPOINT) => Some(bucket),
                _ => None,
            },
            _ => None,
        };
        if let Some(bucket) = exceeded {
            tracing::warn!(
                bucket = bucket.name,
                "vendor counts more calls than the quota allows"
            );
            if let Err(error) = self.quota.push_back(bucket, RATE_PAUSE).await {
                tracing::debug!(error = %error, "shared quota could not be pushed back");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_looked_at_where_its_brand_has_its_pages() {
        for (base, page) in [
            ("https://api.jiandaoyun.com", "https://www.jiandaoyun.com"),
            ("https://api.jodoo.com", "https://www.jodoo.com"),
            ("http://forms.example:8080", "http://forms.example:8080"),
        ] {
            let account = Account {
                base: base.parse().unwrap(),
                key: Secret::new("k"),
                timeout: Duration::ZERO,
                slowest: Duration::ZERO,
            };
            let page = format!("{page}/dashboard/app/a/form/f/data/{{row}}/qr_link");
            assert_eq!(account.row_page("a", "f", "{row}"), Some(page));
        }
    }
}
