//! How far `mapping again` has come, in Redis and on the screen.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use pipeline::names::{MAPPED_AGAIN, Namespace};
use pipeline::store::{Error, Store};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::kept::{Place, Unusables};

/// Without a terminal a line is printed so often.
const EVERY: Duration = Duration::from_secs(30);

/// What goes on after an interruption.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The run in the account.
    pub(super) run: String,
    pub(super) reason: String,
    /// Customers that were put into the queue.
    pub(super) sent: u64,
    pub(super) place: Place,
}

impl Progress {
    pub(super) fn new(reason: &str) -> Self {
        Self {
            run: format!("{MAPPED_AGAIN}{:x}", jiff::Timestamp::now().as_millisecond()),
            reason: reason.to_owned(),
            sent: 0,
            place: Place::default(),
        }
    }

    /// The one that was interrupted, if there is one.
    pub(super) async fn begun(store: &Store, namespace: &Namespace) -> Result<Option<Self>, Error> {
        let mut connection = store.connection().await?;
        let text: Option<String> = redis::cmd("GET")
            .arg(namespace.again_key())
            .query_async(&mut *connection)
            .await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    pub(super) async fn keep(&self, store: &Store, namespace: &Namespace) -> Result<(), Error> {
        let mut connection = store.connection().await?;
        Ok(redis::cmd("SET")
            .arg(namespace.again_key())
            .arg(serde_json::to_string(self).unwrap_or_default())
            .query_async(&mut *connection)
            .await?)
    }

    pub(super) async fn forget(&self, store: &Store, namespace: &Namespace) -> Result<(), Error> {
        let mut connection = store.connection().await?;
        Ok(redis::cmd("DEL")
            .arg(namespace.again_key())
            .query_async(&mut *connection)
            .await?)
    }
}

/// A bar on a terminal, a line now and then elsewhere.
pub(super) struct Screen {
    bar: ProgressBar,
    kept: u64,
    /// When this process began, how many were done then, and when it said something last.
    began: (Instant, u64, Instant),
}

impl Screen {
    pub(super) fn new(kept: u64, done: u64) -> Self {
        let bar = ProgressBar::new(kept).with_position(done);
        let template =
            words::text!("{spinner} {msg} {wide_bar} {pos}/{len} customers, {per_sec}, {eta} left");
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(words::text!("mapping again"));
        bar.reset_eta();
        let now = Instant::now();
        Self {
            bar,
            kept,
            began: (now, done, now),
        }
    }

    pub(super) fn show(&mut self, done: u64) {
        self.bar.set_position(done);
        let (began, before, said) = self.began;
        if !self.bar.is_hidden() || said.elapsed() < EVERY {
            return;
        }
        self.began.2 = Instant::now();
        let hours = hours_left(self.kept, done, done.saturating_sub(before), began.elapsed());
        match hours {
            Some(hours) => {
                pipeline::remark!("{done} of {} customers, about {hours:.1} h left", self.kept);
            }
            None => pipeline::remark!("{done} of {} customers", self.kept),
        }
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// At the speed so far; `None` while there is none.
fn hours_left(kept: u64, done: u64, in_this_process: u64, took: Duration) -> Option<f64> {
    let a_second = in_this_process as f64 / took.as_secs_f64();
    (a_second > 0.0 && a_second.is_finite()).then(|| kept.saturating_sub(done) as f64 / a_second / 3_600.0)
}

/// What came of it.
pub(super) fn print(
    progress: &Progress,
    unusable: &Unusables,
    without: u64,
    json: bool,
) -> anyhow::Result<()> {
    if json {
        let result = json!({
            "run": progress.run,
            "sent": progress.sent,
            "unusable": unusable.json(),
            "not_kept": without,
        });
        return Ok(pipeline::say!("{result}")?);
    }
    let (sent, run) = (progress.sent, &progress.run);
    pipeline::say!(
        "{sent} customers are on their way to be mapped again (run {run}); `loader books --run {run}` tells what became of them"
    )?;
    for line in unusable.lines() {
        pipeline::say_text!("{line}\n")?;
    }
    if without > 0 {
        pipeline::say!(
            "{without} customers are not kept; `extractor sync --full --force` fetches and maps everybody"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_judged_by_the_speed_of_this_process() {
        let left = hours_left(7_300, 100, 100, Duration::from_secs(50)).unwrap();
        assert!((left - 1.0).abs() < 1e-9, "{left}");
        assert_eq!(hours_left(7_300, 100, 0, Duration::from_secs(50)), None);
        assert_eq!(hours_left(100, 100, 100, Duration::from_secs(1)), Some(0.0));
    }
}
