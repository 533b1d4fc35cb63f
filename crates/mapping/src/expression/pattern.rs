//! Date patterns of pipes: Java letters (`yyyy-MM-dd HH:mm:ss`) or PHP letters (`Y-m-d H:i:s`). What other languages write
//! (`yyyy-mm-dd`, `YYYY-MM-DD`, `%Y-%m-%d`) is read as meant.

use jiff::civil::DateTime;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    items: Vec<Item>,
    /// As it was written, and as it should have been.
    respelt: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Literal(char),
    Year,
    ShortYear,
    Month(bool),
    Day(bool),
    Hour(bool),
    Minute,
    Second,
    Millis,
}

impl Pattern {
    /// Reads a pattern; a letter without a meaning is an error. Java when any letter is doubled, else PHP.
    pub(crate) fn parse(text: &str) -> Result<Pattern, String> {
        let right = meant(text).filter(|right| right != text);
        let is_sql = text
            .split('%')
            .skip(1)
            .any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
        if is_sql && right.is_none() {
            let message =
                words::tr!("\"{text}\" has no meaning as a date pattern; write e.g. yyyy-MM-dd HH:mm:ss");
            return Err(message);
        }
        let items = items(right.as_deref().unwrap_or(text))?;
        let respelt = right.map(|right| (text.to_owned(), right));
        Ok(Pattern { items, respelt })
    }

    /// What is odd about it, and the right spelling.
    pub(crate) fn odd(&self) -> Option<(String, String)> {
        let (written, right) = self.respelt.as_ref()?;
        Some((
            words::tr!("the date pattern {written} is read as {right}"),
            words::tr!("write {right}"),
        ))
    }

    /// It shows something of a date.
    pub(crate) fn has_date(&self) -> bool {
        self.items.iter().any(|item| !matches!(item, Item::Literal(_)))
    }

    /// The same as `DATE_FORMAT` writes it.
    pub(crate) fn sql(&self) -> String {
        let piece = |item: &Item| match *item {
            Item::Literal(c) => c.to_string(),
            Item::Year => "%Y".to_owned(),
            Item::ShortYear => "%y".to_owned(),
            Item::Month(pad) => if pad { "%m" } else { "%c" }.to_owned(),
            Item::Day(pad) => if pad { "%d" } else { "%e" }.to_owned(),
            Item::Hour(pad) => if pad { "%H" } else { "%k" }.to_owned(),
            Item::Minute => "%i".to_owned(),
            Item::Second => "%s".to_owned(),
            Item::Millis => "%f".to_owned(),
        };
        self.items.iter().map(piece).collect()
    }

    pub(crate) fn format(&self, t: DateTime) -> String {
        let padded = |n: i8, pad: bool| if pad { format!("{n:02}") } else { n.to_string() };
        let piece = |item: &Item| match *item {
            Item::Literal(c) => c.to_string(),
            Item::Year => format!("{:04}", t.year()),
            Item::ShortYear => format!("{:02}", t.year() % 100),
            Item::Month(pad) => padded(t.month(), pad),
            Item::Day(pad) => padded(t.day(), pad),
            Item::Hour(pad) => padded(t.hour(), pad),
            Item::Minute => format!("{:02}", t.minute()),
            Item::Second => format!("{:02}", t.second()),
            Item::Millis => format!("{:03}", t.millisecond()),
        };
        self.items.iter().map(piece).collect()
    }
}

/// The items of a pattern in its right spelling.
fn items(text: &str) -> Result<Vec<Item>, String> {
    let chars: Vec<char> = text.chars().collect();
    let doubled = chars
        .windows(2)
        .any(|w| matches!(w, [a, b] if a == b && a.is_ascii_alphabetic()));
    let mut items = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let run = chars.iter().skip(at).take_while(|x| **x == c).count();
        let item = match (doubled, c, run) {
            (_, c, _) if !c.is_ascii_alphabetic() => {
                items.extend(std::iter::repeat_n(Item::Literal(c), run));
                at += run;
                continue;
            }
            (true, 'y', 4) | (false, 'Y', 1) => Item::Year,
            (true, 'y', 2) | (false, 'y', 1) => Item::ShortYear,
            (true, 'M', 1 | 2) => Item::Month(run == 2),
            (false, 'm', 1) => Item::Month(true),
            (false, 'n', 1) => Item::Month(false),
            (true, 'd', 1 | 2) => Item::Day(run == 2),
            (false, 'd', 1) => Item::Day(true),
            (false, 'j', 1) => Item::Day(false),
            (true, 'H', 1 | 2) => Item::Hour(run == 2),
            (false, 'H', 1) => Item::Hour(true),
            (false, 'G', 1) => Item::Hour(false),
            (true, 'm', 2) | (false, 'i', 1) => Item::Minute,
            (true, 's', 2) | (false, 's', 1) => Item::Second,
            (true, 'S', 3) => Item::Millis,
            (true, 'T', 1) | (false, 'T', 1) => Item::Literal('T'),
            _ => {
                return Err(words::tr!(
                    "\"{}\" has no meaning in a date pattern; write e.g. yyyy-MM-dd HH:mm:ss",
                    String::from(c).repeat(run)
                ));
            }
        };
        items.push(item);
        at += run;
    }
    Ok(items)
}

/// The pattern in the letters of Java or PHP, where it is clear what it means.
fn meant(text: &str) -> Option<String> {
    if text.contains('%') {
        return of_sql(text);
    }
    let chars: Vec<char> = text.chars().collect();
    let runs: Vec<&[char]> = chars.chunk_by(|a, b| a == b).collect();
    let letter = |run: &&&[char]| run.first().is_some_and(char::is_ascii_alphabetic);
    if !runs.iter().filter(letter).any(|run| run.len() > 1) {
        return of_php(&chars);
    }
    let names: Vec<char> = runs
        .iter()
        .filter(letter)
        .filter_map(|run| run.first().copied())
        .collect();
    let has_month = names.contains(&'M') && !is_minute(&names, names.iter().position(|name| *name == 'M'));
    let (mut made, mut at) = (String::new(), 0);
    for run in &runs {
        let Some(name) = run.first().copied() else {
            continue;
        };
        if !name.is_ascii_alphabetic() {
            made.extend(run.iter());
            continue;
        }
        let beside_minute = at > 0 && names.get(at - 1).is_some_and(|name| matches!(name, 'm' | 'M'));
        let right = match name {
            'Y' => 'y',
            'D' => 'd',
            'h' => 'H',
            'M' if is_minute(&names, Some(at)) => 'm',
            'm' if !has_month && is_month(&names, at) => 'M',
            'S' if run.len() == 2 && beside_minute => 's',
            other => other,
        };
        made.extend(std::iter::repeat_n(right, run.len()));
        at += 1;
    }
    Some(made)
}

/// PHP's letters with the month where the minute is expected.
fn of_php(chars: &[char]) -> Option<String> {
    let mut last = None;
    let mut right = |c: &char| {
        let right = match (last, *c) {
            (Some('H' | 'G'), 'm') => 'i',
            (_, c) => c,
        };
        if c.is_ascii_alphabetic() {
            last = Some(*c);
        }
        right
    };
    Some(chars.iter().map(&mut right).collect())
}

/// Behind an hour or before a second, between no parts of a day.
fn is_minute(names: &[char], at: Option<usize>) -> bool {
    let Some(at) = at else { return false };
    at > 0 && matches!(names.get(at - 1), Some('H' | 'h'))
}

fn is_month(names: &[char], at: usize) -> bool {
    let is_day = |name: Option<&char>| matches!(name, Some('y' | 'Y' | 'd' | 'D'));
    let before = at.checked_sub(1).and_then(|at| names.get(at));
    !is_minute(names, Some(at)) && (is_day(before) || is_day(names.get(at + 1)))
}

/// `%Y-%m-%d` in PHP's letters.
fn of_sql(text: &str) -> Option<String> {
    let mut made = String::new();
    let mut signs = text.chars();
    while let Some(c) = signs.next() {
        if c != '%' {
            made.push(c);
            continue;
        }
        made.push_str(match signs.next()? {
            'Y' => "Y",
            'y' => "y",
            'm' => "m",
            'c' => "n",
            'd' => "d",
            'e' => "j",
            'H' => "H",
            'k' => "G",
            'i' => "i",
            's' | 'S' => "s",
            'T' => "H:i:s",
            _ => return None,
        });
    }
    Some(made)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn patterns_of_other_languages_are_read_as_meant_and_told() {
        let time = jiff::civil::datetime(2024, 1, 5, 10, 11, 12, 0);
        for (written, right, shown) in [
            ("yyyy-mm-dd", "yyyy-MM-dd", "2024-01-05"),
            ("mm/dd/yyyy", "MM/dd/yyyy", "01/05/2024"),
            (
                "yyyy-mm-dd hh:mm:ss",
                "yyyy-MM-dd HH:mm:ss",
                "2024-01-05 10:11:12",
            ),
            ("yyyymmdd", "yyyyMMdd", "20240105"),
            ("yyyy-m-d", "yyyy-M-d", "2024-1-5"),
            ("YYYY-MM-DD", "yyyy-MM-dd", "2024-01-05"),
            (
                "YYYY-MM-DD HH:MM:SS",
                "yyyy-MM-dd HH:mm:ss",
                "2024-01-05 10:11:12",
            ),
            ("MM-dd HH:MM", "MM-dd HH:mm", "01-05 10:11"),
            ("yyyy年mm月dd日", "yyyy年MM月dd日", "2024年01月05日"),
            ("%Y-%m-%d", "Y-m-d", "2024-01-05"),
            ("%Y-%m-%d %H:%i:%s", "Y-m-d H:i:s", "2024-01-05 10:11:12"),
            ("%T", "H:i:s", "10:11:12"),
            ("Y-m-d H:m:s", "Y-m-d H:i:s", "2024-01-05 10:11:12"),
            ("H:m", "H:i", "10:11"),
        ] {
            let pattern = Pattern::parse(written).unwrap();
            assert_eq!(pattern.format(time), shown, "{written}");
            assert_eq!(pattern.odd().unwrap().1, format!("write {right}"), "{written}");
        }
        for (right, shown) in [
            ("yyyy-MM-dd HH:mm:ss", "2024-01-05 10:11:12"),
            ("HH:mm", "10:11"),
            ("mm:ss", "11:12"),
            ("mm", "11"),
            ("yyyy-MM-ddTHH:mm:ss.SSS", "2024-01-05T10:11:12.000"),
            ("Y-m-d H:i:s", "2024-01-05 10:11:12"),
            ("n/j", "1/5"),
        ] {
            let pattern = Pattern::parse(right).unwrap();
            assert_eq!(
                (pattern.format(time).as_str(), pattern.odd()),
                (shown, None),
                "{right}"
            );
        }
        for bad in ["yyyy-QQ", "%Y-%j", "W"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }
}
