//! A page that cannot be read, while others can: one row that breaks the answer (a quote that nobody escaped), a page that
//! makes the server fail, an answer that is too large. The slice is cut until only the second is left in which the reason
//! lies; of that one every row is asked for alone. What is not shown even so is handed out as unread, and the walk goes on
//! behind it.
//!
//! Whether others can be read is asked: a span before there was any customer, and the same page of it. While that fails as
//! well, the listing is away, and its error ends the walk.

use super::{Around, Pages, Step, Walk, cutter::Slice};
use crate::okki::{Error, Page, PageRequest, chain};
use std::collections::HashSet;

/// Rows of one second that are asked for one by one.
const MOST_ROWS: u64 = 500;
/// So many rows in a row that are not shown, and no more is asked of the second.
const MOST_UNSHOWN: u32 = 3;

impl Walk {
    /// A page; `None` when this one cannot be read and others can.
    pub(super) async fn read(
        &mut self,
        request: PageRequest,
        listing: &impl Pages,
    ) -> Result<Option<Page>, Error> {
        let (control, end) = (request.of_nobody(), request.end);
        // While the reason is searched for, most pages fail, and one that fails by chance is found again.
        let is_search = self.unread_until >= end && end.is_some();
        let page = match is_search {
            true => listing.page_once(request).await,
            false => listing.page(request).await,
        };
        let error = match page {
            Ok(page) => return Ok(Some(page)),
            Err(error) if error.may_be_of_one_page() => error,
            Err(error) => return Err(error),
        };
        if !is_search && listing.page(control).await.is_err() {
            return Err(error);
        }
        tracing::debug!(error = pipeline::cause::logged(&error), "one page cannot be read");
        self.failed = Some(error);
        self.unread_until = self.unread_until.max(end);
        Ok(None)
    }

    /// The first page of the slice cannot be read; `false` when it cannot be cut any more.
    pub(super) fn cut_around(&mut self, slice: Slice) -> bool {
        if self.cutter.narrow(None, self.target()) {
            return true;
        }
        let is_padded = self.around == Around::Both && slice.has_padding();
        if is_padded {
            self.around = Around::None;
        }
        is_padded
    }

    /// Asks for every row of the slice alone.
    pub(super) async fn row_by_row(&mut self, slice: Slice, listing: &impl Pages) -> Result<Step, Error> {
        self.around = Around::Both;
        let (mut seen, mut shown, mut now) = (HashSet::new(), Page::default(), None);
        let (mut unshown, mut in_a_row) = (0, 0);
        for page in 1..=MOST_ROWS {
            let request = PageRequest {
                count: 1,
                ..self.request(slice, page)
            };
            let page = match listing.page_once(request).await {
                Ok(page) => page,
                Err(error) if error.may_be_of_one_page() && in_a_row < MOST_UNSHOWN => {
                    (unshown, in_a_row) = (unshown + 1, in_a_row + 1);
                    continue;
                }
                Err(error) if error.may_be_of_one_page() => break,
                Err(error) => return Err(error),
            };
            in_a_row = 0;
            now = page.now.or(now);
            let rows = shown.rows();
            shown.items.extend(
                page.items
                    .into_iter()
                    .filter(|item| seen.insert(item.company_id.clone())),
            );
            shown.damaged.extend(page.damaged);
            if shown.rows() == rows {
                break;
            }
        }
        let unread = match unshown {
            0 => None,
            _ => self.failed.as_ref().map(|error| chain(error)),
        };
        self.step_over();
        Ok(Step {
            unread,
            now,
            ..self.collect(shown, slice)
        })
    }

    /// Hands the slice out as unread, and goes on behind it.
    pub(super) fn give_up(&mut self, slice: Slice) -> Step {
        let reason = self.failed.take().map(|error| chain(&error));
        self.step_over();
        Step {
            unread: Some(reason.unwrap_or_default()),
            cursor: self.cutter.cursor(),
            slice: slice.window(),
            ..Step::default()
        }
    }
}
