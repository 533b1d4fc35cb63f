//! Who of those that `removed=1` lists has gone. OKKI, or something in between, may not know the parameter and list everybody:
//! whoever is listed among those who exist has not gone, and of whom that cannot be read the detail decides.

use crate::{
    okki::{Client, DamagedRow, Error, ListItem, Page, PageRequest},
    walk::{Pages, Step, Walk},
    window::Window,
};
use pipeline::quota::Lane;
use std::collections::HashMap;

/// Seconds between two deletions that are compared by one listing of those who exist.
const TOGETHER_S: i64 = 600;
/// A longer slice is not read as a whole for rows without a time; their details decide.
const LONGEST_S: i64 = 86_400;
/// How far around a time somebody else is sought whom the listing shows, in seconds: up to years, for a quiet account.
const CONTROLS_S: [i64; 6] = [60, 3_600, 86_400, 30 * 86_400, 365 * 86_400, 10 * 365 * 86_400];
/// Deleted customers of any time that are looked for among those who exist, where somebody is among both.
const SAMPLE: u32 = 10;
/// One of so many may be among both, and the others are believed.
pub(crate) const MOST_BOTH: usize = 3;

/// One part of the listing, in one lane.
pub(crate) struct Listing<'a> {
    pub client: &'a Client,
    pub lane: Lane,
    pub part: usize,
}

impl Pages for Listing<'_> {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        self.client.page_of(self.lane, &request, self.part).await
    }

    async fn page_once(&self, request: PageRequest) -> Result<Page, Error> {
        self.client.page_of_once(self.lane, &request, self.part).await
    }
}

/// Those who exist, as far as they have changed at certain times.
#[derive(Debug, Default)]
pub(crate) struct Existing {
    /// With their update times.
    ids: HashMap<String, i64>,
    /// Where somebody may be whom no page shows.
    unread: Vec<Window>,
}

/// What the listing of those who exist says of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It shows him.
    Listed,
    /// It does not.
    Absent,
    /// It could not be read where he would be.
    Unknown,
}

impl Existing {
    /// Everybody who was changed in these seconds, to the last page of each.
    pub(crate) async fn around(listing: &impl Pages, times: &[i64], count: u32) -> Result<Self, Error> {
        let mut existing = Self::default();
        for window in together(times) {
            existing.read(listing, window, count).await?;
        }
        Ok(existing)
    }

    /// Everybody of these windows, so that a row may go of whom they do not show: the same is asked twice, for a first answer
    /// may come from what has not been read in yet; and somebody must be shown near the last of them, for an answer that shows
    /// nobody may be none. Else nothing is known of anybody.
    pub(crate) async fn for_removal(
        listing: &impl Pages,
        company_id: &str,
        windows: &[Window],
        count: u32,
    ) -> Result<Self, Error> {
        let mut existing = Self::default();
        for _ in 0..2 {
            for window in windows {
                existing.read(listing, *window, count).await?;
            }
            if existing.lists(company_id) {
                return Ok(existing);
            }
        }
        if !existing.shows_somebody(listing, windows, count).await? {
            existing.unread.extend_from_slice(windows);
        }
        Ok(existing)
    }

    /// Whether the listing shows anybody at all; one page of each wider span around the last window is asked for.
    async fn shows_somebody(
        &mut self,
        listing: &impl Pages,
        windows: &[Window],
        count: u32,
    ) -> Result<bool, Error> {
        let Some(last) = windows.last() else {
            return Ok(false);
        };
        for around in CONTROLS_S {
            if !self.ids.is_empty() {
                break;
            }
            let request = PageRequest {
                start: last.start.map(|start| start - around),
                end: Some(last.end + around),
                page: 1,
                count,
                removed: false,
            };
            let shown = listing.page(request).await?.items;
            self.ids
                .extend(shown.into_iter().map(|item| (item.company_id, item.update_time)));
        }
        Ok(!self.ids.is_empty())
    }

    async fn read(&mut self, listing: &impl Pages, window: Window, count: u32) -> Result<(), Error> {
        // One second around it, whether or not bounds are inclusive.
        let window = Window {
            start: window.start.map(|start| start - 1),
            end: window.end + 1,
        };
        let mut walk = Walk::new(window, None, count, false);
        while let Some(step) = walk.next(listing).await? {
            self.ids.extend(
                step.items
                    .into_iter()
                    .map(|item| (item.company_id, item.update_time)),
            );
            let damaged = step.damaged.iter().map(|row| match row.update_time {
                time if time > 0 => Window {
                    start: Some(time),
                    end: time,
                },
                _ => step.slice,
            });
            self.unread.extend(damaged);
            // By a few a total may be too large, and who is among them was not shown all the same.
            let hides_some = step.unread.is_some() || step.falls_short;
            self.unread.extend(hides_some.then_some(step.slice));
        }
        Ok(())
    }

    /// Whether they show this one.
    pub(crate) fn lists(&self, company_id: &str) -> bool {
        self.ids.contains_key(company_id)
    }

    /// The update time with which they show this one.
    pub(crate) fn time_of(&self, company_id: &str) -> Option<i64> {
        self.ids.get(company_id).copied()
    }

    /// What is known of a customer that was changed at this time; 0: at a time that nobody knows.
    pub(crate) fn presence(&self, company_id: &str, update_time: i64) -> Presence {
        let may_be_there = |window: &Window| update_time <= 0 || window.contains(update_time);
        match self.ids.contains_key(company_id) {
            true => Presence::Listed,
            false if self.unread.iter().any(may_be_there) => Presence::Unknown,
            false => Presence::Absent,
        }
    }
}

/// Compares a step of the deleted ones with those who exist: who is among both has not gone, and becomes a row that is told and
/// listed again. Where they are more than a few, the listing is none of deleted customers: an error, for then nobody of it is
/// known to have gone. Of whom nothing is known, because a page cannot be read, his detail decides.
pub(crate) async fn compare(step: &mut Step, listing: &impl Pages, count: u32) -> Result<(), Error> {
    let both = take_both(step, listing, count).await?;
    let Some(first) = both.first() else {
        return Ok(());
    };
    if !differs_plainly(step, both.len(), listing, count).await? {
        return Err(contradiction(&first.company_id));
    }
    step.damaged.extend(both.iter().map(|item| DamagedRow {
        reason: contradiction_of(&item.company_id),
        serial_id: None,
        update_time: item.update_time,
    }));
    Ok(())
}

/// The same without any benefit of the doubt.
pub(crate) async fn compare_strictly(step: &mut Step, listing: &impl Pages, count: u32) -> Result<(), Error> {
    let both = take_both(step, listing, count).await?;
    both.first()
        .map_or(Ok(()), |first| Err(contradiction(&first.company_id)))
}

/// Takes out of the step who exists.
async fn take_both(step: &mut Step, listing: &impl Pages, count: u32) -> Result<Vec<ListItem>, Error> {
    if step.items.is_empty() {
        return Ok(Vec::new());
    }
    let times: Vec<i64> = step.items.iter().map(|item| item.update_time).collect();
    let mut existing = Existing::around(listing, &times, count).await?;
    if times.iter().any(|time| *time <= 0) {
        let start = step.slice.start.unwrap_or(0).max(step.slice.end - LONGEST_S);
        let window = Window {
            start: Some(start),
            ..step.slice
        };
        existing.read(listing, window, count).await?;
    }
    let exists = |item: &mut ListItem| existing.lists(&item.company_id);
    Ok(step.items.extract_if(.., exists).collect())
}

/// Whether the listing of deleted customers shows others than that of those who exist, apart from so many: in the step, and in
/// the first rows of the whole of it.
async fn differs_plainly(step: &Step, both: usize, listing: &impl Pages, count: u32) -> Result<bool, Error> {
    let request = PageRequest {
        start: None,
        end: None,
        page: 1,
        count: SAMPLE,
        removed: true,
    };
    let sample = listing.page(request).await?.items;
    let times: Vec<i64> = sample.iter().map(|item| item.update_time).collect();
    let existing = Existing::around(listing, &times, count).await?;
    let is_new = |item: &&ListItem| !step.items.iter().any(|one| one.company_id == item.company_id);
    let (exist, gone): (Vec<_>, Vec<_>) = sample
        .iter()
        .filter(is_new)
        .partition(|item| existing.lists(&item.company_id));
    let shown = both.max(exist.len());
    Ok(shown * MOST_BOTH <= shown + step.items.len() + gone.len())
}

/// `removed=1` shows somebody who exists.
fn contradiction(company_id: &str) -> Error {
    Error::Shape(contradiction_of(company_id))
}

fn contradiction_of(company_id: &str) -> String {
    words::tr!(
        "listing: removed=1 shows customer {}, who exists (okki-still-shown)",
        company_id
    )
}

/// Windows around these times, neighbours in one.
pub(crate) fn together(times: &[i64]) -> Vec<Window> {
    let mut times: Vec<i64> = times.iter().copied().filter(|time| *time > 0).collect();
    times.sort_unstable();
    let mut windows: Vec<Window> = Vec::new();
    for time in times {
        match windows.last_mut() {
            Some(last) if time - last.end <= TOGETHER_S => last.end = time,
            _ => windows.push(Window {
                start: Some(time),
                end: time,
            }),
        }
    }
    windows
}

#[cfg(test)]
#[path = "deleted_tests.rs"]
mod tests;
