//! How long the stream of events keeps them, and whether any are written.

use super::value::bytes;
use crate::{broker::StreamConfig, setting::ConfigError};

/// Less than this holds no day of a small pipeline, and RabbitMQ keeps a whole segment anyway.
const LEAST_BYTES: u64 = 1_000_000;
/// Units of an age in RabbitMQ.
const UNITS: [char; 6] = ['Y', 'M', 'D', 'h', 'm', 's'];

pub(super) fn stream_config(on: &str, max_age: &str, max_bytes: &str) -> Result<StreamConfig, ConfigError> {
    let on = match on.trim() {
        "on" | "true" => true,
        "off" | "false" => false,
        other => {
            let problem = words::tr!("`{other}` is neither on nor off");
            return Err(ConfigError::new("EVENTS", problem, words::tr!("write on or off")));
        }
    };
    Ok(StreamConfig {
        on,
        max_age: checked_age(max_age.trim())?,
        max_bytes: checked_bytes(max_bytes.trim())?,
    })
}

fn checked_age(text: &str) -> Result<String, ConfigError> {
    let count = text
        .strip_suffix(UNITS)
        .and_then(|count| count.parse::<u32>().ok());
    if count.is_some_and(|count| count > 0) && text.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    let problem = words::tr!("`{text}` is no age");
    let remedy = words::text!("write a number and one of Y, M, D, h, m, s, such as 7D or 12h");
    Err(ConfigError::new("EVENTS_MAX_AGE", problem, remedy))
}

fn checked_bytes(text: &str) -> Result<u64, ConfigError> {
    bytes(text)
        .filter(|bytes| (LEAST_BYTES..=i64::MAX.cast_unsigned()).contains(bytes))
        .ok_or_else(|| {
            let problem = words::tr!("`{text}` is no size of 1MB or more");
            ConfigError::new(
                "EVENTS_MAX_BYTES",
                problem,
                words::tr!("write bytes, or a number with kB, MB or GB, such as 2GB"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_are_those_of_people() {
        assert_eq!(stream_config("on", "7D", "2GB").unwrap(), StreamConfig::default());
        let other = stream_config("off", " 90s", "5 MB").unwrap();
        assert_eq!(
            (other.on, other.max_age.as_str(), other.max_bytes),
            (false, "90s", 5_000_000)
        );
        for (on, age, bytes, name) in [
            ("maybe", "7D", "2GB", "EVENTS:"),
            ("on", "7d", "2GB", "EVENTS_MAX_AGE"),
            ("on", "D", "2GB", "EVENTS_MAX_AGE"),
            ("on", "+7D", "2GB", "EVENTS_MAX_AGE"),
            ("on", "0D", "2GB", "EVENTS_MAX_AGE"),
            ("on", "7D", "2GiB", "EVENTS_MAX_BYTES"),
            ("on", "7D", "999999", "EVENTS_MAX_BYTES"),
            ("on", "7D", "99999999999999GB", "EVENTS_MAX_BYTES"),
        ] {
            let refused = stream_config(on, age, bytes).unwrap_err().to_string();
            assert!(refused.contains(name), "{refused}");
        }
    }
}
