//! What vendors have said of their limits in their answers, for people who wonder why nothing is called.

use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Under which a service tells it.
pub const VENDOR_LIMITS: &str = "vendor_limits";

/// What is over sooner is over before anybody reads it.
const TOLD: Duration = Duration::from_secs(5);

/// A limit that a vendor has named and that is obeyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorLimit {
    /// Which calls.
    pub bucket: String,
    /// Calls that are left until then.
    pub left: u64,
    /// By this process' clock, unix milliseconds.
    pub until_ms: i64,
}

/// The last one of each bucket, as far as this process has heard.
#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<Mutex<BTreeMap<String, VendorLimit>>>);

impl Heard {
    /// The vendor takes so many more calls within this time.
    pub(super) fn note(&self, bucket: &str, left: u64, lasts: Duration, now_ms: i64) {
        let lasts_ms = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
        let until_ms = now_ms.saturating_add(lasts_ms);
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An answer to an earlier call does not open what a later one has closed.
        let is_closed = heard
            .get(bucket)
            .is_some_and(|known| known.left == 0 && known.until_ms > now_ms && left > 0);
        if lasts >= TOLD && !is_closed {
            let bucket = bucket.to_owned();
            heard.insert(
                bucket.clone(),
                VendorLimit {
                    bucket,
                    left,
                    until_ms,
                },
            );
        }
    }

    /// The vendor takes calls again.
    pub(super) fn forget(&self, bucket: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(bucket);
    }

    /// Those that last at this moment.
    #[must_use]
    pub fn standing(&self, now_ms: i64) -> Vec<VendorLimit> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard
            .values()
            .filter(|limit| limit.until_ms > now_ms)
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_vendor_has_said_stands_until_it_is_over() {
        let (heard, minute) = (Heard::default(), Duration::from_secs(60));
        let standing = |now_ms| -> Vec<(String, u64)> {
            let limits = heard.standing(now_ms).into_iter();
            limits.map(|limit| (limit.bucket, limit.left)).collect()
        };
        heard.note("okki", 7, minute, 0);
        heard.note("other", 3, Duration::from_secs(1), 0);
        assert_eq!(standing(1), [("okki".to_owned(), 7)]);
        heard.note("okki", 0, minute, 1_000);
        heard.note("okki", 5, minute, 2_000);
        assert_eq!(standing(60_999), [("okki".to_owned(), 0)]);
        assert_eq!(standing(61_000), []);
        heard.note("okki", 0, minute, 70_000);
        heard.forget("okki");
        assert_eq!(standing(70_001), []);
    }
}
