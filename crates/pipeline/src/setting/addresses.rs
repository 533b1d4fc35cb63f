//! An address that may name several servers: `scheme://user:password@host1:5672,host2/path`, or several whole addresses
//! one behind the other with a comma between them.

use url::{ParseError, Url};

/// One address for each server that the text names, in the order in which they stand there; at least one.
///
/// # Errors
/// When one of them is not a URL.
pub fn addresses(text: &str) -> Result<Vec<Url>, ParseError> {
    let mut found = Vec::new();
    for whole in whole_addresses(text.trim()) {
        let Some((before, hosts, after)) = around_hosts(whole) else {
            found.push(Url::parse(whole)?);
            continue;
        };
        for host in hosts.split(',') {
            found.push(Url::parse(&format!("{before}{}{after}", host.trim()))?);
        }
    }
    Ok(found)
}

/// Where it leads, for people: without user, password and query.
#[must_use]
pub(crate) fn shown(text: &str) -> String {
    let bare = |mut url: Url| {
        // Part of a password that should have been escaped stands where it does not belong.
        let behind = [
            url.path(),
            url.query().unwrap_or(""),
            url.fragment().unwrap_or(""),
        ];
        if behind.iter().any(|part| part.contains('@')) {
            return String::new();
        }
        url.set_query(None);
        url.set_fragment(None);
        // An address without a host has none, and says so.
        let is_bare = url.set_username("").is_ok() && url.set_password(None).is_ok();
        match is_bare || url.host().is_none() {
            true => url.to_string(),
            false => String::new(),
        }
    };
    let found = addresses(text).unwrap_or_default();
    found.into_iter().map(bare).collect::<Vec<_>>().join(", ")
}

/// The same text with this before its hosts: `user:password@`.
pub(super) fn with_credentials(text: &str, credentials: &str) -> String {
    match around_hosts(text) {
        Some((before, hosts, after)) => format!("{before}{credentials}{hosts}{after}"),
        None => text.to_owned(),
    }
}

/// Splits where a comma is followed by another scheme.
fn whole_addresses(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(comma) = text[at..].find(',').map(|found| at + found) {
        let next = text[comma + 1..].trim_start();
        let scheme = next.split_once("://").map_or("", |(scheme, _)| scheme);
        let begins = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+');
        if begins {
            parts.push(text[from..comma].trim());
            from = comma + 1;
        }
        at = comma + 1;
    }
    parts.push(text[from..].trim());
    parts
}

/// What stands before the hosts, the hosts, and what stands behind them.
fn around_hosts(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("://")? + 3;
    let end = text[start..]
        .find(['/', '?', '#'])
        .map_or(text.len(), |found| start + found);
    let hosts = text[start..end]
        .rfind('@')
        .map_or(start, |found| start + found + 1);
    (hosts < end).then(|| (&text[..hosts], &text[hosts..end], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_gets_an_address_of_its_own() {
        for (text, each) in [
            ("amqp://u:p%2C@h:1/v", vec!["amqp://u:p%2C@h:1/v"]),
            (
                "amqps://u:p@a:5671,b,[::1]:7/v?x=1",
                vec![
                    "amqps://u:p@a:5671/v?x=1",
                    "amqps://u:p@b/v?x=1",
                    "amqps://u:p@[::1]:7/v?x=1",
                ],
            ),
            (
                "amqp://u:p@a/v, amqps://w@b,c/w",
                vec!["amqp://u:p@a/v", "amqps://w@b/w", "amqps://w@c/w"],
            ),
            (
                "redis+sentinel://s1:26379,s2/main/0",
                vec!["redis+sentinel://s1:26379/main/0", "redis+sentinel://s2/main/0"],
            ),
            ("unix:///run/a,b.sock", vec!["unix:///run/a,b.sock"]),
        ] {
            let found = addresses(text).unwrap();
            assert_eq!(found.iter().map(Url::as_str).collect::<Vec<_>>(), each, "{text}");
        }
        for text in ["", "host", "amqp://a,b:port/v", "amqp://a,/v,nonsense://:x"] {
            assert!(addresses(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        for (text, place) in [
            ("amqp://u:p%40w@h:1/v", "amqp://h:1/v"),
            (
                "redis+sentinel://u:s3cret@a,b/main/0?sentinel_password=s3cret",
                "redis+sentinel://a/main/0, redis+sentinel://b/main/0",
            ),
            ("unix:///run/redis.sock?pass=s3cret", "unix:///run/redis.sock"),
            ("rediss://:s3cret@h", "rediss://h"),
            ("nonsense", ""),
            ("amqp://user:123/x@h/", ""),
            ("amqp://user:12?x@h/", ""),
            ("amqp://user:12#x@h/", ""),
        ] {
            assert_eq!(shown(text), place, "{text}");
        }
    }

    #[test]
    fn credentials_go_before_the_first_host() {
        assert_eq!(with_credentials("redis://a,b/0", "u:p@"), "redis://u:p@a,b/0");
    }
}
