//! Times and spans as operators write them in a filter; relative ones are resolved once, when they are read.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::{str::FromStr, sync::OnceLock, time::Duration};

/// The zone in which this process shows times and reads those without one; it belongs to the person at the terminal, as
/// the terminal does.
static ZONE: OnceLock<TimeZone> = OnceLock::new();

/// Shows times in this zone from now on, by its name (`Asia/Shanghai`); `None`: that of the machine.
///
/// # Errors
/// When there is no such zone.
pub fn show_in(name: Option<&str>) -> Result<(), String> {
    let zone = match name.map(|name| name.trim_start_matches(':')) {
        Some(name) if !name.is_empty() => TimeZone::get(name)
            .map_err(|_| words::tr!("`{name}` is no time zone; write Asia/Shanghai or UTC"))?,
        _ => of_machine().unwrap_or(TimeZone::UTC),
    };
    ZONE.get_or_init(|| zone);
    Ok(())
}

fn of_machine() -> Option<TimeZone> {
    let link = std::fs::read_link("/etc/localtime").ok();
    let linked = link.and_then(|path| Some(path.to_str()?.split_once("/zoneinfo/")?.1.to_owned()));
    let name = linked.or_else(|| Some(std::fs::read_to_string("/etc/timezone").ok()?.trim().to_owned()));
    TimeZone::get(&name?).ok()
}

fn zone() -> TimeZone {
    ZONE.get().cloned().unwrap_or(TimeZone::UTC)
}

/// What times on the screen are in, by name and distance from UTC: `Asia/Shanghai (+08)`.
#[must_use]
pub fn zone_name() -> String {
    let zone = zone();
    let offset = zone.to_offset(Timestamp::now());
    match zone.iana_name() {
        Some("UTC") | None => format!(
            "UTC{}",
            if offset.is_zero() {
                String::new()
            } else {
                offset.to_string()
            }
        ),
        Some(name) => format!("{name} ({offset})"),
    }
}

/// The same by its name alone, to be read again.
#[must_use]
pub fn zone_id() -> String {
    zone().iana_name().unwrap_or("UTC").to_owned()
}

/// A point in time, unix milliseconds: `2h` (ago), `2026-01-02`, `2026-01-02T03:04:05Z`, without zone in the user's.
///
/// # Errors
/// How to write it.
pub fn parse_time(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if let Ok(ago) = pipeline::setting::parse_duration(text) {
        let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
        return Ok(Timestamp::now().as_millisecond().saturating_sub(ago).max(0));
    }
    if let Ok(time) = Timestamp::from_str(text) {
        return Ok(time.as_millisecond());
    }
    let local = |time: civil::DateTime| zone().to_timestamp(time);
    let parsed = civil::DateTime::from_str(text)
        .or_else(|_| civil::Date::from_str(text).map(|date| date.to_datetime(civil::Time::midnight())))
        .and_then(local);
    parsed.map(Timestamp::as_millisecond).map_err(|_| {
        words::tr!(
            "`{text}` is no time; write 2h (ago), 2026-01-02, 2026-01-02T03:04:05 or 2026-01-02T03:04:05Z"
        )
    })
}

/// The same for a time from which on something is looked for: in the future there is nothing.
///
/// # Errors
/// How to write it, or that it has not come.
pub fn parse_past(text: &str) -> Result<i64, String> {
    const APART_MS: i64 = 60_000;
    let ms = parse_time(text)?;
    if ms > Timestamp::now().as_millisecond() + APART_MS {
        return Err(words::tr!(
            "`{text}` lies in the future; name a time that has come already"
        ));
    }
    Ok(ms)
}

/// For the screen, in the user's zone, which stands below or above it; the record holds milliseconds.
#[must_use]
pub fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(
        |_| "-".to_owned(),
        |time| zone().to_datetime(time).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// The same for a text that stands without the name of the zone: with the distance from UTC.
#[must_use]
pub fn stamp(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(
        |_| "-".to_owned(),
        |at| format!("{} {}", time(ms), zone().to_offset(at)),
    )
}

/// A sentence that somebody has written down, in the language and in the zone of who reads it.
#[must_use]
pub fn retold(text: &str) -> String {
    here(&words::retold(text))
}

/// A text with every point in time, wherever it was written, as [`stamp`] shows it.
#[must_use]
pub fn here(text: &str) -> String {
    let is_of_time = |char: char| char.is_ascii_digit() || "TZ:.+-".contains(char);
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_of_time) {
        let (before, from) = rest.split_at(start);
        let (found, after) = from.split_at(from.find(|char| !is_of_time(char)).unwrap_or(from.len()));
        let bare = found.trim_end_matches(['.', ':', '-']);
        told.push_str(before);
        match bare.parse::<Timestamp>() {
            Ok(time) => {
                told.push_str(&stamp(time.as_millisecond()));
                told.push_str(&found[bare.len()..]);
            }
            Err(_) => told.push_str(found),
        }
        rest = after;
    }
    told + rest
}

/// For the record, to the millisecond, and to be read again: with its zone.
pub(crate) fn utc(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| "-".to_owned(), |time| time.to_string())
}

/// A duration for the screen: `45s`, `12m`, `3.5h`.
#[must_use]
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{:.1}h", duration.as_secs_f64() / 3_600.0),
        _ => format!("{:.1}d", duration.as_secs_f64() / 86_400.0),
    }
}

/// Whole numbers from a least to a most: `3`, `3..`, `..5`, `3..5` (both ends included).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    least: u64,
    most: u64,
}

impl Range {
    /// This and more.
    pub(crate) const fn from(least: u64) -> Self {
        Self {
            least,
            most: u64::MAX,
        }
    }

    /// This and less.
    pub(crate) const fn up_to(most: u64) -> Self {
        Self { least: 0, most }
    }

    /// The smallest number within.
    #[must_use]
    pub const fn least(self) -> u64 {
        self.least
    }

    /// The largest number within.
    #[must_use]
    pub const fn most(self) -> u64 {
        self.most
    }

    /// Whether the number lies within.
    pub(crate) fn contains(self, number: u64) -> bool {
        (self.least..=self.most).contains(&number)
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.least, self.most) {
            (least, most) if least == most => write!(f, "{least}"),
            (0, most) => write!(f, "..{most}"),
            (least, u64::MAX) => write!(f, "{least}.."),
            (least, most) => write!(f, "{least}..{most}"),
        }
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || words::tr!("`{text}` is no range; write 3, 3.., ..5 or 3..5");
        let number = |part: &str, open: u64| {
            if part.is_empty() {
                Ok(open)
            } else {
                part.parse().map_err(|_| problem())
            }
        };
        let (least, most) = match text.split_once("..") {
            Some(("", "")) => return Err(problem()),
            Some((least, most)) => (number(least, 0)?, number(most, u64::MAX)?),
            None => {
                let exact = text.parse().map_err(|_| problem())?;
                (exact, exact)
            }
        };
        (least <= most)
            .then_some(Self { least, most })
            .ok_or_else(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_usual_way() {
        assert_eq!(parse_time("1970-01-01T00:00:05Z"), Ok(5_000));
        assert_eq!(parse_time("1970-01-01T08:00:05+08:00"), Ok(5_000));
        let ago = Timestamp::now().as_millisecond() - parse_time("2h").unwrap();
        assert!((7_200_000..7_210_000).contains(&ago));
        assert!(parse_time("2026-01-02").unwrap() < parse_time("2026-01-02T03:04:05").unwrap());
        assert!(parse_past("2h").is_ok());
        assert!(
            parse_past("9999-01-02")
                .unwrap_err()
                .contains("lies in the future")
        );
        assert!(parse_time("yesterday").unwrap_err().contains("write 2h"));
    }

    /// Whoever reads a command in Shanghai reads one zone, whoever has written the sentence. No other test sets the zone here.
    #[test]
    fn a_sentence_shows_its_times_in_the_zone_of_the_reader() {
        for (written, read) in [
            (
                "used up until 2026-01-31T16:00:00Z",
                "used up until 2026-01-31 16:00:00 +00",
            ),
            (
                "it is 2026-02-01T00:00:00+08:00; set it",
                "it is 2026-01-31 16:00:00 +00; set it",
            ),
            ("直到2026-01-31T16:00:00.5Z。", "直到2026-01-31 16:00:00 +00。"),
            ("ends 2026-01-31T16:00:00Z.", "ends 2026-01-31 16:00:00 +00."),
        ] {
            assert_eq!(here(written), read);
        }
        for same in [
            "2026-01-31",
            "Tuesday 12:30",
            "T-Z",
            "+86 10:00",
            "a - b.",
            "",
            "数 1.5",
        ] {
            assert_eq!(here(same), same);
        }
    }

    #[test]
    fn ranges_include_their_ends() {
        for (text, inside, outside) in [("3", 3, 4), ("3..", 9, 2), ("..5", 5, 6), ("3..5", 4, 6)] {
            let range: Range = text.parse().unwrap();
            assert!(range.contains(inside) && !range.contains(outside), "{text}");
        }
        for bad in ["", "..", "5..3", "x", "1..y", "-1"] {
            assert!(bad.parse::<Range>().is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_are_short() {
        let texts = [5, 300, 9_000, 400_000].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(texts, ["5s", "5m", "2.5h", "4.6d"]);
    }
}
