//! How each customer stands, for the comparison of everything that OKKI lists with everything that was loaded.

use super::{
    Watermarks, number,
    shown_as::{ShownAs, shown_as},
    version,
};
use crate::store::Error;
use crate::version::Version;

/// What the pipeline knows of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Update time that is known to be in the form, as far as the index of now says so.
    pub loaded: Option<i64>,
    /// The same of any time.
    pub ever_loaded: Option<i64>,
    /// What went on to the loader last.
    pub published: Option<Version>,
    /// The newest state that a condition dropped.
    pub dropped: Option<Version>,
    /// The removal, or the leaving of a filter, that was handled last.
    pub gone: Option<Version>,
    /// The version above which states of this customer are handed on: of the newest removal, or of what was set back.
    pub floor: Option<Version>,
    /// The update time that OKKI showed of the state that was handed on last above it.
    pub shown: Option<i64>,
    /// The two times of the state that was fetched last, where listing and detail show different ones.
    pub shown_as: Option<ShownAs>,
    /// Until when it was fetched whole: no later change can hide behind a listed time before that.
    pub fetched_whole: Option<i64>,
    /// It may have a row.
    pub may_have_row: bool,
    /// The comparison that listed it last.
    pub listed_in: Option<u64>,
}

impl Standing {
    /// Whether a condition dropped what was handled last.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.dropped.is_some() && self.dropped >= self.published
    }

    /// Whether it has gone, and that was the last that was handled: what is loaded afterwards, if only of the same second, has
    /// come back.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.gone.is_some_and(|gone| {
            let is_older = |loaded: i64| loaded < gone.update_time;
            self.published.is_none_or(|published| published <= gone) && self.ever_loaded.is_none_or(is_older)
        })
    }

    /// The latest update time that anything says.
    #[must_use]
    pub fn newest(&self) -> Option<i64> {
        let gone = self.gone.map(|version| version.update_time);
        self.handed_on().max(gone)
    }

    /// The latest update time of a state that was loaded, handed on or dropped.
    fn handed_on(&self) -> Option<i64> {
        let time = |version: Option<Version>| version.map(|version| version.update_time);
        time(self.published).max(self.ever_loaded).max(time(self.dropped))
    }

    /// What a listed time means among the times under which states were handed on.
    #[must_use]
    pub fn translated(&self, listed: i64) -> i64 {
        match self.shown_as.filter(|_| listed > 0 && !self.is_raised()) {
            Some(times) => times.translated(listed, self.handed_on()),
            None => listed,
        }
    }

    /// Whether its last state was handed on under a later time than its own.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        let floor = self.floor.max(self.gone).map(|floor| floor.update_time);
        floor.is_some() && self.handed_on() <= floor
    }

    /// The update time that OKKI showed of its last state, as far as that is known.
    #[must_use]
    pub fn last_shown(&self) -> Option<i64> {
        match self.is_raised() {
            true => self.shown,
            false => self.handed_on(),
        }
    }
}

/// The sequence of a removal that was handled by a release that did not keep it: after what was published until then.
fn unkept() -> Vec<u8> {
    u64::MAX.to_string().into_bytes()
}

impl Watermarks {
    /// How these companies stand.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn standings(&self, companies: &[impl AsRef<str>]) -> Result<Vec<Standing>, Error> {
        let epoch = self.epoch().await?.map(String::into_bytes);
        let fields = [
            "l", "e", "pu", "ps", "fu", "fs", "x", "xs", "ru", "rs", "rt", "lt", "lu", "lg", "o", "c",
        ];
        let rows = self.read(companies, &fields).await?;
        let parse = |row: Vec<Option<Vec<u8>>>| {
            let [
                loaded,
                written_in,
                pu,
                ps,
                fu,
                fs,
                gone,
                gone_sequence,
                ru,
                rs,
                shown,
                listed,
                handed_on,
                whole,
                may_have_row,
                listed_in,
            ] = <[_; 16]>::try_from(row).ok()?;
            let ever_loaded = number(loaded);
            let published = version(pu, ps);
            let may_have_row = may_have_row.is_some() || published.is_some() || ever_loaded.is_some();
            Some(Standing {
                loaded: ever_loaded.filter(|_| epoch.is_some() && written_in == epoch),
                ever_loaded,
                published,
                dropped: version(fu, fs),
                gone: version(gone, Some(gone_sequence.unwrap_or_else(unkept))),
                floor: version(ru, rs),
                shown: number(shown),
                shown_as: shown_as(listed, handed_on),
                fetched_whole: number(whole),
                may_have_row,
                listed_in: number(listed_in),
            })
        };
        Ok(rows
            .into_iter()
            .map(|row| parse(row).unwrap_or_default())
            .collect())
    }

    /// Remembers that a comparison has listed these companies.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn record_listed(&self, companies: &[impl AsRef<str>], comparison: u64) -> Result<(), Error> {
        if companies.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for company in companies {
            pipeline
                .cmd("HSET")
                .arg(self.key(company))
                .arg("c")
                .arg(comparison)
                .ignore();
        }
        let mut connection = self.store.connection().await?;
        Ok(pipeline.query_async::<()>(&mut *connection).await?)
    }

    /// Some companies of which anything is known, from this cursor on (0 at first), and the cursor of the next ones (0 when
    /// there are none). A company may come twice.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn scan(&self, cursor: u64, about: usize) -> Result<(u64, Vec<String>), Error> {
        self.store.scan(&self.key(""), cursor, about).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_was_raised_is_known_by_the_time_that_okki_showed() {
        let at = |update_time| {
            Some(Version {
                update_time,
                sequence: 3,
            })
        };
        let plain = Standing {
            published: at(10),
            ever_loaded: Some(9),
            ..Standing::default()
        };
        assert_eq!((plain.is_raised(), plain.last_shown()), (false, Some(10)));
        let raised = Standing {
            floor: at(10),
            shown: Some(4),
            ..plain.clone()
        };
        assert_eq!((raised.is_raised(), raised.last_shown()), (true, Some(4)));
        let later = Standing {
            published: at(11),
            ..raised.clone()
        };
        assert_eq!((later.is_raised(), later.last_shown()), (false, Some(11)));
        // Handed on by a release that did not keep what was shown.
        let unknown = Standing {
            shown: None,
            ..raised
        };
        assert_eq!((unknown.is_raised(), unknown.last_shown()), (true, None));
    }

    #[test]
    fn what_is_published_or_loaded_after_a_removal_of_the_same_second_has_come_back() {
        let at = |sequence| {
            Some(Version {
                update_time: 10,
                sequence,
            })
        };
        let gone = Standing {
            gone: at(5),
            published: at(5),
            ..Standing::default()
        };
        assert!(gone.is_gone());
        let back = Standing {
            published: at(6),
            ..gone.clone()
        };
        assert!(!back.is_gone());
        // The sequence was not kept by the release that handled the removal, but a removal takes away what was loaded.
        let loaded = Standing {
            gone: at(u64::MAX),
            published: at(6),
            ever_loaded: Some(10),
            ..gone
        };
        assert!(!loaded.is_gone());
    }
}
