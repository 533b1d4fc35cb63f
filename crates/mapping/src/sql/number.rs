//! Numbers and text: reading the leading number of a text, printing doubles as the server does.

/// The number that a text begins with; 0 when there is none.
pub(crate) fn leading_double(text: &str) -> f64 {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let end = numeric_prefix(text.as_bytes());
    text.get(..end)
        .and_then(|prefix| prefix.parse::<f64>().ok())
        .map_or(0.0, |f| f.clamp(-f64::MAX, f64::MAX))
}

/// The integer that a text begins with; 0 when there is none, the nearest one when it does not fit.
pub(crate) fn leading_int(text: &str) -> i64 {
    let text = text.trim_start();
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits = text.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    match text.get(..sign + digits).unwrap_or_default().parse() {
        Ok(int) => int,
        Err(_) if digits == 0 => 0,
        Err(_) if text.starts_with('-') => i64::MIN,
        Err(_) => i64::MAX,
    }
}

/// Says whether a text is a number from end to end.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && numeric_prefix(text.as_bytes()) == text.len()
}

/// Length of the longest prefix that is a number with optional sign, fraction and exponent.
fn numeric_prefix(bytes: &[u8]) -> usize {
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut any = whole > 0;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        any |= fraction > 0;
        if any {
            end += 1 + fraction;
        }
    }
    if !any {
        return 0;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

/// `%g`-like with the shortest digits that read back the same; exponents from 1e15 on and below 1e-15.
pub(crate) fn show_double(value: f64, shown: Option<u8>) -> String {
    if value == 0.0 {
        return format!("{:.*}", usize::from(shown.unwrap_or(0)), 0.0);
    }
    if let Some(digits) = shown {
        return format!("{value:.*}", usize::from(digits));
    }
    let magnitude = value.abs();
    if (1e-15..1e15).contains(&magnitude) {
        return format!("{value}");
    }
    format!("{value:e}")
}

#[cfg(test)]
mod tests {
    use super::{leading_double, show_double};

    #[test]
    fn reads_what_a_text_begins_with() {
        for (text, expected) in [
            ("12.5kg", 12.5),
            (" -3", -3.0),
            ("1e2x", 100.0),
            ("1e", 1.0),
            ("abc", 0.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("", 0.0),
            ("-", 0.0),
        ] {
            assert!((leading_double(text) - expected).abs() < f64::EPSILON, "{text}");
        }
    }

    #[test]
    fn prints_doubles_like_the_server() {
        assert_eq!(show_double(0.1 + 0.2, None), "0.30000000000000004");
        assert_eq!(show_double(1e15, None), "1e15");
        assert_eq!(show_double(1e14, None), "100000000000000");
        assert_eq!(show_double(13.0, None), "13");
        assert_eq!(show_double(2.5, Some(2)), "2.50");
    }
}
