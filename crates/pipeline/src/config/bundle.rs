//! How many records one message of the broker carries.

use super::value::bytes;
use crate::{message::BundleConfig, setting::ConfigError, settings};
use std::ops::RangeInclusive;

/// A killer among more would be looked for among too many.
const RECORDS: RangeInclusive<usize> = 1..=1_000;
/// A consumer holds as many messages as it may records when it does not know yet what they carry.
const BYTES: RangeInclusive<u64> = 1_000..=1_000_000;

pub(super) fn bundle_config(records: &str, size: &str) -> Result<BundleConfig, ConfigError> {
    settings! {
        records = count(records);
        bytes = size_in_bytes(size);
    }
    Ok(BundleConfig {
        records,
        refs: BundleConfig::REFS,
        bytes,
    })
}

fn count(records: &str) -> Result<usize, ConfigError> {
    let counted = records.trim().parse().ok();
    counted.filter(|count| RECORDS.contains(count)).ok_or_else(|| {
        let problem = words::tr!("`{records}` is no count from 1 to 1000");
        ConfigError::new(
            "BUNDLE_RECORDS",
            problem,
            words::text!("write 100, or 1 for single messages"),
        )
    })
}

fn size_in_bytes(size: &str) -> Result<usize, ConfigError> {
    let measured = bytes(size.trim()).filter(|bytes| BYTES.contains(bytes));
    measured
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| {
            let problem = words::tr!("`{size}` is no size from 1kB to 1MB");
            ConfigError::new(
                "BUNDLE_BYTES",
                problem,
                words::tr!("write bytes, or a number with kB or MB, such as 64kB"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sizes_have_bounds() {
        let (records, bytes) = (BundleConfig::DEFAULT_RECORDS, BundleConfig::DEFAULT_BYTES);
        assert_eq!(bundle_config(records, bytes).unwrap(), BundleConfig::default());
        let single = bundle_config(" 1", "5 kB").unwrap();
        assert_eq!((single.records, single.bytes), (1, 5_000));
        for (records, bytes, name) in [
            ("0", "64kB", "BUNDLE_RECORDS"),
            ("1001", "64kB", "BUNDLE_RECORDS"),
            ("many", "64kB", "BUNDLE_RECORDS"),
            ("7", "999", "BUNDLE_BYTES"),
            ("7", "2MB", "BUNDLE_BYTES"),
            ("7", "64KiB", "BUNDLE_BYTES"),
        ] {
            let refused = bundle_config(records, bytes).unwrap_err().to_string();
            assert!(refused.contains(name), "{refused}");
        }
    }
}
