//! What a wish does when its run stops: it waits like the schedules do, but not for ever.

use super::Wishes;
use crate::run::Stop;
use pipeline::{
    retry::Backoff,
    wish::{Served, Taken},
};
use std::time::{Duration, Instant};

/// What goes wrong for longer is said to whoever has asked.
const PATIENCE: Duration = Duration::from_secs(600);

/// Since when nothing has succeeded.
#[derive(Default)]
pub(super) struct Trouble {
    since: Option<Instant>,
    backoff: Backoff,
}

impl Wishes {
    /// Waits before the run is taken up; or how the wish ends.
    pub(super) async fn after(&self, stop: Stop, taken: &Taken, trouble: &mut Trouble) -> Option<Served> {
        if matches!(stop, Stop::Shutdown | Stop::Rests) {
            return Some(Served::PutBack);
        }
        self.live.stopped(&stop);
        let why = pipeline::cause::logged(&stop).to_string();
        let since = *trouble.since.get_or_insert_with(Instant::now);
        let is_over = matches!(stop, Stop::FutureCheckpoint(_)) || since.elapsed() > PATIENCE;
        if is_over && stop.rest().is_zero() {
            return Some(Served::failed(why));
        }
        taken.tell(words::kept!("stopped, will go on: {why}"));
        tokio::time::sleep(trouble.backoff.next_delay().max(stop.rest())).await;
        tokio::select! {
            () = self.rt.gate.opened() => None,
            () = self.rt.gate.rests() => Some(Served::PutBack),
        }
    }
}
