//! Once a minute a line in the log that says what was done since the last one; a quiet minute is said once.

use super::Runtime;
use crate::disposition::Disposition;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(60);

impl Runtime {
    /// Says it until shutdown, and then what is left.
    pub(super) async fn say_what_was_done(self) {
        let mut quiet = false;
        loop {
            let goes_on = self.shutdown.sleep(EVERY).await;
            quiet = self.say_once(quiet && goes_on);
            if !goes_on {
                return;
            }
        }
    }

    /// Returns whether nothing was done.
    fn say_once(&self, was_quiet: bool) -> bool {
        let counts = self.done.take();
        let records: u64 = counts.iter().sum();
        let of = |disposition: Disposition| {
            let count = counts.get(disposition as usize).copied().unwrap_or(0);
            (count > 0).then_some(count)
        };
        let paused = self.gate.pauses();
        let paused = paused.first().map(|pause| pause.reason.name());
        if records > 0 {
            tracing::info!(
                records,
                loaded = of(Disposition::Loaded),
                unchanged = of(Disposition::Unchanged),
                skipped = of(Disposition::Skipped),
                filtered = of(Disposition::Filtered),
                superseded = of(Disposition::Superseded),
                duplicate = of(Disposition::Duplicate),
                dead = of(Disposition::Dead),
                forwarded = of(Disposition::Forwarded),
                retried = of(Disposition::Retried),
                parked = of(Disposition::Parked),
                paused,
                "done in the last minute"
            );
        } else if !was_quiet {
            tracing::info!(paused, "nothing to do in the last minute");
        }
        records == 0
    }
}
