//! What expressions know beside the record: the clock, the zone, the variables of the run.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::super::table::Tables;

/// A time zone by name (`Asia/Shanghai`) or offset (`+08:00`); +08:00 unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

/// A run variable of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Variable {
    /// `LAST_SYNC_TIME`: time of the previous run.
    LastSyncTime,
    /// `CURRENT_TIME`: now.
    CurrentTime,
    /// `DAYS_AGO_<n>`: now minus n days.
    DaysAgo(u16),
    /// `PAGINATION_PAGE_SIZE`.
    PageSize,
    /// `PAGINATION_START_ROW`.
    StartRow,
}

/// The surroundings of an evaluation.
#[derive(Debug, Clone)]
pub struct Context {
    /// Now.
    pub now: Timestamp,
    /// Zone of every date without offset.
    pub zone: Zone,
    /// Unix seconds of the previous run.
    pub last_sync_time: Option<i64>,
    /// Rows per page.
    pub page_size: Option<u64>,
    /// First row of the page.
    pub start_row: Option<u64>,
    /// What look-ups look into.
    pub tables: Arc<Tables>,
}

impl Context {
    /// Only the clock, at +08:00.
    pub fn at(now: Timestamp) -> Context {
        Context {
            now,
            zone: Zone::default(),
            last_sync_time: None,
            page_size: None,
            start_row: None,
            tables: Arc::default(),
        }
    }

    /// The same in another zone.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Context {
        self.zone = zone;
        self
    }

    /// The same with the time of the previous run.
    #[must_use]
    pub fn last_sync(mut self, unix_seconds: i64) -> Context {
        self.last_sync_time = Some(unix_seconds);
        self
    }

    /// The same with tables for look-ups.
    #[must_use]
    pub fn tables(mut self, tables: Arc<Tables>) -> Context {
        self.tables = tables;
        self
    }

    /// The raw value of a variable (times in unix seconds); `None` when this run does not have it.
    pub(crate) fn variable(&self, variable: Variable) -> Option<i64> {
        match variable {
            Variable::LastSyncTime => self.last_sync_time,
            Variable::CurrentTime => Some(self.now.as_second()),
            Variable::DaysAgo(days) => Some(self.now.as_second() - i64::from(days) * 86_400),
            Variable::PageSize => self.page_size.and_then(|n| i64::try_from(n).ok()),
            Variable::StartRow => self.start_row.and_then(|n| i64::try_from(n).ok()),
        }
    }
}

impl Variable {
    /// The variable of that name.
    pub(crate) fn parse(name: &str) -> Option<Variable> {
        match name {
            "LAST_SYNC_TIME" => Some(Variable::LastSyncTime),
            "CURRENT_TIME" => Some(Variable::CurrentTime),
            "PAGINATION_PAGE_SIZE" => Some(Variable::PageSize),
            "PAGINATION_START_ROW" => Some(Variable::StartRow),
            _ => name
                .strip_prefix("DAYS_AGO_")?
                .parse()
                .ok()
                .map(Variable::DaysAgo),
        }
    }
}

impl std::fmt::Display for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Variable::LastSyncTime => f.write_str("LAST_SYNC_TIME"),
            Variable::CurrentTime => f.write_str("CURRENT_TIME"),
            Variable::DaysAgo(days) => write!(f, "DAYS_AGO_{days}"),
            Variable::PageSize => f.write_str("PAGINATION_PAGE_SIZE"),
            Variable::StartRow => f.write_str("PAGINATION_START_ROW"),
        }
    }
}

impl Zone {
    /// The zone for the calendar.
    pub(crate) fn time_zone(&self) -> &TimeZone {
        &self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Zone(TimeZone::fixed(Offset::constant(8)))
    }
}

impl std::str::FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Zone, String> {
        let bad = || words::tr!("\"{text}\" is no time zone: write +08:00 or a name such as Asia/Shanghai");
        if let Some(sign) = text.chars().next().filter(|c| matches!(c, '+' | '-')) {
            let (hours, minutes) = text
                .get(1..)
                .and_then(|rest| rest.split_once(':'))
                .ok_or_else(bad)?;
            let number =
                |part: &str, most: i32| part.parse::<i32>().ok().filter(|n| part.len() == 2 && *n <= most);
            let seconds =
                (number(hours, 14).ok_or_else(bad)? * 60 + number(minutes, 59).ok_or_else(bad)?) * 60;
            let offset = Offset::from_seconds(if sign == '-' { -seconds } else { seconds });
            return offset
                .map(|offset| Zone(TimeZone::fixed(offset)))
                .map_err(|_| bad());
        }
        TimeZone::get(text).map(Zone).map_err(|_| bad())
    }
}
