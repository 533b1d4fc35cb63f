//! The conditions behind `where` of `_findCollection`: `KEY={{key}}`, one behind the other. What looks like another
//! operator or like a list with commas is refused, because it would look for another row, or for none, without a word.

/// Columns with the texts that they must have.
pub(super) fn read(words: &[&str], expected: impl Fn() -> String) -> Result<Vec<(String, String)>, String> {
    if let Some(word) = foreign(words) {
        return Err(words::tr!(
            "_findCollection has no \"{word}\": all of its conditions must hold, and the first row counts"
        ));
    }
    let words = joined(words);
    let mut tests: Vec<(String, String)> = Vec::new();
    for (n, word) in words.iter().enumerate() {
        if word.eq_ignore_ascii_case("and") {
            continue;
        }
        let is_last = words.get(n + 1).is_none_or(|next| is_condition(next));
        separated(word, is_last)?;
        match (column(word)?, tests.last_mut()) {
            (Some((column, value)), _) => tests.push((column.to_owned(), value.to_owned())),
            // A text with a blank in it.
            (None, Some((_, value))) => *value = format!("{value} {word}"),
            (None, None) => return Err(expected()),
        }
    }
    Ok(tests)
}

/// Words with the equals signs that stand between blanks put where they belong.
fn joined(words: &[&str]) -> Vec<String> {
    let mut made: Vec<String> = Vec::new();
    for word in words {
        match made.last_mut() {
            Some(last) if word.starts_with('=') && is_key(last) => last.push_str(word),
            _ => made.push((*word).to_owned()),
        }
    }
    made
}

/// The text in front of the first placeholder.
fn head(word: &str) -> &str {
    word.split("{{").next().unwrap_or_default()
}

fn is_key(text: &str) -> bool {
    let sign =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '·' | '(' | ')' | '（' | '）' | '/');
    !text.is_empty() && text.chars().all(sign)
}

fn is_condition(word: &str) -> bool {
    word.eq_ignore_ascii_case("and") || head(word).split_once('=').is_some_and(|(key, _)| !key.is_empty())
}

/// The column and the text of a condition; nothing for a word that is part of a text.
fn column(word: &str) -> Result<Option<(&str, &str)>, String> {
    const OPERATORS: [char; 5] = ['!', '<', '>', '~', '＝'];
    let refused = |operator: &str| {
        Err(words::tr!(
            "_findCollection compares with = only, {operator} is no operator of it; write KEY={{{{key}}}}"
        ))
    };
    let head = head(word);
    let Some((column, _)) = head.split_once('=').filter(|(column, _)| !column.is_empty()) else {
        // `n>5`, `n<{{x}}`, `code＝{{x}}`.
        let (key, rest) = head.split_at(head.find(OPERATORS).unwrap_or(head.len()));
        let is_test = is_key(key) && (rest.len() > 1 || head.len() < word.len());
        return match rest.chars().next().filter(|_| is_test) {
            Some(operator) => refused(&operator.to_string()),
            None => Ok(None),
        };
    };
    let value = &word[column.len() + 1..];
    let key = column.trim_end_matches(OPERATORS);
    if key.len() < column.len() {
        return refused(&format!("{}=", &column[key.len()..]));
    }
    if value.starts_with('=') {
        return refused("==");
    }
    if let Some((before, _)) = column.split_once(OPERATORS).filter(|(before, _)| is_key(before)) {
        return refused(&column[before.len()..]);
    }
    Ok(Some((column, value)))
}

/// Refuses a comma or the like between conditions, or behind the last one.
fn separated(word: &str, is_last: bool) -> Result<(), String> {
    const SEPARATORS: [char; 6] = [',', ';', '&', '，', '；', '、'];
    let behind = word.match_indices("}}").find_map(|(at, _)| {
        let rest = &word[at + 2..];
        let after = rest.strip_prefix(SEPARATORS)?;
        // `{{a}}、{{b}}` is one text.
        (after.is_empty() && is_last || is_condition(after)).then_some(rest)
    });
    let found = match behind {
        Some(rest) => rest.chars().next(),
        None => word
            .chars()
            .next_back()
            .filter(|c| is_last && SEPARATORS.contains(c)),
    };
    match found {
        Some(sign) => Err(words::tr!(
            "{sign} stands behind a condition of _findCollection and would be looked for; write one blank between \
             conditions and nothing behind the last one"
        )),
        None => Ok(()),
    }
}

/// A word of SQL between conditions that would pass for a part of a value with blanks in it.
fn foreign<'w>(conditions: &[&'w str]) -> Option<&'w str> {
    let mut before: Option<&str> = None;
    for (n, word) in conditions.iter().enumerate() {
        let next = conditions.get(n + 1).copied().unwrap_or_default();
        let is_foreign = match word.to_ascii_lowercase().as_str() {
            "or" | "||" => next.contains('='),
            "order" | "group" => next.eq_ignore_ascii_case("by"),
            "limit" => !next.is_empty() && next.bytes().all(|b| b.is_ascii_digit()),
            "like" | "in" | "not" | "is" => n == 1 && before.is_some_and(is_key),
            "<>" | "!=" | ">" | "<" | ">=" | "<=" | "==" => before.is_some_and(is_key),
            _ => false,
        };
        if is_foreign {
            return Some(word);
        }
        before = Some(word);
    }
    None
}
