//! Under which time the listing showed a customer whose detail shows another one. Times of listings are compared with times
//! of listings only, and times of details with times of details: where the one is behind the other, a change would look like
//! one that is loaded already for as long as it is behind.

use super::{Watermarks, number, version};
use crate::store::Error;
use crate::version::Version;

/// The two times of one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownAs {
    /// That of the row.
    pub listed: i64,
    /// That under which the state went on, as a rule that of the detail.
    pub handed_on: i64,
}

impl ShownAs {
    /// What a listed time means among the times under which states go on, of which `newest` is the latest that is known.
    #[must_use]
    pub fn translated(self, listed: i64, newest: Option<i64>) -> i64 {
        if listed == self.listed {
            return self.handed_on;
        }
        let is_listed_behind = self.listed < self.handed_on;
        if !is_listed_behind || listed < self.listed {
            return listed;
        }
        // Later than what was listed last is a newer state, whatever its time says.
        newest
            .max(Some(self.handed_on))
            .max(Some(listed))
            .unwrap_or(listed)
            .saturating_add(1)
    }
}

/// What decides whether a listed state is in the form already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InForm {
    /// Update time that is known to be in the form.
    pub loaded: Option<i64>,
    /// What went on to the loader last.
    pub published: Option<Version>,
    /// The two times of the state that was fetched last, where they differ.
    pub shown_as: Option<ShownAs>,
    /// Until when it was fetched whole: no later change can hide behind a listed time before that.
    pub fetched_whole: Option<i64>,
}

impl InForm {
    /// Whether it is the listed state, or a later one.
    #[must_use]
    pub fn holds(&self, listed: i64) -> bool {
        let listed = match self.shown_as {
            Some(times) => times.translated(listed, self.loaded),
            None => listed,
        };
        self.loaded >= Some(listed)
    }
}

impl Watermarks {
    /// What is known to be in the form, for each company.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn in_form(&self, companies: &[impl AsRef<str>]) -> Result<Vec<InForm>, Error> {
        let epoch = self.epoch().await?.map(String::into_bytes);
        let rows = self
            .read(companies, &["l", "e", "pu", "ps", "lt", "lu", "lg"])
            .await?;
        let parse = |row: Vec<Option<Vec<u8>>>| {
            let [loaded, written_in, pu, ps, listed, handed_on, whole] = <[_; 7]>::try_from(row).ok()?;
            let counts = epoch.is_some() && written_in == epoch;
            Some(InForm {
                loaded: number(loaded).filter(|_| counts),
                published: version(pu, ps),
                shown_as: shown_as(listed, handed_on),
                fetched_whole: number(whole),
            })
        };
        Ok(rows
            .into_iter()
            .map(|row| parse(row).unwrap_or_default())
            .collect())
    }

    /// Remembers the two times of states that have gone on, or that they are the same (`None`).
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn record_shown_as(&self, times: &[(impl AsRef<str>, Option<ShownAs>)]) -> Result<(), Error> {
        if times.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for (company, times) in times {
            let key = self.key(company);
            match times {
                Some(times) => pipeline
                    .cmd("HSET")
                    .arg(key)
                    .arg("lt")
                    .arg(times.listed)
                    .arg("lu")
                    .arg(times.handed_on),
                None => pipeline.cmd("HDEL").arg(key).arg("lt").arg("lu"),
            };
            // Whatever the command answers, nobody reads it.
            pipeline.ignore();
        }
        let mut connection = self.store.connection().await?;
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }
}

impl Watermarks {
    /// Remembers until when these companies were fetched whole, unix seconds: no later change can hide behind a listed time before.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn record_fetched_whole(&self, times: &[(impl AsRef<str>, i64)]) -> Result<(), Error> {
        if times.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for (company, listed) in times {
            pipeline
                .cmd("HSET")
                .arg(self.key(company))
                .arg("lg")
                .arg(listed)
                .ignore();
        }
        let mut connection = self.store.connection().await?;
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }
}

pub(super) fn shown_as(listed: Option<Vec<u8>>, handed_on: Option<Vec<u8>>) -> Option<ShownAs> {
    Some(ShownAs {
        listed: number(listed)?,
        handed_on: number(handed_on)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_is_behind_details_is_compared_with_what_it_listed_before() {
        let two_minutes_behind = InForm {
            loaded: Some(1_000),
            shown_as: Some(ShownAs {
                listed: 880,
                handed_on: 1_000,
            }),
            ..InForm::default()
        };
        let holds: Vec<bool> = [870, 880, 881, 1_000, 1_001]
            .map(|listed| two_minutes_behind.holds(listed))
            .into();
        assert_eq!(holds, [true, true, false, false, false]);
        let not_loaded = InForm {
            loaded: Some(999),
            ..two_minutes_behind
        };
        assert!(!not_loaded.holds(880));
        let same = InForm {
            shown_as: None,
            ..two_minutes_behind
        };
        assert!(same.holds(1_000) && !same.holds(1_001));
    }

    #[test]
    fn a_time_that_lies_ahead_covers_that_time_alone() {
        let ahead = InForm {
            loaded: Some(1_000),
            shown_as: Some(ShownAs {
                listed: 9_000,
                handed_on: 1_000,
            }),
            ..InForm::default()
        };
        assert!(ahead.holds(9_000));
        assert!(!ahead.holds(8_000) && !ahead.holds(1_001), "it was put right");
        assert!(ahead.holds(1_000));
    }
}
