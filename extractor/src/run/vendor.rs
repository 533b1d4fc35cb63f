//! The client as a walk of a run sees it, which remembers what it could not be shown.

use super::{Runner, lane};
use crate::{
    okki::{Error, Page, PageRequest},
    pause::lock,
    state::RunKind,
    walk::Pages,
};
use pipeline::quota::Lane;

/// One part of the listing, in the lane of the kind.
pub(super) struct Vendor<'a> {
    pub(super) runner: &'a Runner,
    pub(super) lane: Lane,
    pub(super) part: usize,
}

impl Runner {
    /// The client in the lane of the kind, for one part of the listing.
    pub(super) fn vendor(&self, kind: RunKind, part: usize) -> Vendor<'_> {
        Vendor {
            runner: self,
            lane: lane(kind),
            part,
        }
    }
}

impl Vendor<'_> {
    pub(super) async fn first_page(&self, request: &PageRequest) -> Result<Page, Error> {
        let page = self.runner.client.first_page(self.lane, request, self.part).await;
        self.noted(request, page)
    }

    fn noted(&self, request: &PageRequest, page: Result<Page, Error>) -> Result<Page, Error> {
        if page.is_err() {
            *lock(&self.runner.asked_last) = Some((request.clone(), self.part));
        }
        page
    }
}

impl Pages for Vendor<'_> {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        let page = self.runner.client.page_of(self.lane, &request, self.part).await;
        self.noted(&request, page)
    }

    async fn page_once(&self, request: PageRequest) -> Result<Page, Error> {
        self.runner
            .client
            .page_of_once(self.lane, &request, self.part)
            .await
    }
}
