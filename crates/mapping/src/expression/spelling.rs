//! What looks like a placeholder of the language and is none: other spellings that integrators bring along.

use super::context::Variable;
use super::pipe::Pipe;

/// Longest text between single braces that is taken for a key.
const LONGEST_KEY: usize = 64;

/// What a name means when it is written as other languages write paths (`tag[0].tag_name`); `None` when it is in order.
pub(super) fn path(name: &str) -> Option<String> {
    let unquoted = unquoted(name);
    if !unquoted.contains('[') {
        return (unquoted != name).then(|| unquoted.to_owned());
    }
    let mut made = String::new();
    let mut rest = unquoted;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, after) = after.split_once(']')?;
        let written = inside.trim();
        let inside = self::unquoted(written);
        let is_number = !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit());
        let step = match inside {
            "" | "*" => "*",
            number if is_number => number,
            // `['name']`, a key in quotes.
            key if key != written && !key.contains(['\'', '"']) => key,
            // A key such as 年营业额[万].
            _ => return None,
        };
        made.push_str(before);
        if !made.is_empty() && !made.ends_with('.') {
            made.push('.');
        }
        made.push_str(step);
        rest = after;
    }
    made.push_str(rest);
    Some(made)
}

fn unquoted(text: &str) -> &str {
    ['\'', '"']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text)
}

/// The variable that a name reminds of without being one (`currentTime`, `now()`, `days_ago_3`).
pub(super) fn variable(name: &str) -> Option<String> {
    if Variable::parse(name).is_some() {
        return None;
    }
    let folded: String = name
        .trim_end_matches("()")
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect();
    if let Some(days) = folded.strip_prefix("daysago") {
        let days = if days.is_empty() { "1" } else { days };
        return days.parse::<u16>().ok().map(|days| format!("DAYS_AGO_{days}"));
    }
    Some(
        match folded.as_str() {
            "currenttime" | "currentdate" | "currentdatetime" | "now" | "nowtime" | "systime"
            | "systemtime" | "sysdate" | "curdate" => "CURRENT_TIME",
            "lastsynctime" | "lastsync" | "lastruntime" | "lastexecutetime" | "lasttime" => "LAST_SYNC_TIME",
            "paginationpagesize" => "PAGINATION_PAGE_SIZE",
            "paginationstartrow" => "PAGINATION_START_ROW",
            _ => return None,
        }
        .to_owned(),
    )
}

/// Whether a text between single braces can be the name of a key, as opposed to JSON, a pattern's `{2,3}` or code.
pub(super) fn is_key_like(text: &str) -> bool {
    let name = text.split('|').next().unwrap_or_default().trim();
    let code = |c: char| {
        c.is_control()
            || matches!(
                c,
                '"' | '\'' | ':' | ',' | ';' | '\\' | '<' | '>' | '=' | '$' | '^' | '`' | '：' | '，' | '；'
            )
    };
    !name.contains(code) && name.chars().any(char::is_alphanumeric) && name.chars().count() <= LONGEST_KEY
}

/// The sign by which a name between double braces shows that it is code of another language. Captions may hold a question
/// mark, an apostrophe or an equals sign; a choice `a ? b : c`, a text in quotes and a comparison are no captions.
pub(super) fn code(name: &str) -> Option<char> {
    if let Some(bad) = name.chars().find(|c| matches!(c, '{' | '}' | '\n')) {
        return Some(bad);
    }
    let choice = name
        .split_once('?')
        .is_some_and(|(_, rest)| rest.contains([':', '：']));
    let quote = ['\'', '"']
        .into_iter()
        .find(|quote| name.matches(*quote).count() > 1);
    let compares = name.contains("==") || name.contains("!=") || name.contains("=>");
    match () {
        () if choice => Some('?'),
        () if quote.is_some() => quote,
        () => compares.then_some('='),
    }
}

/// `{…}` that stays text although it may be meant as a key: with a comma, a colon or the like in it, or with a pipe that
/// is not known. Quotes are JSON's, and backslashes and the like are a pattern's.
pub(super) fn braced(text: &str) -> Option<(String, String)> {
    let (inside, _) = text.strip_prefix('{')?.split_once('}')?;
    let is_code = |c: char| c.is_control() || matches!(c, '"' | '\'' | '{' | '\\' | '$' | '^' | '`');
    let key = inside.trim();
    let is_key = key.chars().any(char::is_alphabetic) && key.chars().count() <= LONGEST_KEY;
    (is_key && !inside.contains(is_code)).then(|| {
        let message = words::tr!("{{{inside}}} is plain text: single braces are for plain keys");
        (message, words::tr!("write {{{{{key}}}}} if it is a key"))
    })
}

/// `|date` behind the braces instead of inside.
pub(super) fn pipe_behind(text: &str) -> Option<(String, String)> {
    let rest = text.trim_start().strip_prefix('|')?.trim();
    let name = rest.split_whitespace().next().unwrap_or_default();
    Pipe::parse(name).ok()?;
    let message = words::tr!("|{name} stands behind the braces, so it is plain text");
    Some((message, words::tr!("write {{{{key|{name}}}}}")))
}

/// A key as the usual single braces hold it.
pub(super) fn is_plain_key(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '·');
    !text.is_empty() && text.chars().all(plain)
}

/// A whole value that is fixed text and names a variable, or writes out that there is nothing.
pub(super) fn whole(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    if Variable::parse(text).is_some() {
        return Some((
            words::tr!("{text} is plain text"),
            words::tr!("write {{{{{text}|datetime}}}}"),
        ));
    }
    matches!(
        text,
        "null" | "NULL" | "Null" | "undefined" | "None" | "[]" | "{}"
    )
    .then(|| {
        (
            words::tr!("{text} is plain text, which every row gets"),
            words::text!("write null without quotes to send nothing").to_owned(),
        )
    })
}

/// `#{name}`, `written` being what stands behind the sign.
pub(super) fn marked(written: &str) -> (String, String) {
    let key = written.trim_matches(['{', '}']);
    (
        words::tr!("the # before {written} is plain text"),
        words::tr!("write {{{{{key}}}}}"),
    )
}

/// What in a fixed text looks like a placeholder that was not finished, or like one of another language.
pub(super) fn text(text: &str) -> Option<(String, String)> {
    let told = |what: String, key: &str| {
        Some((
            words::tr!("{what} is plain text"),
            words::tr!("write {{{{{key}}}}}"),
        ))
    };
    if text.contains('"') {
        // JSON.
        return None;
    }
    if let Some((_, rest)) = text.split_once("[[")
        && let Some((key, _)) = rest.split_once("]]").filter(|(key, _)| is_key_like(key))
    {
        return told(format!("[[{key}]]"), key);
    }
    if let Some((_, key)) = text
        .rsplit_once('{')
        .filter(|(_, key)| is_plain_key(key) && !key.contains('}'))
    {
        return told(format!("{{{key}"), key);
    }
    if let Some((before, _)) = text.split_once('}').filter(|(before, _)| !before.contains('{')) {
        let key = before
            .rsplit(|c: char| !is_plain_key(&c.to_string()))
            .next()
            .unwrap_or_default();
        return (!key.is_empty()).then(|| told(format!("{key}}}"), key)).flatten();
    }
    let whole = text.trim();
    let marked = ['%', '$', '#', '@']
        .into_iter()
        .find_map(|mark| whole.strip_prefix(mark));
    let key = marked?.trim_end_matches(['%', '$', '#', '@']);
    let is_name = key.contains('_') && is_plain_key(key) && key.chars().any(char::is_alphabetic);
    is_name.then(|| told(whole.to_owned(), key)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_remind_of_placeholders_are_told() {
        for (written, key) in [
            ("[[name]]", Some("name")),
            ("来自{country_name", Some("country_name")),
            ("name}}", Some("name")),
            ("$company_id", Some("company_id")),
            ("%country_name%", Some("country_name")),
            ("100%", None),
            ("#1", None),
            ("$9.99", None),
            ("a [1] b", None),
            ("{\"a\": {\"b\": 1}}", None),
            ("plain", None),
        ] {
            let told = text(written).map(|(_, remedy)| remedy);
            assert_eq!(told, key.map(|key| format!("write {{{{{key}}}}}")), "{written}");
        }
    }

    #[test]
    fn other_spellings_of_paths_are_understood() {
        for (written, meant) in [
            ("tag[0].tag_name", Some("tag.0.tag_name")),
            ("tag[*].tag_name", Some("tag.*.tag_name")),
            ("tag[].tag_name", Some("tag.*.tag_name")),
            ("tag[0]['tag_name']", Some("tag.0.tag_name")),
            ("tel_list[0][1]", Some("tel_list.0.1")),
            ("'name'", Some("name")),
            ("tag.0.tag_name", None),
            ("基本信息年营业额[万]", None),
            ("a[0", None),
        ] {
            assert_eq!(path(written).as_deref(), meant, "{written}");
        }
    }

    #[test]
    fn names_that_remind_of_variables_are_told_apart_from_keys() {
        for (written, meant) in [
            ("currentTime", Some("CURRENT_TIME")),
            ("now()", Some("CURRENT_TIME")),
            ("last_sync_time", Some("LAST_SYNC_TIME")),
            ("daysAgo3", Some("DAYS_AGO_3")),
            ("DAYS_AGO", Some("DAYS_AGO_1")),
            ("CURRENT_TIME", None),
            ("create_time", None),
            ("name", None),
        ] {
            assert_eq!(variable(written).as_deref(), meant, "{written}");
        }
    }

    #[test]
    fn json_and_quantifiers_are_no_keys() {
        for text in ["\"a\":1", "2,3", "a: b", "x = 1", ""] {
            assert!(!is_key_like(text), "{text}");
        }
        for text in ["基本信息年营业额(万)", "国家/地区", " name ", "create_time|date"] {
            assert!(is_key_like(text), "{text}");
        }
    }
}
