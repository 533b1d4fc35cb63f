//! `DATE_FORMAT` and `STR_TO_DATE`: the `%` letters of MySQL, both ways.

use jiff::civil::{Date, DateTime, Time};

use super::dates::Moment;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

pub(super) fn format(t: DateTime, pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '%' { chars.next() } else { None }) {
            ('%', Some(letter)) => out.push_str(&piece(t, letter)),
            (c, _) => out.push(c),
        }
    }
    out
}

fn piece(t: DateTime, letter: char) -> String {
    let hour12 = (t.hour() + 11) % 12 + 1;
    let half = if t.hour() < 12 { "AM" } else { "PM" };
    let weekday = t.date().weekday().to_sunday_zero_offset();
    let name = |names: &[&str], i: i8| {
        usize::try_from(i)
            .ok()
            .and_then(|i| names.get(i).copied())
            .unwrap_or_default()
            .to_owned()
    };
    match letter {
        'Y' => format!("{:04}", t.year()),
        'y' => format!("{:02}", t.year() % 100),
        'm' => format!("{:02}", t.month()),
        'c' => t.month().to_string(),
        'd' => format!("{:02}", t.day()),
        'e' => t.day().to_string(),
        'D' => ordinal(t.day()),
        'H' => format!("{:02}", t.hour()),
        'k' => t.hour().to_string(),
        'h' | 'I' => format!("{hour12:02}"),
        'l' => hour12.to_string(),
        'i' => format!("{:02}", t.minute()),
        's' | 'S' => format!("{:02}", t.second()),
        'f' => format!("{:06}", t.subsec_nanosecond() / 1_000),
        'p' => half.to_owned(),
        'T' => format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second()),
        'r' => format!("{hour12:02}:{:02}:{:02} {half}", t.minute(), t.second()),
        'j' => format!("{:03}", t.date().day_of_year()),
        'M' => name(&MONTHS, t.month() - 1),
        'b' => name(&MONTHS, t.month() - 1).chars().take(3).collect(),
        'W' => name(&DAYS, weekday),
        'a' => name(&DAYS, weekday).chars().take(3).collect(),
        'w' => weekday.to_string(),
        'U' => format!("{:02}", week(t.date(), false, false).1),
        'u' => format!("{:02}", week(t.date(), true, false).1),
        'V' => format!("{:02}", week(t.date(), false, true).1),
        'v' => format!("{:02}", week(t.date(), true, true).1),
        'X' => format!("{:04}", week(t.date(), false, true).0),
        'x' => format!("{:04}", week(t.date(), true, true).0),
        other => other.to_string(),
    }
}

fn ordinal(day: i8) -> String {
    let suffix = match (day / 10, day % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{day}{suffix}")
}

/// Year and week number; weeks start on Monday or Sunday. `whole` weeks belong to one year only (`%V`, `%v`).
fn week(date: Date, monday: bool, whole: bool) -> (i16, i16) {
    let shift = if monday {
        date.weekday().to_monday_zero_offset()
    } else {
        date.weekday().to_sunday_zero_offset()
    };
    let first = |year: i16| -> i16 {
        // Day of the year (from 0) on which week 1 starts.
        let Ok(new_year) = Date::new(year, 1, 1) else {
            return 0;
        };
        if monday {
            let offset = i16::from(new_year.weekday().to_monday_zero_offset());
            if offset <= 3 { -offset } else { 7 - offset }
        } else {
            (7 - i16::from(new_year.weekday().to_sunday_zero_offset())) % 7
        }
    };
    let start = date.day_of_year() - 1 - i16::from(shift);
    let year = date.year();
    if start < first(year) {
        if !whole {
            return (year, 0);
        }
        let length = date
            .first_of_year()
            .yesterday()
            .map_or(365, |last| last.day_of_year());
        return (year - 1, (start + length - first(year - 1)) / 7 + 1);
    }
    let length = date.days_in_year();
    if whole && monday && start >= length + first(year + 1) {
        return (year + 1, 1);
    }
    (year, (start - first(year)) / 7 + 1)
}

/// What a pattern reads.
pub(super) enum Read {
    /// A whole date.
    Moment(Moment),
    /// As the server prints a time of day, or a date without a day.
    Part(String),
}

/// Reads by pattern; `None` when the text does not fit or is no date.
pub(super) fn parse(text: &str, pattern: &str) -> Option<Read> {
    let (mut rest, mut found) = (text.trim_start(), Fields::default());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        if c != '%' {
            rest = rest.trim_start().strip_prefix(c)?;
            continue;
        }
        rest = found.read(chars.next()?, rest.trim_start())?;
    }
    found.read_as()
}

#[derive(Default)]
struct Fields {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: [i8; 3],
    micros: i32,
    pm: Option<bool>,
    has_time: bool,
}

impl Fields {
    fn read<'t>(&mut self, letter: char, text: &'t str) -> Option<&'t str> {
        let (width, slot) = match letter {
            'Y' => (4, 0),
            'y' => (2, 1),
            'm' | 'c' => (2, 2),
            'd' | 'e' => (2, 3),
            'H' | 'k' | 'h' | 'I' | 'l' => (2, 4),
            'i' => (2, 5),
            's' | 'S' => (2, 6),
            'f' => (6, 7),
            'M' | 'b' => return self.month_name(text),
            'p' => {
                let (head, rest) = (text.get(..2)?, text.get(2..)?);
                self.pm = Some(head.eq_ignore_ascii_case("pm"));
                return (head.eq_ignore_ascii_case("am") || self.pm == Some(true)).then_some(rest);
            }
            'T' => {
                let rest = self.read('H', text)?.strip_prefix(':')?;
                let rest = self.read('i', rest)?.strip_prefix(':')?;
                return self.read('s', rest);
            }
            '%' => return text.strip_prefix('%'),
            _ => return None,
        };
        let length = text.bytes().take(width).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = (text.get(..length)?, text.get(length..)?);
        let number: i32 = digits.parse().ok()?;
        let small = i8::try_from(number).ok();
        match slot {
            0 if length > 2 => self.year = i16::try_from(number).ok(),
            0 | 1 => self.year = i16::try_from(if number < 70 { 2000 + number } else { 1900 + number }).ok(),
            2 => self.month = small,
            3 => self.day = small,
            7 => self.micros = format!("{digits:0<6}").parse().ok()?,
            slot => *self.time.get_mut(slot - 4)? = small?,
        }
        self.has_time |= slot >= 4;
        Some(rest)
    }

    fn month_name<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = (text.get(..length)?.to_ascii_lowercase(), text.get(length..)?);
        let fits = |name: &str| {
            word.len() >= 3
                && (name.to_ascii_lowercase() == word
                    || name.get(..3).is_some_and(|s| s.to_ascii_lowercase() == word))
        };
        let at = MONTHS.iter().position(|name| fits(name))?;
        self.month = i8::try_from(at + 1).ok();
        Some(rest)
    }

    fn read_as(self) -> Option<Read> {
        let [hour, minute, second] = self.time;
        match (self.year, self.month, self.day) {
            (None, None, None)
                if self.has_time && self.pm.is_none() && hour < 24 && minute < 60 && second < 60 =>
            {
                Some(Read::Part(format!("{hour:02}:{minute:02}:{second:02}")))
            }
            (Some(year), month, None)
                if !self.has_time && month.is_none_or(|month| (1..=12).contains(&month)) =>
            {
                Some(Read::Part(format!("{year:04}-{:02}-00", month.unwrap_or(0))))
            }
            _ => self.moment().map(Read::Moment),
        }
    }

    fn moment(self) -> Option<Moment> {
        let date = Date::new(self.year?, self.month?, self.day?).ok()?;
        let [mut hour, minute, second] = self.time;
        if let Some(pm) = self.pm {
            hour = hour % 12 + if pm { 12 } else { 0 };
        }
        let time = Time::new(hour, minute, second, self.micros * 1_000).ok()?;
        Some(Moment {
            datetime: date.to_datetime(time),
            has_time: self.has_time,
        })
    }
}
