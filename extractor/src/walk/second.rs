//! A page all of whose rows are in one second, as after an import: the second is cut out of the span around it at once, where
//! halving would take dozens of calls, and its pages are turned.

use super::{
    Around, Pages, Step, Walk,
    cutter::Slice,
    gather::{Gather, Taken},
};
use crate::okki::{Error, Page};

impl Walk {
    /// The slice has become narrower, because everybody whom it shows is in one second of it.
    pub(super) fn cuts_out(&mut self, page: &Page) -> bool {
        one_second(page).is_some_and(|second| self.cutter.narrow_around(second))
    }

    /// Everybody is in one second, and the slice hardly wider than that: its pages are turned as they are, to see that the first
    /// was the only one. Where there are more, the second is read alone.
    pub(super) fn is_one_second(&self, slice: Slice, page: &Page) -> bool {
        let start = slice.window().start;
        let is_apart = self
            .apart
            .is_some_and(|until| start.is_none_or(|start| start <= until));
        let has_more = page.total.is_none_or(|total| total > page.rows());
        !is_apart && !has_more && slice.is_narrow() && one_second(page).is_some()
    }

    /// One page of a second that holds more than a page.
    pub(super) async fn turn_pages(&mut self, slice: Slice, listing: &impl Pages) -> Result<Step, Error> {
        let Some(request) = self.gather.as_ref().map(Gather::request) else {
            return Ok(Step::default());
        };
        match self.read(request, listing).await? {
            Some(page) => Ok(self.turn_page(slice, page)),
            None if self.takes_apart(slice) => Ok(Step::default()),
            None => self.row_by_row(slice, listing).await,
        }
    }

    pub(super) fn turn_page(&mut self, slice: Slice, page: Page) -> Step {
        let now = page.now;
        let taken = match self.gather.as_mut().map(|gather| gather.take(page)) {
            Some(Ok(taken)) => taken,
            Some(Err(_)) if self.takes_apart(slice) => return Step::default(),
            // It concerns this second alone.
            Some(Err(error)) => {
                self.failed = Some(error);
                return self.give_up(slice);
            }
            None => return Step::default(),
        };
        let (step, cursor) = match taken {
            Taken::More(step) => (step, None),
            Taken::Whole(step) if step.unread.is_some() && self.takes_apart(slice) => {
                let step = Step {
                    unread: None,
                    falls_short: false,
                    ..step
                };
                (step, None)
            }
            Taken::Whole(step) => {
                self.step_over();
                (step, self.cutter.cursor())
            }
        };
        let step = Step {
            cursor,
            slice: slice.window(),
            now,
            ..step
        };
        self.hand_out(step, slice)
    }

    /// Turning pages does not show everybody: the seconds of the slice are read one by one, so that no more of them count as
    /// unread than need be. Not when it is one second.
    fn takes_apart(&mut self, slice: Slice) -> bool {
        let window = slice.window();
        if window.start == Some(window.end) || !slice.is_narrow() {
            return false;
        }
        (self.gather, self.around) = (None, Around::Both);
        self.apart = Some(window.end);
        self.cutter.one_second();
        true
    }
}

/// The second in which all rows of a page are, when there is one.
fn one_second(page: &Page) -> Option<i64> {
    let mut times = page.items.iter().map(|item| item.update_time);
    let first = times.next().filter(|first| *first > 0)?;
    times.all(|time| time == first).then_some(first)
}
