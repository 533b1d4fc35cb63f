//! How finely the listing shows times, for every replica, and whose listed time may hide a later change until when.

use super::{State, json};
use crate::granule::{Evidence, Granule};
use pipeline::store::Error;
use serde::Serialize;

/// A customer whose detail is asked for once more when its listed time hides no change any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubtful {
    pub company_id: String,
    /// Unix seconds.
    pub listed: i64,
}

/// A listing that cuts its times.
#[derive(Debug, Serialize)]
pub(crate) struct Cut {
    seconds: i64,
    /// Customers that are fetched once more.
    waiting: u64,
}

impl Cut {
    /// For people.
    pub(crate) fn told(&self) -> String {
        let unit = match self.seconds {
            60 => words::text!("the minute"),
            3_600 => words::text!("the hour"),
            _ => words::text!("the day"),
        };
        let waiting = self.waiting;
        words::tr!(
            "OKKI's listing cuts them to {unit}: whoever changes twice within one is fetched once more when it is over; {waiting} customers wait for that"
        )
    }
}

impl Doubtful {
    fn member(&self) -> String {
        format!("{} {}", self.listed, self.company_id)
    }

    fn read(member: &str) -> Option<Self> {
        let (listed, company_id) = member.split_once(' ')?;
        Some(Self {
            company_id: company_id.to_owned(),
            listed: listed.parse().ok()?,
        })
    }
}

impl State {
    /// What times of the listing are cut to, as far as is known.
    pub(crate) async fn granule(&self) -> Result<Granule, Error> {
        Ok(self.evidence().await?.granule())
    }

    /// The same where enough speaks for it.
    pub(crate) async fn known_granule(&self) -> Result<Granule, Error> {
        Ok(self.evidence().await?.known())
    }

    /// Takes into account what was shown. Of two replicas that do so at once one may be forgotten, and the next rows say it again.
    pub(crate) async fn learn_granule(&self, take: impl FnOnce(&mut Evidence)) -> Result<Granule, Error> {
        let before = self.evidence().await?;
        let mut after = before.clone();
        take(&mut after);
        if after == before {
            return Ok(before.granule());
        }
        let mut connection = self.store.connection().await?;
        redis::cmd("SET")
            .arg(self.namespace.granule_key())
            .arg(json(&after))
            .query_async::<()>(&mut *connection)
            .await?;
        let (was, is) = (before.known(), after.known());
        if was != is {
            tracing::warn!(
                before_s = was.seconds(),
                now_s = is.seconds(),
                "the listing shows times that are cut, customers are fetched once more when no change can hide any more"
            );
        }
        Ok(after.granule())
    }

    /// Remembers whose listed time may hide a later change, and when to look again, unix seconds by our clock.
    pub(crate) async fn doubt(&self, one: &Doubtful, until: i64) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("ZADD")
            .arg(self.namespace.doubtful_key())
            .arg(until)
            .arg(one.member())
            .query_async::<()>(&mut *connection)
            .await?)
    }

    /// Some of those whose time is over.
    pub(crate) async fn doubtful_due(&self, now: i64, most: usize) -> Result<Vec<Doubtful>, Error> {
        let mut connection = self.store.connection().await?;
        let due: Vec<String> = redis::cmd("ZRANGEBYSCORE")
            .arg(self.namespace.doubtful_key())
            .arg("-inf")
            .arg(now)
            .arg("LIMIT")
            .arg(0)
            .arg(most)
            .query_async(&mut *connection)
            .await?;
        Ok(due.iter().filter_map(|member| Doubtful::read(member)).collect())
    }

    /// How it stands with times that are cut, if they are.
    pub(crate) async fn cut(&self) -> Result<Option<Cut>, Error> {
        let granule = self.known_granule().await?;
        let mut connection = self.store.connection().await?;
        let waiting = redis::cmd("ZCARD")
            .arg(self.namespace.doubtful_key())
            .query_async(&mut *connection)
            .await?;
        let seconds = granule.seconds();
        Ok((!granule.is_fine()).then_some(Cut { seconds, waiting }))
    }

    /// These were asked for once more.
    pub(crate) async fn doubt_no_more(&self, asked: &[Doubtful]) -> Result<(), Error> {
        let members: Vec<String> = asked.iter().map(Doubtful::member).collect();
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("ZREM")
            .arg(self.namespace.doubtful_key())
            .arg(&members)
            .query_async::<()>(&mut *connection)
            .await?)
    }

    async fn evidence(&self) -> Result<Evidence, Error> {
        let mut connection = self.store.connection().await?;
        let known: Option<String> = redis::cmd("GET")
            .arg(self.namespace.granule_key())
            .query_async(&mut *connection)
            .await?;
        // What cannot be read is learned again.
        let known = known.and_then(|json| serde_json::from_str(&json).ok());
        Ok(known.unwrap_or_default())
    }
}
