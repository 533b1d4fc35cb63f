//! Asking a program for something and waiting for what it comes to.

use crate::server::Failure;
use pipeline::{
    heartbeat::replicas,
    wish::{self, State, Wish, WishKind, Wishes},
};
use replay::{decide, workspace::Workspace};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a program may take to begin; it looks once a second.
const TAKEN_WITHIN: Duration = Duration::from_secs(20);
/// How long it may take in all: vendors are slow, and quotas are shared.
const DONE_WITHIN: Duration = Duration::from_secs(120);
/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Asks and waits: what was said, and the answer if there is one. It may be dropped at any moment; the program goes on.
///
/// # Errors
/// When it cannot be asked for, it has failed, or takes too long.
pub(crate) async fn done(
    workspace: &Workspace,
    kind: WishKind,
    why: &str,
) -> Result<(Wish, Option<String>), Failure> {
    let program = kind.stage().program();
    let ask = wish::Ask {
        patience: TAKEN_WITHIN,
        ..wish::Ask::new(kind, &workspace.operator, why)
    };
    let asked = decide::ask(&of(workspace, &ask.kind), ask).await?.wish;
    let wishes = Wishes::of(&workspace.rt);
    let begun = Instant::now();
    loop {
        let wish = wishes.load(&asked.id).await.map_err(decide::Error::from)?;
        match wish.state {
            State::Done => {
                let answer = wishes.answer(&wish.id).await.map_err(decide::Error::from)?;
                return Ok((wish, answer));
            }
            State::Failed => return Err(Failure::Refused(words::retold(&wish.outcome))),
            State::Expired | State::Cancelled => return Err(Failure::Refused(silent(program))),
            State::Waiting if begun.elapsed() > TAKEN_WITHIN + Duration::from_secs(5) => {
                return Err(Failure::Refused(silent(program)));
            }
            State::Taken if begun.elapsed() > DONE_WITHIN => {
                return Err(Failure::Refused(words::kept!(
                    "{program} is still at it; load the page again in a while"
                )));
            }
            _ => sleep(LOOK_EVERY).await,
        }
    }
}

/// The same for what every running program does: where none is heard, nobody is asked, and nobody waits.
///
/// # Errors
/// As [`done`], and when no such program runs.
pub(crate) async fn done_by_running(
    workspace: &Workspace,
    kind: WishKind,
    why: &str,
) -> Result<(Wish, Option<String>), Failure> {
    let program = kind.stage().program();
    let found = replicas(&workspace.rt.store, &workspace.rt.namespace).await?;
    let runs = found
        .replicas
        .iter()
        .any(|one| one.heartbeat.service == program && !one.heartbeat.draining && !one.is_silent());
    if !runs {
        return Err(Failure::Refused(words::kept!(
            "no {program} runs, and only a running one can do it: start one, and see at /health whether it is there"
        )));
    }
    done(workspace, kind, why).await
}

/// The workspace of the stage whose program does it, so that the audit log names that one.
pub(crate) fn of(workspace: &Workspace, kind: &WishKind) -> Workspace {
    Workspace {
        stage: kind.stage(),
        ..workspace.clone()
    }
}

fn silent(program: &str) -> String {
    words::kept!("no {program} has answered; see at /health why, and whether one runs")
}
