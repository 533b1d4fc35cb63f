//! What lasts: a period, which is a backfill, and a comparison. Both stay in the lane of backfills, behind live changes.

use super::{POLL, Wishes, trouble::Trouble};
use crate::{
    progress::Summary,
    run::{Span, Stop},
    state::{Run, RunKind},
};
use pipeline::{
    lease::Lease,
    wish::{Served, Taken},
};

impl Wishes {
    /// Lists the period. A backfill that somebody has left unfinished is finished first: it is nobody's to drop.
    pub(super) async fn period(&self, taken: &Taken, from: i64, to: i64) -> Served {
        let mut trouble = Trouble::default();
        let is_this = |run: &Run| {
            let is_later = run.started_ms >= taken.wish.asked_ms && run.end <= to;
            run.start == Some(from) && (run.end == to || is_later)
        };
        loop {
            let stop = match self.backfill(taken, from, to).await {
                Ok(Some(run)) if is_this(&run) => {
                    let listed = run.listed;
                    let text = words::kept!(
                        "{listed} customers listed; they are fetched and written behind live changes"
                    );
                    return Served::done(text, [("listed", listed), ("seen", run.seen)]);
                }
                Ok(Some(run)) => {
                    trouble = Trouble::default();
                    let span = words::english(|| Summary::span(&run));
                    taken.tell(words::kept!("a backfill of {span} was not finished, and is now"));
                    continue;
                }
                Ok(None) => {
                    taken.tell(words::kept!("another backfill is under way"));
                    tokio::time::sleep(POLL).await;
                    continue;
                }
                Err(stop) => stop,
            };
            if let Some(served) = self.after(stop, taken, &mut trouble).await {
                return served;
            }
        }
    }

    /// One run, or the rest of one; `None`: another replica lists a backfill.
    async fn backfill(&self, taken: &Taken, from: i64, to: i64) -> Result<Option<Run>, Stop> {
        let Some(lease) = self.lease(RunKind::Backfill).await? else {
            return Ok(None);
        };
        let listed = self.list(taken, from, to, &lease).await;
        let released = lease.release().await;
        let run = listed?;
        released?;
        Ok(Some(run))
    }

    async fn list(&self, taken: &Taken, since: i64, to: i64, lease: &Lease) -> Result<Run, Stop> {
        let until = Some(to);
        let span = Span::Between { since, until };
        let listing = self.runner.run(RunKind::Backfill, span, false, lease);
        let mut listing = std::pin::pin!(listing);
        loop {
            tokio::select! {
                listed = &mut listing => return listed,
                () = tokio::time::sleep(POLL) => {}
            }
            if let Ok(Some(run)) = self
                .state
                .standing(RunKind::Backfill)
                .await
                .map(|state| state.run)
            {
                taken.tell(match run.expected {
                    Some(all) => words::kept!("{} customers listed of about {all}", run.listed),
                    None => words::kept!("{} customers listed", run.listed),
                });
            }
        }
    }

    /// Compares; what was broken off goes on where it was.
    pub(super) async fn reconcile(&self, taken: &Taken, fix: bool) -> Served {
        loop {
            let compared = match self.compared.compare(fix, |how_far| taken.tell(how_far)).await {
                Ok(Some(compared)) => compared,
                Ok(None) => {
                    taken.tell(self.compared.others().await);
                    tokio::time::sleep(POLL).await;
                    continue;
                }
                Err(_) if self.rt.shutdown.is_requested() || self.rests() => return Served::PutBack,
                Err(error) => return Served::failed(format!("{error:#}")),
            };
            let (open, fixed) = (compared.open, compared.fixed);
            let counts = [
                ("listed", compared.listed),
                ("current", compared.current),
                ("open", open),
                ("fixed", fixed),
            ];
            let text = match (open, fixed) {
                (0, 0) => words::kept!("nothing differs"),
                (0, _) => {
                    words::kept!("{fixed} customers differed and are fetched again or handed to the loader")
                }
                (_, 0) => words::kept!("{open} customers differ"),
                _ => words::kept!(
                    "{open} customers differ, {fixed} more are fetched again or handed to the loader"
                ),
            };
            let text = match compared.remedies.is_empty() {
                true => text,
                false => format!("{text}; {}", compared.remedies),
            };
            return Served::done(text, counts);
        }
    }

    fn rests(&self) -> bool {
        let pauses = self.rt.gate.pauses();
        pauses
            .iter()
            .any(|pause| pause.reason == pipeline::gate::Pause::Operator)
    }
}
