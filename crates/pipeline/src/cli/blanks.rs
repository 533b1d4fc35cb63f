//! Blanks and line ends around values of variables, which files of Windows, `echo` and copied tables leave there: dropped where
//! none can be meant, refused where nobody can know.

use crate::setting::ConfigError;
use std::path::{Path, PathBuf};

/// What stands between blanks.
pub(super) enum Padded {
    /// No blank can be meant: it says this.
    Means(String),
    /// It may be part of the value.
    MayMean(ConfigError),
}

/// What a value that has blanks around it says; nothing of one that has none.
pub(super) fn padded(variable: &str, value: Option<&str>) -> Option<Padded> {
    let value = value?;
    let bare = value.trim();
    if bare.len() == value.len() || bare.is_empty() {
        return None;
    }
    // A line end is part of no value, whatever it is.
    let line = value.trim_matches(['\r', '\n']);
    Some(match remedy(variable) {
        Some(remedy) if bare.len() < line.len() => {
            let problem =
                words::tr!("has a blank at its beginning or end, and nobody can know whether it is meant");
            Padded::MayMean(ConfigError::new(variable, problem, remedy))
        }
        _ => Padded::Means(bare.to_owned()),
    })
}

/// Of a variable whose value people write freely: how to say which of both is meant.
fn remedy(variable: &str) -> Option<&'static str> {
    match variable {
        "AMQP_PASSWORD" => Some(words::text!(
            "take it away, or write the password into AMQP_URL with %20 for a blank that belongs to it"
        )),
        "REDIS_PASSWORD" => Some(words::text!(
            "take it away, or write the password into REDIS_URL with %20 for a blank that belongs to it"
        )),
        "ON_REMOVAL" => Some(words::text!(
            "take it away; a cell cannot be marked with such a value"
        )),
        _ => None,
    }
}

/// A path without the blanks around it.
pub(super) fn without(path: &Path) -> PathBuf {
    path.to_str()
        .map_or_else(|| path.to_owned(), |text| text.trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(variable: &str, value: &str) -> Option<Result<String, String>> {
        padded(variable, Some(value)).map(|padded| match padded {
            Padded::Means(bare) => Ok(bare),
            Padded::MayMean(fault) => Err(fault.to_string()),
        })
    }

    #[test]
    fn what_cannot_be_meant_is_dropped() {
        for (variable, value, bare) in [
            ("BATCH_SIZE", "  10 ", "10"),
            ("NAMESPACE", "okki\r", "okki"),
            ("AMQP_URL", "amqp://a\r\n", "amqp://a"),
            ("AMQP_PASSWORD", "s3cret\r\n", "s3cret"),
            ("ON_REMOVAL", "mark:_w=gone away\r", "mark:_w=gone away"),
        ] {
            assert_eq!(said(variable, value), Some(Ok(bare.to_owned())), "{variable}");
        }
        for value in ["10", "", "  ", "gone away"] {
            assert_eq!(said("AMQP_PASSWORD", value), None, "{value:?}");
        }
    }

    #[test]
    fn what_may_be_meant_is_refused_and_not_quoted() {
        for variable in ["AMQP_PASSWORD", "REDIS_PASSWORD", "ON_REMOVAL"] {
            for value in [" s3cret", "s3cret ", "s3cret\t\r\n"] {
                let told = said(variable, value).unwrap().unwrap_err();
                assert!(told.starts_with(variable) && !told.contains("s3cret"), "{told}");
            }
        }
    }
}
