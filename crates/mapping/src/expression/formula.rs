//! What looks like a formula, or like a word of the language, and would be sent as fixed text to every row.

use super::super::presence::nearest;
use super::super::sql;
use super::Piece;

/// The words that a value may begin with.
const WORDS: [&str; 3] = ["_function", "_findCollection", "_mongoQuery"];
/// Functions of MySQL and of its kin that are not computed here, and yet are no texts.
const OTHERS: [&str; 14] = [
    "IIF", "TIMEDIFF", "EXTRACT", "TO_CHAR", "LEN", "ISNULL", "DECODE", "UUID", "RAND", "TO_DATE", "SUBSTR",
    "STRCMP", "TRUNC", "TODAY",
];
/// Stands for a placeholder while the text around it is judged.
const VALUE: char = '\u{1}';

/// White space, and what no editor shows.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}')
}

/// A word of the language in another spelling: `_Function`, `_ function`, `＿function`, a look-up behind a blank. What is
/// meant, what is odd, and the right spelling.
pub(super) fn keyword(text: &str) -> Option<(String, String, String)> {
    let trimmed = text.trim_start_matches(is_blank);
    let body = trimmed.strip_prefix(['_', '＿'])?.trim_start_matches(is_blank);
    let word = WORDS.into_iter().find(|word| {
        let written = body.get(..word.len() - 1);
        written.is_some_and(|written| written.eq_ignore_ascii_case(&word[1..]))
    })?;
    let rest = &body[word.len() - 1..];
    let written = &trimmed[..trimmed.len() - rest.len()];
    let before = &text[..text.len() - trimmed.len()];
    // White space alone before _function is a fault of its own.
    let is_hidden = word != "_function" || !before.chars().all(char::is_whitespace);
    let is_odd = written != word || !before.is_empty() && is_hidden;
    is_odd.then(|| {
        let blank = match (written == word, before.chars().all(char::is_whitespace)) {
            (false, _) => "",
            (true, true) => words::text!(" behind a blank"),
            (true, false) => words::text!(" behind a sign that no editor shows"),
        };
        (
            format!("{word}{rest}"),
            words::tr!("{written}{blank} is no word of the language; it is read as {word}"),
            words::tr!("begin the value with {word}"),
        )
    })
}

/// What of a whole value that is fixed text, or a text with placeholders, was meant to be computed.
pub(super) fn told(text: &str, pieces: &[(Piece, usize)]) -> Option<(String, String)> {
    let outside = outside(pieces);
    unknown_word(text)
        .or_else(|| call(text))
        .or_else(|| arithmetic(&outside))
        .or_else(|| in_quotes(&outside))
        .or_else(|| compared(&outside))
}

/// The text with one sign for every placeholder.
fn outside(pieces: &[(Piece, usize)]) -> String {
    let mut text = String::new();
    for (piece, _) in pieces {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Double(_) | Piece::Single(..) => text.push(VALUE),
        }
    }
    text
}

/// `_mysql SELECT …`, `_funtion CONCAT(…)`.
fn unknown_word(text: &str) -> Option<(String, String)> {
    let body = text.trim_start_matches(is_blank).strip_prefix('_')?;
    let end = body
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(body.len());
    let (word, rest) = body.split_at(end);
    let ends = rest
        .chars()
        .next()
        .is_none_or(|c| is_blank(c) || matches!(c, '(' | '{' | ':' | '（'));
    let is_known = WORDS.iter().any(|known| known[1..] == *word);
    if word.len() < 3 || !ends || is_known {
        return None;
    }
    let lower = format!("_{}", word.to_ascii_lowercase());
    let is_function = lower.contains("fun") || !nearest(&lower, ["_function"]).is_empty();
    let remedy = match is_function {
        true => words::tr!("begin the value with {}", "_function"),
        false => words::tr!("the words are {}", words::list(&WORDS)),
    };
    Some((
        words::tr!("_{word} is no word of the language, so all of it is plain text"),
        remedy,
    ))
}

/// A function or a CASE without `_function`, perhaps in brackets or behind SELECT.
fn call(text: &str) -> Option<(String, String)> {
    let mut plain = text.trim_start_matches(is_blank);
    plain = plain.strip_prefix(['=', '＝']).unwrap_or(plain);
    let mut is_query = false;
    loop {
        plain = plain.trim_start_matches(|c| is_blank(c) || c == '(');
        let (word, rest) = word_of(plain);
        let is_filler = matches!(word.to_ascii_uppercase().as_str(), "FUNCTION" | "SELECT");
        if !is_filler || !rest.starts_with(is_blank) {
            break;
        }
        is_query |= word.eq_ignore_ascii_case("SELECT");
        plain = rest;
    }
    let (word, rest) = word_of(plain);
    let upper = word.to_ascii_uppercase();
    let inside = rest.trim_start_matches(is_blank);
    let is_case = upper == "CASE"
        && rest
            .to_ascii_uppercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word == "WHEN");
    let arguments = inside.strip_prefix(['(', '（']);
    let is_known = sql::is_function(&upper) || OTHERS.contains(&upper.as_str());
    let has_values = arguments.is_some_and(|inside| {
        inside.contains(['\'', '"']) || inside.contains("{{") && inside.contains([',', '，'])
    });
    let is_call = !word.is_empty()
        && arguments.is_some()
        && (is_known && inside.len() == rest.len()
            || has_values
            || is_query
            || is_known && inside.contains("{{"));
    (is_case || is_call).then(|| {
        let message = words::tr!("{word} is plain text: nothing is computed without _function");
        (message, words::tr!("write _function {word}…"))
    })
}

fn word_of(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    text.split_at(end.unwrap_or(text.len()))
}

/// `{{n}}*2`, `{{a}}+{{b}}`. A minus and a stroke stand between texts, too.
fn arithmetic(outside: &str) -> Option<(String, String)> {
    let signs: Vec<char> = outside.chars().filter(|c| !is_blank(*c)).collect();
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let is_sign = |c: char| matches!(c, '+' | '-' | '*' | '/' | '%' | '×' | '÷');
    let all = signs
        .iter()
        .all(|c| *c == VALUE || is_digit(*c) || is_sign(*c) || matches!(c, '(' | ')'));
    if !all || !signs.contains(&VALUE) {
        return None;
    }
    let between = signs.windows(3).filter_map(|window| match window {
        [before, sign, after] if is_sign(*sign) => {
            let is_left = *before == VALUE || is_digit(*before) || *before == ')';
            let is_right = *after == VALUE || is_digit(*after) || *after == '(';
            (is_left && is_right).then_some((*sign, is_digit(*after) && *after != '0'))
        }
        _ => None,
    });
    let found: Vec<(char, bool)> = between.collect();
    let sign = match found.as_slice() {
        [('/', true)] => Some('/'),
        all => all
            .iter()
            .map(|(sign, _)| *sign)
            .find(|sign| !matches!(sign, '-' | '/')),
    }?;
    let message = words::tr!("{sign} is plain text: nothing is computed without _function");
    Some((message, words::text!("begin the value with _function").to_owned()))
}

/// `'{{name}}'`: the quotes would be sent along.
fn in_quotes(outside: &str) -> Option<(String, String)> {
    let text = outside.trim();
    let pairs = [('\'', '\''), ('"', '"'), ('“', '”'), ('‘', '’')];
    let (open, close) = pairs.into_iter().find(|(open, close)| {
        let inside = text
            .strip_prefix(*open)
            .and_then(|rest| rest.strip_suffix(*close));
        inside.is_some_and(|inside| inside.contains(VALUE) && !inside.contains([*open, *close, '{']))
    })?;
    let message = words::tr!("the quotes {open}…{close} are plain text and are sent along");
    Some((
        message,
        words::text!("write the placeholders without quotes around them").to_owned(),
    ))
}

/// `{{a}} == 'x'`.
fn compared(outside: &str) -> Option<(String, String)> {
    let is_compared = outside.contains("==") && outside.contains(VALUE) && !outside.contains("===");
    is_compared.then(|| {
        let message = words::tr!("{} is plain text: nothing is computed without _function", "==");
        let remedy = words::text!("write _function CASE WHEN '{{key}}'='x' THEN … ELSE … END");
        (message, remedy.to_owned())
    })
}

/// A choice `a ? b : c` of JavaScript in a text.
pub(super) fn is_choice(text: &str) -> bool {
    let mut outside = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        outside.push_str(before);
        outside.push(VALUE);
        rest = after.split_once("}}").map_or("", |(_, rest)| rest);
    }
    outside.push_str(rest);
    let Some((condition, results)) = outside.split_once('?') else {
        return false;
    };
    let Some((then, otherwise)) = results.split_once(':') else {
        return false;
    };
    let condition = condition.trim();
    let is_condition = condition.chars().eq([VALUE])
        || condition.contains(VALUE)
            && condition.contains(['=', '<', '>'])
            && condition
                .ends_with(|c: char| c == VALUE || c.is_ascii_digit() || matches!(c, '\'' | '"' | ')'));
    let is_value = |text: &str| {
        text.trim()
            .starts_with(|c: char| c == VALUE || c.is_ascii_digit() || matches!(c, '\'' | '"'))
    };
    is_condition && is_value(then) && is_value(otherwise)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::Expression;

    fn hints(text: &str) -> String {
        let expression = Expression::compile(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
        let all: Vec<_> = expression
            .hints()
            .iter()
            .map(|hint| format!("{} / {:?}", hint.message, hint.remedy))
            .collect();
        all.join("\n")
    }

    #[test]
    fn formulas_and_words_that_would_be_sent_as_text_are_told() {
        for (text, part) in [
            ("_mysql SELECT 1", "_mysql is no word"),
            ("_sql {{a}}", "_sql is no word"),
            ("_eval 1+1", "_eval is no word"),
            ("_customFunction", "_customFunction is no word"),
            ("_funtion CONCAT('a','b')", "begin the value with _function"),
            ("_func CONCAT('a','b')", "begin the value with _function"),
            ("concat ('a','{{b}}')", "concat is plain text"),
            ("IF ('{{a}}'='1','x','y')", "IF is plain text"),
            ("(CASE WHEN '{{a}}'='1' THEN 'x' END)", "CASE is plain text"),
            ("CASE\nWHEN '{{a}}'='1'\nTHEN 'x' END", "CASE is plain text"),
            ("SELECT CONCAT('a','{{b}}')", "CONCAT is plain text"),
            ("IIF({{a}}=1,'x','y')", "IIF is plain text"),
            ("TIMEDIFF({{a}},{{b}})", "TIMEDIFF is plain text"),
            ("EXTRACT(YEAR FROM {{d}})", "EXTRACT is plain text"),
            ("＝SUM({{a.n}})", "SUM is plain text"),
            ("{{n}}*2", "* is plain text"),
            ("({{a}} + {{b}})", "+ is plain text"),
            ("{{n}}/100", "/ is plain text"),
            ("'{{name}}'", "quotes"),
            ("\"{{name}}\"", "quotes"),
            ("“{{name}}”", "quotes"),
            ("{{name}} == 'x'", "== is plain text"),
        ] {
            assert!(hints(text).contains(part), "{text}: {}", hints(text));
        }
    }

    #[test]
    fn texts_of_people_are_no_formulas() {
        for text in [
            "{{tel_area}}-{{tel}}",
            "{{province}}/{{city}}",
            "+{{area}} {{tel}}",
            "{{year}}-12-31",
            "{{year}}/12/31",
            "{{rate}}%",
            "ACME (Hangzhou) {{name}}",
            "Tel({{tel}})",
            "_widget_17100",
            "_id",
            "{{name}} ({{short_name}})",
            "https://okki.com/c?id={{company_id}}",
            "{\"a\":\"{{b}}\"}",
            "Left (main) entrance",
            "{{a}}: {{b}}?",
            "CASE {{no}}",
            "it's {{name}}'s",
        ] {
            assert_eq!(hints(text), "", "{text}");
        }
    }

    #[test]
    fn words_of_the_language_are_read_in_any_spelling() {
        for text in [
            "_ function 1+1",
            "＿function 1+1",
            "\u{feff}_function 1+1",
            "\u{feff}_FUNCTION 1+1",
        ] {
            assert!(
                hints(text).contains("it is read as _function"),
                "{text}: {}",
                hints(text)
            );
            assert_eq!(Expression::compile(text).unwrap().as_str(), "_function 1+1");
        }
    }

    #[test]
    fn a_choice_of_javascript_is_refused() {
        for text in [
            "{{name}}=='x'?'y':'z'",
            "{{a}} > 1 ? 'x' : 'y'",
            "{{a}} ? {{b}} : {{c}}",
            "'{{a}}'=='1' ? 1 : 2",
        ] {
            let faults = Expression::compile(text).expect_err(text);
            assert!(faults[0].1.contains("JavaScript"), "{text}: {faults:?}");
        }
    }
}
