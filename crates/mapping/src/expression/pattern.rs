//! Date patterns of pipes: Java letters (`yyyy-MM-dd HH:mm:ss`) or PHP letters (`Y-m-d H:i:s`).

use jiff::civil::DateTime;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Item>);

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
                        "\"{}\" has no meaning in a date pattern",
                        String::from(c).repeat(run)
                    ));
                }
            };
            items.push(item);
            at += run;
        }
        Ok(Pattern(items))
    }

    /// It shows something of a date.
    pub(crate) fn has_date(&self) -> bool {
        self.0.iter().any(|item| !matches!(item, Item::Literal(_)))
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
        self.0.iter().map(piece).collect()
    }
}
