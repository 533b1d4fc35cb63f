//! The language of who reads: chosen on the page, else what the browser asks for.

use axum::http::{HeaderMap, header};
use words::Language;

/// The cookie that remembers a choice.
pub(crate) const COOKIE: &str = "desk_language";

/// A cookie of this name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// The language in which the request is answered.
pub(crate) fn of(headers: &HeaderMap) -> Language {
    let asked = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|it| it.to_str().ok());
    match (cookie(headers, COOKIE), asked) {
        (Some("zh"), _) => Language::Chinese,
        (Some("en"), _) => Language::English,
        (_, Some(asked)) => preferred(asked),
        (_, None) => words::current(),
    }
}

/// Which of the two comes first, by the weights of the header.
fn preferred(asked: &str) -> Language {
    let weight = |wanted: &str| {
        let found = asked.split(',').filter_map(|part| {
            let (tag, rest) = part.trim().split_once(';').unwrap_or((part.trim(), ""));
            let is_wanted = tag
                .split('-')
                .next()
                .is_some_and(|tag| tag.eq_ignore_ascii_case(wanted));
            let weight = rest
                .trim()
                .strip_prefix("q=")
                .map_or(Some(1.0), |it| it.trim().parse().ok());
            weight.filter(|_| is_wanted)
        });
        found.fold(0.0_f64, f64::max)
    };
    match weight("zh") > weight("en") {
        true => Language::Chinese,
        false => Language::English,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_choice_goes_before_what_the_browser_asks_for() {
        let headers = |cookie: &str, asked: &str| {
            let value = |text: &str| HeaderValue::from_str(text).unwrap();
            HeaderMap::from_iter([
                (header::COOKIE, value(cookie)),
                (header::ACCEPT_LANGUAGE, value(asked)),
            ])
        };
        let zh = Language::Chinese;
        assert_eq!(of(&headers("a=b; desk_language=zh", "en")), zh);
        assert_eq!(of(&headers("desk_language=en", "zh-CN")), Language::English);
        assert_eq!(of(&headers("", "zh-CN,zh;q=0.9,en;q=0.8")), zh);
        assert_eq!(of(&headers("", "en-US,en;q=0.9,zh;q=0.8")), Language::English);
        assert_eq!(of(&headers("", "fr, zh;q=0.1")), zh);
        assert_eq!(of(&headers("", "fr")), Language::English);
    }
}
