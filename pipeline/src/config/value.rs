//! Single values: durations, URLs, log filters, each refused with the variable's name and a remedy.

use std::time::Duration;

use url::Url;

use super::ConfigError;
use crate::secret::Secret;

/// Reads `500ms`, `5s`, `1m`, `2h` or `1d`; the error is a phrase for people.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let problem = || {
        format!("`{text}` is not a duration, expected a whole number and a unit such as 500ms, 5s, 1m, 2h")
    };
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(problem)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| problem())?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(problem()),
    };
    number
        .checked_mul(unit_ms)
        .map(Duration::from_millis)
        .ok_or_else(problem)
}

/// A duration above zero, or an error that names the variable.
pub fn positive_duration(name: &str, text: &str) -> Result<Duration, ConfigError> {
    let remedy = "write a duration above zero such as 500ms, 5s, 1m or 2h";
    let duration = parse_duration(text.trim()).map_err(|problem| ConfigError::new(name, problem, remedy))?;
    if duration.is_zero() {
        Err(ConfigError::new(name, "must not be zero", remedy))
    } else {
        Ok(duration)
    }
}

/// A vendor's base URL: http(s), a host, perhaps a port, and nothing else; paths come from elsewhere.
pub fn base_url(name: &str, text: &str) -> Result<Url, ConfigError> {
    let refuse = |problem: &str| {
        ConfigError::new(
            name,
            problem,
            "write scheme and host only, for example https://api.example.com",
        )
    };
    let url = Url::parse(text.trim()).map_err(|error| refuse(&format!("is not a URL ({error})")))?;
    match () {
        () if !matches!(url.scheme(), "http" | "https") => Err(refuse("must begin with http:// or https://")),
        () if !url.username().is_empty() || url.password().is_some() => {
            Err(refuse("must not hold credentials"))
        }
        () if url.path() != "/" => Err(refuse("must not hold a path")),
        () if url.query().is_some() || url.fragment().is_some() => Err(refuse("must not hold a query")),
        () => Ok(url),
    }
}

pub(super) fn checked_amqp_url(secret: Secret) -> Result<Secret, ConfigError> {
    let refuse = |problem: String| {
        ConfigError::new(
            "AMQP_URL",
            problem,
            "write amqp://user:password@host:5672/vhost, special characters %-encoded",
        )
    };
    let url = Url::parse(secret.expose()).map_err(|error| refuse(format!("is not a URL ({error})")))?;
    match () {
        () if !matches!(url.scheme(), "amqp" | "amqps") => {
            Err(refuse("must begin with amqp:// or amqps://".into()))
        }
        () if url.host_str().is_none_or(str::is_empty) => Err(refuse("names no host".into())),
        () => Ok(secret),
    }
}

pub(super) fn checked_redis_url(secret: Secret) -> Result<Secret, ConfigError> {
    let refuse = |problem: String| {
        ConfigError::new(
            "REDIS_URL",
            problem,
            "write redis://:password@host:6379/0, special characters %-encoded",
        )
    };
    let url = Url::parse(secret.expose()).map_err(|error| refuse(format!("is not a URL ({error})")))?;
    if !matches!(
        url.scheme(),
        "redis" | "rediss" | "unix" | "redis+unix" | "valkey" | "valkeys"
    ) {
        return Err(refuse("must begin with redis:// or rediss://".to_owned()));
    }
    // The category is the client's own fixed text and never holds a part of the URL.
    match redis::IntoConnectionInfo::into_connection_info(url) {
        Ok(_) => Ok(secret),
        Err(error) => Err(refuse(format!("cannot be used ({})", error.category()))),
    }
}

pub(super) fn checked_filter(text: String) -> Result<String, ConfigError> {
    match tracing_subscriber::EnvFilter::builder().parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(ConfigError::new(
            "LOG_LEVEL",
            error,
            "write a level such as info, or info,pipeline=debug",
        )),
    }
}
