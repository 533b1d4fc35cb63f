//! Asks OKKI for what is to be recorded, with the usual client, in the lane of backfills.

use super::choose::{self, Wanted};
use crate::{
    okki::{Client, Error, Page, PageRequest, Question, Recorded, Taken, chain, time},
    outage::PATIENCE,
    walk::Pages,
};
use futures::StreamExt;
use pipeline::{quota::Lane, retry::Backoff};
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// More than this is no example any more.
const MOST_BYTES: usize = 256 << 20;
/// So many customers in a row without an answer are an outage.
const MOST_SILENT: u32 = 5;

/// One of the account's lists.
struct Setting {
    /// Name of its file.
    name: &'static str,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
}

const fn setting(
    name: &'static str,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
) -> Setting {
    Setting { name, path, query }
}

/// The account's lists (docs/okki-api.md §6).
const SETTINGS: [Setting; 7] = [
    setting("enums", "/v1/company/companyEnums", &[]),
    setting("groups", SELECTOR, &[("field", "group_id")]),
    setting("stages", SELECTOR, &[("field", "trail_status")]),
    setting("origins", SELECTOR, &[("field", "origin")]),
    setting("pools", SELECTOR, &[("field", "pool_id")]),
    setting("company-fields", FIELDS, &[("type", "company")]),
    setting("customer-fields", FIELDS, &[("type", "customer")]),
];
const SELECTOR: &str = "/v1/company/fields/selector";
const FIELDS: &str = "/v1/company/fields";

/// Which customers.
#[derive(Debug)]
pub(crate) enum Plan {
    /// These.
    Ids(Vec<String>),
    /// Those that changed last.
    Last(Wanted),
}

/// An answer with its question.
#[derive(Debug)]
pub(crate) struct Answered {
    pub question: Question,
    pub taken: Taken,
}

/// What was asked about one customer.
#[derive(Debug)]
pub(crate) struct TakenDetail {
    pub company_id: String,
    pub answer: Option<Answered>,
    /// Why it could not be used, if it could not.
    pub code: Option<&'static str>,
}

/// Everything that OKKI answered.
#[derive(Debug, Default)]
pub(crate) struct Take {
    pub pages: Vec<Answered>,
    pub details: Vec<TakenDetail>,
    pub settings: Vec<(&'static str, Answered)>,
    /// Lists that the account does not show.
    pub hidden: Vec<&'static str>,
    /// Why it ended before it was done.
    pub stopped: Option<String>,
    bytes: usize,
}

/// A listing that keeps its pages, if its client has a tape.
pub(crate) struct Listing<'a> {
    client: &'a Client,
    lane: Lane,
    pages: Mutex<Vec<(Answered, HashSet<String>, bool)>>,
}

/// Of several groups each page is that of all of them together: a sample has customers of each.
impl Pages for Listing<'_> {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        let mut together = Page::default();
        for part in 0..self.client.source().parts() {
            let page = self.page_of(&request, part).await?;
            together.total = match (part, together.total, page.total) {
                (0, _, total) => total,
                (_, sum, total) => sum.zip(total).map(|(sum, total)| sum.saturating_add(total)),
            };
            together.now = page.now;
            together.items.extend(page.items);
            together.damaged.extend(page.damaged);
        }
        Ok(together)
    }
}

impl<'a> Listing<'a> {
    pub(crate) fn new(client: &'a Client, lane: Lane) -> Self {
        Self {
            client,
            lane,
            pages: Mutex::default(),
        }
    }

    async fn page_of(&self, request: &PageRequest, part: usize) -> Result<Page, Error> {
        let recorded = patiently(|| self.client.record_page(self.lane, request, part)).await;
        let page = recorded.result?;
        if let Some(taken) = recorded.taken {
            let answer = Answered {
                question: recorded.question,
                taken,
            };
            let ids = page.items.iter().map(|item| item.company_id.clone()).collect();
            let kept = (answer, ids, !page.damaged.is_empty());
            self.pages
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(kept);
        }
        Ok(page)
    }

    /// The pages that show a customer that no later one shows, or a row without a customer.
    fn into_pages(self, ids: &[String]) -> Vec<Answered> {
        let mut missing: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let pages = self.pages.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut kept = Vec::new();
        let mut has_damaged = false;
        for (answer, ids, damaged) in pages.into_iter().rev() {
            let before = missing.len();
            missing.retain(|id| !ids.contains(*id));
            if missing.len() < before || (damaged && !has_damaged) {
                has_damaged |= damaged;
                kept.push(answer);
            }
        }
        kept.reverse();
        kept
    }
}

/// Asks; `told` hears of every customer that was answered, and of how many there are.
pub(crate) async fn take(
    client: &Client,
    plan: &Plan,
    concurrency: usize,
    mut told: impl FnMut(usize, usize),
) -> Result<Take, Error> {
    let listing = Listing::new(client, Lane::Backfill);
    let mut take = Take::default();
    let ids = match plan {
        Plan::Ids(ids) => ids.clone(),
        Plan::Last(wanted) => choose::newest(&listing, *wanted, time::now()).await?,
    };
    let mut listed = Vec::new();
    take.take_details(client, &ids, concurrency, &mut told, &mut listed)
        .await;
    if matches!(plan, Plan::Ids(_)) {
        take.find_rows(&listing, listed).await;
    }
    take.pages = listing.into_pages(&ids);
    if take.stopped.is_none() {
        take.take_settings(client).await;
    }
    Ok(take)
}

/// Asks again for as long as it is only Redis that cannot be asked.
async fn patiently<T, F: Future<Output = Recorded<T>>>(ask: impl Fn() -> F) -> Recorded<T> {
    let (mut backoff, begun) = (Backoff::default(), Instant::now());
    loop {
        let recorded = ask().await;
        match &recorded.result {
            Err(error) if error.is_outage_of_redis() && begun.elapsed() < PATIENCE => {
                tracing::warn!(error = chain(error), "recording waits for Redis");
            }
            _ => return recorded,
        }
        backoff.wait().await;
    }
}

impl Take {
    /// `times`: the update times of those that were given by their ids.
    async fn take_details(
        &mut self,
        client: &Client,
        ids: &[String],
        concurrency: usize,
        told: &mut impl FnMut(usize, usize),
        times: &mut Vec<i64>,
    ) {
        let ask = |id: &String| {
            let id = id.clone();
            async move { (patiently(|| client.record_detail(Lane::Backfill, &id)).await, id) }
        };
        let mut answers = futures::stream::iter(ids.iter().map(ask)).buffered(concurrency);
        let (mut done, mut silent) = (0, 0);
        told(0, ids.len());
        while let Some((recorded, id)) = answers.next().await {
            done += 1;
            told(done, ids.len());
            if let Ok(detail) = &recorded.result {
                times.extend(detail.update_time);
            }
            let error = recorded.result.as_ref().err();
            let is_silent = matches!(error, Some(error) if error.is_transient() || error.needs_person());
            silent = if is_silent { silent + 1 } else { 0 };
            let ends = matches!(
                error,
                Some(Error::Closed { .. } | Error::Quota(_) | Error::Store(_))
            );
            if let Some(error) = error.filter(|_| ends || silent >= MOST_SILENT) {
                self.stopped = Some(chain(error));
            }
            if !ends {
                self.add_detail(recorded, id);
            }
            if self.bytes > MOST_BYTES {
                self.stopped = Some(words::tr!("the answers are larger than {} MiB", MOST_BYTES >> 20));
            }
            if self.stopped.is_some() {
                return;
            }
        }
    }

    fn add_detail<T>(&mut self, recorded: Recorded<T>, company_id: String) {
        let code = recorded.result.as_ref().err().map(Error::code);
        let question = recorded.question;
        let answer = recorded.taken.map(|taken| Answered { question, taken });
        self.bytes += answer.as_ref().map_or(0, |answer| answer.taken.body.len());
        self.details.push(TakenDetail {
            company_id,
            answer,
            code,
        });
    }

    /// The rows of customers that were given by their ids, as far as a page of their second shows them.
    async fn find_rows(&mut self, listing: &Listing<'_>, mut times: Vec<i64>) {
        times.sort_unstable();
        times.dedup();
        for time in times {
            let request = PageRequest {
                start: Some(time),
                end: Some(time),
                page: 1,
                count: 200,
                removed: false,
            };
            // Without its row a customer is still worth recording.
            if let Err(error) = listing.page(request).await {
                self.stopped.get_or_insert_with(|| chain(&error));
                return;
            }
        }
    }

    async fn take_settings(&mut self, client: &Client) {
        for Setting { name, path, query } in SETTINGS {
            let query: Vec<_> = query
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let recorded = patiently(|| client.record_settings(Lane::Backfill, path, &query)).await;
            let question = recorded.question;
            match (recorded.result, recorded.taken) {
                (Ok(()), Some(taken)) => self.settings.push((name, Answered { question, taken })),
                _ => self.hidden.push(name),
            }
        }
    }
}
