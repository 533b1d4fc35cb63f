//! Values that are checked where they are read, each refused with its variable's name and a remedy.

use url::Url;

use crate::{
    setting::{ConfigError, Secret, addresses},
    store::{Place, Wrong},
};

pub(super) fn checked_amqp_url(secret: Secret) -> Result<Secret, ConfigError> {
    let refuse = |problem: String| {
        ConfigError::new(
            "AMQP_URL",
            problem,
            words::tr!(
                "write amqp://user:password@host:5672/vhost, or several hosts with commas between them, special characters %-encoded"
            ),
        )
    };
    let each = addresses(secret.expose()).map_err(|error| refuse(words::tr!("is not a URL ({error})")))?;
    match () {
        () if !each.iter().all(|url| matches!(url.scheme(), "amqp" | "amqps")) => {
            Err(refuse(words::tr!("must begin with amqp:// or amqps://")))
        }
        () if each.iter().any(|url| url.host_str().is_none_or(str::is_empty)) => {
            Err(refuse(words::tr!("names no host")))
        }
        () => Ok(secret),
    }
}

pub(super) fn checked_management_url(secret: Secret) -> Result<Secret, ConfigError> {
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    if Url::parse(secret.expose()).is_ok_and(|url| is_http(&url)) {
        return Ok(secret);
    }
    Err(ConfigError::new(
        "AMQP_MANAGEMENT_URL",
        words::tr!("is not an http:// or https:// URL with a host"),
        words::tr!("write http://user:password@host:15672, special characters %-encoded"),
    ))
}

pub(super) fn checked_redis_url(secret: Secret) -> Result<Secret, ConfigError> {
    match Place::parse(secret.expose(), None) {
        Ok(_) => Ok(secret),
        Err(Wrong(problem)) => Err(ConfigError::new(
            "REDIS_URL",
            problem,
            words::tr!(
                "write redis://:password@host:6379/0, redis+sentinel://:password@host1,host2/MASTER/0 or \
                 redis+cluster://:password@host1,host2, special characters %-encoded"
            ),
        )),
    }
}

pub(super) fn checked_filter(text: String) -> Result<String, ConfigError> {
    let refused = |problem: String| {
        let remedy = words::tr!("write a level such as info, or info,pipeline=debug");
        ConfigError::new("LOG_LEVEL", problem, remedy)
    };
    if let Some(word) = no_level(&text) {
        return Err(refused(words::tr!("`{word}` is no level")));
    }
    match tracing_subscriber::EnvFilter::builder().parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// A word alone that is no level would be taken for the name of a part, and everything else would be silent.
fn no_level(text: &str) -> Option<&str> {
    let is_level = |word: &str| word.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    let words = || text.split(',').map(str::trim).filter(|word| !word.is_empty());
    if words().any(is_level) {
        return None;
    }
    words().find(|word| !word.contains(['=', '[']))
}

/// Bytes, or a number with a unit.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let factors = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("", 1)];
    factors.iter().find_map(|(unit, factor)| {
        let count: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        count.checked_mul(*factor)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_silences_nothing() {
        for level in [
            "info",
            "WARN",
            "off",
            "info,pipeline",
            "info,pipeline=debug",
            "pipeline=debug",
        ] {
            assert!(checked_filter(level.into()).is_ok(), "{level}");
        }
        for wrong in [
            "warning",
            "fnord",
            "pipeline",
            "fnord,pipeline=debug",
            "info=fnord",
        ] {
            assert!(checked_filter(wrong.into()).is_err(), "{wrong}");
        }
        let told = checked_filter("warning".into()).unwrap_err().to_string();
        assert!(told.starts_with("LOG_LEVEL: `warning` is no level"), "{told}");
    }
}
