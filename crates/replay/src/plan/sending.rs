//! One portion of a pass: which letters have to be sent, and sending them.

use super::{
    Plan,
    end::{End, LetterState},
    pass::Pass,
};
use crate::{
    account, archive,
    browse::{
        browser::{Taken, remove_all},
        guarded::GuardedBrowser,
    },
    error::Result,
    letter::Letter,
    repair::kept::KeptSnapshots,
    transit::Leaving,
};
use pipeline::{failure::outcome, message::Outgoing, stage::Stage};

/// Letters published and confirmed together, unless their bodies are large.
pub(super) const CHUNK: usize = 1_000;
/// Bytes of bodies in such a chunk, beyond its last letter.
const CHUNK_BYTES: usize = 4_000_000;

/// The next letters, few when they are large.
pub(super) async fn chunk(browser: &mut GuardedBrowser, size: usize) -> Result<Vec<Taken>> {
    let (mut chunk, mut bytes) = (Vec::with_capacity(size), 0);
    while chunk.len() < size && bytes < CHUNK_BYTES {
        let Some(taken) = browser.next().await? else { break };
        bytes += taken.letter.body.len();
        chunk.push(taken);
    }
    Ok(chunk)
}

impl Pass<'_> {
    /// Of a chunk, the letters that have to be sent; those that were sent already are removed.
    pub(super) async fn unsent(&self, plan: &Plan, chunk: Vec<Taken>) -> Result<Vec<Taken>> {
        let digits: Vec<_> = chunk.iter().map(|taken| taken.letter.key()).collect();
        let states = self.workspace.plans().letters(&plan.id, &digits).await?;
        let (mut fresh, mut sent) = (Vec::with_capacity(chunk.len()), Vec::new());
        for (taken, state) in chunk.into_iter().zip(states) {
            match state {
                Some(LetterState::Unsent) => fresh.push(taken),
                None | Some(LetterState::Ended(End::Refused, _)) => {}
                Some(LetterState::Sent | LetterState::Ended(..)) => sent.push(taken),
            }
        }
        remove_all(&sent).await;
        Ok(fresh)
    }

    /// Whether a letter goes back to a stage of this namespace.
    fn knows_way_back(&self, letter: &Letter) -> bool {
        let namespace = &self.workspace.rt.namespace;
        Stage::ALL
            .iter()
            .any(|stage| namespace.queue(*stage) == letter.record.return_queue)
    }

    /// One message that the broker cannot route would stop the others of its chunk.
    fn say_stray(&self, letter: &Letter) {
        (self.workspace.notice)(&words::tr!(
            "letter {} is left as it is: it would go back to the queue {}, which is none of {}; `dead export` and `dead import --adopt` make it one of this namespace",
            letter.digits(),
            letter.record.return_queue,
            self.workspace.rt.namespace
        ));
    }

    /// Notes, publishes, writes down and removes.
    pub(super) async fn send(
        &self,
        plan: &Plan,
        letters: Vec<Taken>,
        browser: &GuardedBrowser,
    ) -> Result<()> {
        let mut messages: Vec<Outgoing> = Vec::with_capacity(letters.len());
        let mut leaving = Vec::with_capacity(letters.len());
        let kept = match &plan.repair {
            Some(repair) => {
                repair
                    .kept(&self.workspace.rt, letters.iter().map(|taken| &taken.letter))
                    .await?
            }
            None => KeptSnapshots::default(),
        };
        for taken in letters {
            let letter = &taken.letter;
            let tag = outcome::replay_tag(&plan.id, &letter.key());
            let returns = plan.repair.as_ref().is_none_or(|repair| repair.returns(letter));
            if returns && !self.knows_way_back(letter) {
                self.say_stray(letter);
                self.workspace.plans().refuse(&plan.id, &letter.key()).await?;
                continue;
            }
            match &plan.repair {
                None => messages.push(letter.back(&tag)),
                Some(repair) => match repair.apply(letter, &tag, &kept) {
                    Ok(repaired) => {
                        messages.extend(repaired);
                        messages.push(archive::original(self.workspace, letter, &plan.id, &plan.reason));
                    }
                    Err(problem) => {
                        tracing::warn!(letter = letter.record.id, %problem, "left as it is");
                        self.workspace.plans().refuse(&plan.id, &letter.key()).await?;
                        continue;
                    }
                },
            }
            leaving.push(taken);
        }
        if leaving.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = leaving.iter().map(|taken| taken.letter.key()).collect();
        let rt = &self.workspace.rt;
        let noted = Leaving::new(&rt.store, &rt.namespace, self.workspace.stage, false);
        noted.intend(&plan.id, &keys).await?;
        browser.still_guarded()?;
        rt.publisher.publish(messages).await?;
        let told = leaving.iter().map(|taken| &taken.letter);
        let what = account::put_back(plan);
        account::tell(self.workspace, self.workspace.stage, what, told, &plan.id).await;
        self.workspace.plans().sent(&plan.id, &keys).await?;
        remove_all(&leaving).await;
        browser.flush().await?;
        noted.forget(&keys).await
    }
}
