//! A listing that says in words of its own that it shows nobody: with a refusal, without a list, without a body.
//!
//! Such words are learned from a span in which nobody can be, while others are shown, and from several answers, for a gateway
//! that flaps answers so now and then. A listing that shows an empty page where nobody is needs no other words: what it has
//! answered beside that is no answer. What is no JSON, a page of some gateway, never says anything of customers.

use super::{Client, Patience};
use crate::okki::{
    chain,
    error::Error,
    types::{Page, PageRequest},
};
use crate::pause::lock;
use pipeline::quota::Lane;
use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

/// So often nobody is asked for before words are learned; somebody is asked for between.
const PROBES: u32 = 4;
/// One empty page may be the odd answer of a listing that uses words.
const SHOWN_FOR: Duration = Duration::from_secs(600);

/// Which listing: the one of deleted customers, and which part of it.
type Listing = (bool, usize);

/// What is known of one listing.
#[derive(Default)]
struct Known {
    words: Option<String>,
    /// When an empty page was shown last.
    shown: Option<Instant>,
}

/// How each listing says that it shows nobody.
#[derive(Default)]
pub(super) struct SaysNobody(Mutex<BTreeMap<Listing, Known>>);

impl SaysNobody {
    /// A page that was shown: an empty one takes back what was learned.
    pub(super) fn shows(&self, request: &PageRequest, part: usize, page: &Page) {
        if request.page > 1 || page.rows() > 0 || page.total.is_some_and(|total| total > 0) {
            return;
        }
        let mut known = lock(&self.0);
        let known = known.entry((request.removed, part)).or_default();
        known.shown = Some(Instant::now());
        if let Some(words) = known.words.take() {
            tracing::warn!(
                answer = words,
                "the listing shows an empty page as well: that was no answer"
            );
        }
    }

    /// Those that were learned.
    pub(super) fn words(&self, request: &PageRequest, part: usize) -> Option<String> {
        lock(&self.0)
            .get(&(request.removed, part))
            .and_then(|known| known.words.clone())
    }

    fn may_learn(&self, request: &PageRequest, part: usize) -> bool {
        lock(&self.0)
            .get(&(request.removed, part))
            .and_then(|known| known.shown)
            .is_none_or(|shown| shown.elapsed() > SHOWN_FOR)
    }

    fn learn(&self, request: &PageRequest, part: usize, words: String) {
        tracing::warn!(answer = words, "the listing answers so where it shows nobody");
        lock(&self.0).entry((request.removed, part)).or_default().words = Some(words);
    }
}

impl Client {
    /// Whether the listing says in this way that it shows nobody: it does so whenever it is asked for a span in which nobody can
    /// be, while it shows others. Any answer of the same words says so from then on.
    pub(super) async fn says_nobody(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
        error: &Error,
    ) -> bool {
        if !error.may_say_nobody() {
            return false;
        }
        let words = chain(error);
        if self.says_nobody.words(request, part).as_ref() == Some(&words) {
            return true;
        }
        let anybody = PageRequest {
            start: None,
            end: None,
            page: 1,
            count: 1,
            removed: false,
        };
        for probe in 0..PROBES {
            if !self.says_nobody.may_learn(request, part) {
                return false;
            }
            let answer = self.compared(lane, &request.of_nobody(), part).await;
            if answer.is_ok() || answer.is_err_and(|other| chain(&other) != words) {
                return false;
            }
            let is_shown = async |request: PageRequest| {
                let answer = self.compared(lane, &request, part).await;
                answer.is_ok_and(|page| page.rows() > 0)
            };
            // Once in the usual words, once in others.
            if probe % 2 == 0 && !is_shown(anybody.clone()).await && !is_shown(anybody.otherwise()).await {
                return false;
            }
        }
        self.says_nobody.learn(request, part, words);
        true
    }

    async fn compared(&self, lane: Lane, request: &PageRequest, part: usize) -> Result<Page, Error> {
        self.answered_page(lane, request, part, Patience::to_compare())
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{client, json, status, vendor};
    use super::*;
    use axum::{body::Body, http::Response};
    use std::sync::atomic::{AtomicU32, Ordering};

    const EMPTY: &str = r#"{"code":200,"data":{"list":[],"totalItem":0}}"#;
    const SOMEBODY: &str =
        r#"{"code":200,"data":{"list":[{"company_id":7,"update_time":"2026-01-02 03:04:05"}]}}"#;

    fn span() -> PageRequest {
        PageRequest {
            start: Some(1_700_000_000),
            end: Some(1_700_000_100),
            page: 1,
            count: 20,
            removed: false,
        }
    }

    /// Spans are answered by the script, by number; the listing as a whole shows somebody.
    async fn pages(
        script: impl Fn(u32) -> Response<Body> + Send + Sync + 'static,
        times: usize,
    ) -> Vec<Option<u64>> {
        let spans = AtomicU32::new(0);
        let vendor = vendor(move |_, request| {
            let query = request.uri().query().unwrap_or_default().to_owned();
            match query.contains("end_time") {
                true => script(spans.fetch_add(1, Ordering::SeqCst) + 1),
                false => json(SOMEBODY),
            }
        })
        .await;
        let client = client(&vendor);
        let mut shown = Vec::new();
        for _ in 0..times {
            let page = client.page_of_once(Lane::Live, &span(), 0).await;
            shown.push(page.ok().map(|page| page.rows()));
        }
        shown
    }

    #[tokio::test]
    async fn an_orderly_refusal_of_every_empty_span_says_nobody() {
        for (code, body) in [
            (200, r#"{"code":404,"message":"Not Found Resource"}"#),
            (200, r#"{"code":50001,"message":"暂无数据"}"#),
            (200, r#"{"code":200,"data":null}"#),
            (404, r#"{"message":"nothing"}"#),
            (204, ""),
        ] {
            assert_eq!(
                pages(move |_| status(code, body), 2).await,
                [Some(0); 2],
                "{code} {body}"
            );
        }
    }

    #[tokio::test]
    async fn a_page_of_a_gateway_says_nothing() {
        assert_eq!(pages(|_| json("<html>maintenance</html>"), 3).await, [None; 3]);
    }

    #[tokio::test]
    async fn what_is_said_now_and_then_is_no_answer() {
        let busy = r#"{"code":-1,"message":"系统繁忙"}"#;
        for empty in 2..=4 {
            let script = move |n| json(if n == empty { EMPTY } else { busy });
            assert_eq!(pages(script, 2).await, [None; 2], "an empty page at {empty}");
        }
    }

    #[tokio::test]
    async fn an_empty_page_takes_back_what_was_learned() {
        let none = r#"{"code":404,"message":"Not Found Resource"}"#;
        // The span, and four of nobody; then the words once more, an empty page, and the words.
        let script = move |n| json(if n == 7 { EMPTY } else { none });
        assert_eq!(pages(script, 4).await, [Some(0), Some(0), Some(0), None]);
    }
}
