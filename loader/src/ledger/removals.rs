//! What the ledger does for the guard of removals: count, park, and keep the decision of a person (`crate::removals`).

use std::time::Duration;

use serde::Serialize;

use super::{Error, Ledger, Lua, number, schema};
use pipeline::store::{self, Script};

static REMOVALS: Lua = Lua::new(|| guarded_script(include_str!("removals.lua")));
/// About how many customers are counted at once.
const SCAN: usize = 500;
/// A count that takes longer has died.
const COUNTING: Duration = Duration::from_secs(120);

/// Builds a script with the rules of removals before it.
pub(super) fn guarded_script(body: &str) -> Script {
    super::script(&format!("{}\n{body}", include_str!("guard.lua")))
}

/// By which limits removals are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemovalLimits {
    /// Share of the known rows that may go, in percent.
    pub(crate) share: u8,
    /// How long all removals wait after counting has begun, so that those that were parked before Redis was lost come by.
    pub(crate) probation: Duration,
}

/// Why a row is to go, one for each record of a claim; means nothing for one that is no removal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause<'a> {
    /// The customer has left the filter; else it was removed in the CRM.
    pub(crate) filtered: bool,
    /// Somebody has weighed this already, all of them together.
    pub(crate) allowed: bool,
    /// A run that may last for days, and is counted for itself, too.
    pub(crate) backfill: bool,
    pub(crate) run: &'a str,
}

/// What a person says about parked removals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    /// The rows go.
    Allow,
    /// The rows stay.
    Keep,
}

impl Decision {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Keep => "keep",
        }
    }
}

/// What is known of the guard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct RemovalState {
    /// Redis' clock, ms.
    #[serde(skip)]
    pub(crate) time_ms: i64,
    /// Removals that wait, decided or not, until their messages have come by.
    pub(crate) parked: u64,
    /// Of these, customers that have left the filter.
    pub(crate) left_filter: u64,
    /// Since when all removals wait for a person; 0 when they do not.
    pub(crate) waiting_since_ms: i64,
    /// When a person has decided last; 0 when nobody has.
    pub(crate) decided_ms: i64,
    /// What.
    pub(crate) decision: String,
    /// Until when every removal is allowed.
    pub(crate) free_until_ms: i64,
    /// Rows that have gone within the week and were not allowed by a person.
    pub(crate) removed: u64,
    /// Rows that are known, as they were counted last.
    pub(crate) known: u64,
    #[serde(skip)]
    pub(crate) count_wanted: bool,
    /// When counting began.
    #[serde(skip)]
    pub(crate) began_ms: i64,
}

impl RemovalState {
    /// Counting has begun so lately that all removals wait.
    pub(crate) fn is_young(&self, probation: Duration) -> bool {
        u128::try_from(self.time_ms - self.began_ms).unwrap_or(0) < probation.as_millis()
    }
}

/// A removal that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ParkedRemoval {
    pub(crate) company: String,
    /// Redis' clock, ms.
    pub(crate) since_ms: i64,
    /// `left-filter` or `removed`.
    pub(crate) cause: &'static str,
    /// The run that has found it out.
    pub(crate) run: String,
}

impl Ledger {
    /// What is known of the guard; begins counting when nothing is.
    pub(crate) async fn removal_state(&self) -> Result<RemovalState, Error> {
        let answer = self.call(&REMOVALS, &["state".into()]).await?;
        let flag = |at: usize| answer.get(at).is_some_and(|text| text == "1");
        Ok(RemovalState {
            time_ms: number(answer.first())?,
            parked: number(answer.get(1))?,
            left_filter: number(answer.get(2))?,
            waiting_since_ms: number(answer.get(3))?,
            decided_ms: number(answer.get(4))?,
            decision: answer.get(5).cloned().unwrap_or_default(),
            free_until_ms: number(answer.get(6))?,
            removed: number(answer.get(7))?,
            known: number(answer.get(8))?,
            count_wanted: flag(9),
            began_ms: number(answer.get(10))?,
        })
    }

    /// Counts the rows that are known and not about to go, unless another loader does; how many.
    pub(crate) async fn count_rows(&self) -> Result<Option<u64>, Error> {
        let epoch = self.epoch();
        let most = COUNTING.as_millis().to_string();
        let answer = match self.call(&REMOVALS, &["count".into(), most.into()]).await {
            Err(Error::Protocol(word)) if word == "BUSY" => return Ok(None),
            answer => answer?,
        };
        let granted: u64 = number(answer.first())?;
        let (mut rows, mut cursor) = (0, 0);
        loop {
            let (next, companies) = self.scan(cursor, SCAN).await?;
            rows += self.rows_to_stay(&companies).await?;
            if next == 0 {
                break;
            }
            cursor = next;
        }
        let args = [
            "counted".into(),
            rows.to_string().into(),
            granted.to_string().into(),
            epoch.into(),
        ];
        self.call(&REMOVALS, &args).await?;
        Ok(Some(rows))
    }

    async fn rows_to_stay(&self, companies: &[String]) -> Result<u64, Error> {
        if companies.is_empty() {
            return Ok(0);
        }
        let mut pipe = redis::pipe();
        for company in companies {
            let fields = [schema::row::ID, schema::row::GRANTED];
            pipe.cmd("HMGET").arg(self.row_key(company)).arg(&fields);
        }
        let mut connection = self.store().connection().await?;
        let rows: Vec<[Option<String>; 2]> = pipe
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        let stays = |[id, granted]: &&[Option<String>; 2]| id.is_some() && granted.is_none();
        Ok(rows.iter().filter(stays).count() as u64)
    }

    /// Decides about everything that is parked now, and for `free` about what comes; how many are parked.
    pub(crate) async fn decide_removals(
        &self,
        decision: Decision,
        free: Duration,
        log: &str,
    ) -> Result<u64, Error> {
        let args = [
            "decide".into(),
            decision.word().into(),
            free.as_millis().to_string().into(),
            log.into(),
        ];
        number(self.call(&REMOVALS, &args).await?.first())
    }

    /// Some of the removals that wait.
    pub(crate) async fn parked_removals(&self, most: usize) -> Result<Vec<ParkedRemoval>, Error> {
        let mut found = Vec::new();
        let mut cursor = 0u64;
        loop {
            let mut command = redis::cmd("HSCAN");
            let key = self.names().parked_removals();
            command.arg(key).arg(cursor).arg("COUNT").arg(SCAN);
            let mut connection = self.store().connection().await?;
            let answer = command.query_async(&mut *connection).await;
            let (next, pairs): (u64, Vec<(String, String)>) = answer.map_err(store::Error::from)?;
            found.extend(
                pairs
                    .into_iter()
                    .filter_map(|(company, packed)| parked(company, &packed)),
            );
            if next == 0 || found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
            cursor = next;
        }
    }

    /// What was decided so far, the last one last.
    pub(crate) async fn removal_log(&self) -> Result<Vec<String>, Error> {
        let mut command = redis::cmd("LRANGE");
        command.arg(self.names().removal_log()).arg(0).arg(-1);
        let mut connection = self.store().connection().await?;
        let lines = command.query_async(&mut *connection).await;
        Ok(lines.map_err(store::Error::from)?)
    }
}

fn parked(company: String, packed: &str) -> Option<ParkedRemoval> {
    let mut lines = packed.split('\n');
    let since_ms = lines.next()?.parse().ok()?;
    let cause = match lines.nth(1)? {
        "f" => "left-filter",
        _ => "removed",
    };
    let run = lines.next().unwrap_or_default().to_owned();
    Some(ParkedRemoval {
        company,
        since_ms,
        cause,
        run,
    })
}
