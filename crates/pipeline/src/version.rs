//! The order of a customer's states; the guard against going back (I3) compares nothing else.

use std::{fmt, str::FromStr};

/// A customer's state: first by the vendor's update time, then by our sequence taken before the fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version {
    /// Unix seconds; the vendor's times have a resolution of one second.
    pub update_time: i64,
    /// From one shared counter, see [`crate::sequence`].
    pub sequence: u64,
}

/// Text that is not `<unix seconds>:<sequence>`.
#[derive(Debug, thiserror::Error)]
#[error("{}", words::tr!("version `{0}`: expected <unix seconds>:<sequence>"))]
pub struct InvalidVersion(String);

impl From<proto::v1::Version> for Version {
    fn from(wire: proto::v1::Version) -> Self {
        Self {
            update_time: wire.update_time,
            sequence: wire.sequence,
        }
    }
}

impl From<Version> for proto::v1::Version {
    fn from(version: Version) -> Self {
        Self {
            update_time: version.update_time,
            sequence: version.sequence,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.update_time, self.sequence)
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (time, sequence) = text.split_once(':')?;
            Some(Self {
                update_time: time.parse().ok()?,
                sequence: sequence.parse().ok()?,
            })
        };
        parse().ok_or_else(|| InvalidVersion(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_comes_before_sequence() {
        let old = Version {
            update_time: 1,
            sequence: 9,
        };
        let new = Version {
            update_time: 2,
            sequence: 1,
        };
        assert!(old < new);
        assert!(new < Version { sequence: 2, ..new });
    }

    #[test]
    fn text_form_is_reversible() {
        let version = Version {
            update_time: -5,
            sequence: u64::MAX,
        };
        assert_eq!(version.to_string().parse::<Version>().unwrap(), version);
        assert!("5".parse::<Version>().is_err());
    }
}
