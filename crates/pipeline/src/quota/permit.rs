//! A permit to send at one moment, which expires.

use std::time::Instant;

/// A permit to send now, for [`super::Quota::sent`].
#[derive(Debug, Clone, Copy)]
#[must_use = "say with `Quota::sent` when the call really left"]
pub struct Granted {
    pub(super) slot: i64,
    pub(super) due: Instant,
}

/// A slot that is reserved for one call.
pub(super) struct Permit {
    /// The moment on Redis' clock, under which the buckets know it.
    pub(super) slot: i64,
    /// When to send.
    pub(super) due: Instant,
    /// Sending later than this could bring two calls too close together at the vendor.
    pub(super) latest: Instant,
}

impl Permit {
    /// Sleeps until the slot is due; `false` when this process woke up too late to use it.
    pub(super) async fn check(&self) -> bool {
        tokio::time::sleep_until(self.due.into()).await;
        Instant::now() <= self.latest
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_slot_is_never_used_early_and_not_after_its_time() {
        let now = Instant::now();
        let good = Permit {
            slot: 0,
            due: now + Duration::from_millis(5),
            latest: now + Duration::from_secs(60),
        };
        assert!(good.check().await && now.elapsed() >= Duration::from_millis(5));
        let missed = Permit {
            slot: 0,
            due: now,
            latest: now,
        };
        assert!(!missed.check().await);
    }
}
