//! List now: a live run beside the schedule, under its lease and with its checkpoint.

use super::{POLL, Wishes, trouble::Trouble};
use crate::state::RunKind;
use pipeline::wish::{Served, Taken};
use std::time::{Duration, Instant};

/// OKKI's clock may be behind ours, and with it the ends of windows: after this time what was listed has to be enough.
const LONGEST: Duration = Duration::from_secs(60);

impl Wishes {
    /// Lists until everything that had changed when it was asked for is published: a window stays behind the clock by the
    /// settle delay, so that is one run now, and mostly another one a moment later.
    pub(super) async fn list_now(&self, taken: &Taken) -> Served {
        let asked = taken.wish.asked_ms.div_euclid(1_000);
        let settle = self.compared.settings.margins.settle_delay;
        let mut trouble = Trouble::default();
        let mut first: Option<Instant> = None;
        let (mut listed, mut reached) = (0, i64::MIN);
        loop {
            let stop = match self.live.list_now().await {
                Ok(Some(run)) => {
                    trouble = Trouble::default();
                    listed += run.listed;
                    reached = reached.max(run.end);
                    let begun = *first.get_or_insert_with(Instant::now);
                    if reached >= asked || begun.elapsed() > LONGEST + settle {
                        break;
                    }
                    taken.tell(words::kept!(
                        "{listed} customers listed, once more when the last changes can be listed"
                    ));
                    let wait = asked.saturating_sub(reached).unsigned_abs() + 1;
                    tokio::time::sleep(Duration::from_secs(wait).min(settle + POLL)).await;
                    continue;
                }
                Ok(None) => {
                    // What the other one lists counts, too.
                    match self.listed_by_schedule(asked).await {
                        Ok(Some(others)) => {
                            listed += others;
                            break;
                        }
                        Ok(None) => {
                            taken.tell(words::kept!("another run is under way"));
                            tokio::time::sleep(POLL / 5).await;
                            continue;
                        }
                        Err(error) => error.into(),
                    }
                }
                Err(stop) => stop,
            };
            if let Some(served) = self.after(stop, taken, &mut trouble).await {
                return served;
            }
        }
        let text = words::kept!("{listed} customers listed; they are fetched and written now");
        Served::done(text, [("listed", listed)])
    }

    /// What a run has listed that has ended and whose window reaches up to this second.
    async fn listed_by_schedule(&self, asked: i64) -> Result<Option<u64>, pipeline::store::Error> {
        let history = self.state.history(5).await?;
        let covers = history
            .iter()
            .find(|entry| entry.kind == RunKind::Live && entry.run.end >= asked);
        Ok(covers.map(|entry| entry.run.listed))
    }
}
