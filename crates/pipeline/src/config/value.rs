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
    match tracing_subscriber::EnvFilter::builder().parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(ConfigError::new(
            "LOG_LEVEL",
            error,
            words::tr!("write a level such as info, or info,pipeline=debug"),
        )),
    }
}

/// Bytes, or a number with a unit.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let factors = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("", 1)];
    factors.iter().find_map(|(unit, factor)| {
        let count: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        count.checked_mul(*factor)
    })
}
