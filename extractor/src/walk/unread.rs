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

/// Rows of one second that are asked for.
const MOST_ROWS: u64 = 2_000;
/// Together first, and where that fails one by one.
const TOGETHER: u32 = 20;
/// An order that nobody fixed shows others each time.
const PASSES: u32 = 4;
/// So many rows in a row that are not shown, and no more is asked of the second.
const MOST_UNSHOWN: u64 = 3 * TOGETHER as u64;
/// So many that hang are enough to know.
const MOST_TIMEOUTS: u32 = 3;

/// What was shown of a second, a few rows at a time.
#[derive(Default)]
struct Shown {
    seen: HashSet<String>,
    page: Page,
    /// Rows of the latest pass that were not shown, and how many of them came last.
    unshown: u64,
    in_a_row: u64,
    timeouts: u32,
    /// The latest pass has come to the end.
    ended: bool,
    /// A row was shown twice in one pass: the order is not fixed.
    repeats: bool,
}

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
        let number = request.page;
        let is_beyond = number > 1 && self.refuses_beyond == Some(true);
        let page = match is_search || is_beyond {
            true => listing.page_once(request).await,
            false => listing.page(request).await,
        };
        let error = match page {
            Ok(page) => {
                self.counts |= page.total.is_some_and(|total| total > page.rows());
                return Ok(Some(page));
            }
            Err(error) if error.may_be_of_one_page() => error,
            Err(error) => return Err(error),
        };
        if number > 1 && error.is_of_request() && self.refuses_beyond(&control, listing).await {
            // Nothing follows, in this listing's words.
            return Ok(Some(Page::default()));
        }
        if !is_search && listing.page_once(control).await.is_err() {
            return Err(error);
        }
        tracing::debug!(error = pipeline::cause::logged(&error), "one page cannot be read");
        self.failed = Some(error);
        self.unread_until = self.unread_until.max(end);
        Ok(None)
    }

    /// Whether a page that cannot be there is refused, whoever is asked for: then a refusal says that nothing is behind the page
    /// before it. Asked once a walk.
    async fn refuses_beyond(&mut self, nobody: &PageRequest, listing: &impl Pages) -> bool {
        if let Some(known) = self.refuses_beyond {
            return known;
        }
        let beyond = PageRequest {
            page: 2,
            ..nobody.clone()
        };
        let is_refused = |answer: &Result<Page, Error>| answer.as_ref().is_err_and(Error::is_of_request);
        let refuses =
            listing.page_once(nobody.clone()).await.is_ok() && is_refused(&listing.page_once(beyond).await);
        self.refuses_beyond = Some(refuses);
        refuses
    }

    /// The first page of the slice cannot be read; `false` when it cannot be cut any more.
    pub(super) fn cut_around(&mut self, slice: Slice) -> bool {
        if slice.is_unbounded() {
            self.floored = true;
            return true;
        }
        if matches!(self.failed, Some(Error::Business { .. })) {
            self.cutter.is_too_wide();
        }
        self.wide = false;
        if self.cutter.narrow(None, self.target()) {
            return true;
        }
        let is_padded = self.around == Around::Both && slice.has_padding();
        if is_padded {
            self.around = Around::None;
        }
        is_padded
    }

    /// Asks for a few rows of the slice at a time, and for each alone where those cannot be shown together.
    pub(super) async fn row_by_row(&mut self, slice: Slice, listing: &impl Pages) -> Result<Step, Error> {
        self.around = Around::Unproven;
        let mut shown = Shown::default();
        for _ in 0..PASSES {
            self.one_pass(slice, listing, &mut shown).await?;
            let may_show_more = (shown.repeats || shown.lacks_some()) && shown.timeouts < MOST_TIMEOUTS;
            if shown.is_all() || !may_show_more {
                break;
            }
        }
        let unread = (!shown.is_all()).then(|| {
            let reason = self.failed.as_ref().map(|error| chain(error));
            let seen = shown.seen.len();
            match (reason, shown.page.total) {
                (Some(reason), _) => reason,
                (None, Some(total)) => words::tr!("listing: one second shows {seen} of {total} customers"),
                (None, None) => words::tr!("listing: one second does not come to rest in {PASSES} passes"),
            }
        });
        self.step_over();
        Ok(Step {
            unread,
            now: shown.page.now,
            ..self.collect(shown.page, slice)
        })
    }

    async fn one_pass(&self, slice: Slice, listing: &impl Pages, shown: &mut Shown) -> Result<(), Error> {
        (shown.unshown, shown.in_a_row, shown.ended) = (0, 0, false);
        let mut of_pass = HashSet::new();
        let size = u64::from(TOGETHER);
        for chunk in 1..=MOST_ROWS / size {
            match self.some(slice, (chunk, TOGETHER), listing, shown).await? {
                Some(page) => shown.take(page, &mut of_pass),
                None => {
                    for row in (chunk - 1) * size + 1..=chunk * size {
                        match self.some(slice, (row, 1), listing, shown).await? {
                            Some(page) => shown.take(page, &mut of_pass),
                            None => (shown.unshown, shown.in_a_row) = (shown.unshown + 1, shown.in_a_row + 1),
                        }
                        if shown.ended || shown.timeouts >= MOST_TIMEOUTS {
                            break;
                        }
                    }
                }
            }
            if shown.ended || shown.in_a_row >= MOST_UNSHOWN || shown.timeouts >= MOST_TIMEOUTS {
                break;
            }
        }
        Ok(())
    }

    async fn some(
        &self,
        slice: Slice,
        (page, count): (u64, u32),
        listing: &impl Pages,
        shown: &mut Shown,
    ) -> Result<Option<Page>, Error> {
        let request = PageRequest {
            count,
            ..self.request(slice, page)
        };
        let mut answer = listing.page_once(request.clone()).await;
        if answer.as_ref().is_ok_and(|page| page.rows() == 0) {
            // It would be the end; once may have been no answer.
            answer = listing.page_once(request).await;
        }
        match answer {
            Ok(page) => Ok(Some(page)),
            Err(error) if error.may_be_of_one_page() => {
                shown.timeouts += u32::from(error.is_timeout());
                Ok(None)
            }
            Err(error) => Err(error),
        }
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

impl Shown {
    fn take(&mut self, page: Page, of_pass: &mut HashSet<String>) {
        self.in_a_row = 0;
        self.page.now = page.now.or(self.page.now);
        // The total of an empty page may be the count of that page, and one that says less takes nothing back.
        if page.rows() > 0 {
            self.page.total = page.total.max(self.page.total);
        }
        self.ended = page.rows() == 0;
        for item in page.items {
            self.repeats |= !of_pass.insert(item.company_id.clone());
            if self.seen.insert(item.company_id.clone()) {
                self.page.items.push(item);
            }
        }
        for row in page.damaged {
            if !self.page.damaged.contains(&row) {
                self.page.damaged.push(row);
            }
        }
    }

    /// The total counts more than was shown.
    fn lacks_some(&self) -> bool {
        self.page.total.is_some_and(|total| total > self.page.rows())
    }

    /// Every row was shown, as far as that can be known.
    fn is_all(&self) -> bool {
        let all_seen = match self.page.total {
            Some(total) if total >= self.page.rows() => self.page.rows() == total,
            _ => !self.repeats,
        };
        self.ended && self.unshown == 0 && all_seen
    }
}
