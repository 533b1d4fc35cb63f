//! Pages of the listing, and whether rows that name no customer are a matter of those rows or of the listing.

use super::{Client, Patience};
use crate::okki::{
    error::Error,
    time,
    types::{Page, PageRequest, read_page},
};
use pipeline::quota::Lane;

/// Rows that a page is compared with.
const COMPARED: u32 = 20;
/// So many rows without a customer, and none with one, are the listing's fault.
const SEVERAL: usize = 2;

impl Client {
    /// A page of the listing; of several groups that of the first one.
    pub(crate) async fn page(&self, lane: Lane, request: &PageRequest) -> Result<Page, Error> {
        self.page_of(lane, request, 0).await
    }

    /// A page of the listing of one part of what is listed (`Source::parts`).
    pub(crate) async fn page_of(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
    ) -> Result<Page, Error> {
        self.named_page(lane, request, part, Patience::of_all()).await
    }

    /// A page of everybody. Where nobody is shown without a bound, or long spans are refused, of those that bounds show.
    pub(crate) async fn page_of_anybody(&self, lane: Lane, page: u64, count: u32) -> Result<Page, Error> {
        const MONTH_S: i64 = 30 * 86_400;
        let all = PageRequest {
            start: None,
            end: None,
            page,
            count,
            removed: false,
        };
        match self.page(lane, &all).await {
            Ok(shown) if shown.rows() > 0 || page > 1 => Ok(shown),
            Ok(_) => self.page(lane, &all.otherwise()).await,
            Err(error @ Error::Business { .. }) => {
                let now = time::now();
                let lately = PageRequest {
                    start: Some(now - MONTH_S),
                    end: Some(now),
                    ..all
                };
                // What is refused whatever its bounds is refused for another reason.
                self.page(lane, &lately).await.map_err(|_| error)
            }
            Err(error) => Err(error),
        }
    }

    /// The same without any repeat, for a caller that knows what to do without it.
    pub(crate) async fn page_of_once(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
    ) -> Result<Page, Error> {
        self.named_page(lane, request, part, Patience::to_compare()).await
    }

    async fn named_page(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
        patience: Patience,
    ) -> Result<Page, Error> {
        let page = self.page_with(lane, request, part, patience).await?;
        if names_nobody(&page) {
            self.others_are_named(lane, request, part, &page).await?;
        }
        Ok(page)
    }

    /// The same for a caller that only wants to know that there is something: a page that alone cannot be read is one with
    /// something on it.
    pub(crate) async fn first_page(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
    ) -> Result<Page, Error> {
        match self.page_of(lane, request, part).await {
            Err(error) if error.may_be_of_one_page() => {
                let Ok(other) = self.page_of_once(lane, &request.of_nobody(), part).await else {
                    return Err(error);
                };
                tracing::debug!(error = pipeline::cause::logged(&error), "one page cannot be read");
                Ok(Page { total: None, ..other })
            }
            answer => answer,
        }
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

    async fn page_with(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
        patience: Patience,
    ) -> Result<Page, Error> {
        match self.answered_page(lane, request, part, patience).await {
            Err(error) if self.says_nobody(lane, request, part, &error).await => Ok(Page {
                total: Some(0),
                ..Page::default()
            }),
            answer => answer,
        }
    }

    pub(super) async fn answered_page(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
        patience: Patience,
    ) -> Result<Page, Error> {
        let query = self.page_query(request, part);
        let path = &self.options.endpoints.source.list;
        let patience = patience.taking(self.says_nobody.words(request, part));
        let answer = self.patient(lane, "list", path, &query, patience).await?;
        let page = read_page(&answer.data, answer.now, request.page > 1)?;
        self.says_nobody.shows(request, part, &page);
        self.untimed.tell(&page);
        Ok(page)
    }

    pub(super) fn page_query(&self, request: &PageRequest, part: usize) -> Vec<(String, String)> {
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

    /// Rows that name no customer cost those rows. When no row of the listing names one, as after a change of how ids are
    /// written, nobody could be loaded, and nothing may pass over them: an error.
    async fn others_are_named(
        &self,
        lane: Lane,
        request: &PageRequest,
        part: usize,
        page: &Page,
    ) -> Result<(), Error> {
        let all = PageRequest {
            start: None,
            end: None,
            page: 1,
            count: request.count.max(COMPARED),
            removed: false,
        };
        let all = self.page_with(lane, &all, part, Patience::of_all()).await?;
        if !names_nobody(&all) || all.damaged.len() < SEVERAL {
            return Ok(());
        }
        let reason = page.damaged.first().map(|row| row.reason.as_str());
        Err(Error::Unnamed(words::tr!(
            "listing: no row names a customer: {} (and so in {} rows)",
            reason.unwrap_or_default(),
            all.damaged.len()
        )))
    }
}

fn names_nobody(page: &Page) -> bool {
    page.items.is_empty() && !page.damaged.is_empty()
}
