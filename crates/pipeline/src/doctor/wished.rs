//! The doctor of a running service, for people without the vendor's keys: it serves the wish whether the stage works or rests.

use super::finding::{Finding, Health};
use crate::{
    service::Runtime,
    stage::Stage,
    wish::{self, Error, Servant, Served, Server, Taken, Wish, WishKind, Wishes},
};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long a wish stays with a replica that says nothing.
const TERM: Duration = Duration::from_secs(10);
/// All of it together takes no longer; each part has a limit of its own.
const AT_MOST: Duration = Duration::from_secs(30);
/// Who asks again within this time hears the same: vendors are called for each examination.
const SERVES: Duration = Duration::from_secs(10);

struct Doctor<E> {
    examine: E,
    /// What was found last, and when.
    last: Mutex<Option<(Instant, Vec<Finding>)>>,
}

/// Examines for whoever wishes it, until shutdown; once at a time over all replicas of the stage.
pub async fn serve<E, F>(rt: &Runtime, stage: Stage, examine: E)
where
    E: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = Vec<Finding>> + Send + 'static,
{
    let server = rt.server(vec![WishKind::doctor(stage)], TERM);
    let doctor = Doctor {
        examine,
        last: Mutex::default(),
    };
    wish::serve(Server { gate: None, ..server }, doctor).await;
}

impl<E, F> Servant for Doctor<E>
where
    E: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = Vec<Finding>> + Send + 'static,
{
    async fn serve(&self, taken: &Taken) -> Served {
        let WishKind::Doctor { .. } = taken.wish.kind else {
            return Served::PutBack;
        };
        let mut last = self.last.lock().await;
        let known = last.take().filter(|(at, _)| at.elapsed() < SERVES);
        let findings = match known {
            Some((at, findings)) => {
                *last = Some((at, findings.clone()));
                findings
            }
            None => {
                let Ok(findings) = tokio::time::timeout(AT_MOST, (self.examine)()).await else {
                    return Served::failed(words::kept!(
                        "the doctor has not come to an end within {AT_MOST:?}"
                    ));
                };
                *last = Some((Instant::now(), findings.clone()));
                findings
            }
        };
        let (all, bad) = (findings.len(), count(&findings, Health::Bad));
        let text = match bad {
            0 => words::kept!("{all} things are as they must be, or serve"),
            _ => words::kept!("{bad} of {all} things are not as they must be"),
        };
        match Served::answer(text, serde_json::to_string(&findings).unwrap_or_default()) {
            Served::Done(mut outcome) => {
                let counts = [
                    (words::mark!("good"), Health::Good),
                    (words::mark!("with a risk"), Health::Risk),
                    (words::mark!("bad"), Health::Bad),
                ];
                let counted =
                    |(name, health): (&str, Health)| (name.to_owned(), count(&findings, health) as u64);
                outcome.counts = counts.map(counted).into();
                Served::Done(outcome)
            }
            other => other,
        }
    }
}

fn count(findings: &[Finding], health: Health) -> usize {
    findings.iter().filter(|finding| finding.health == health).count()
}

/// What was found by a wish for the doctor, in English; `None`: nothing yet, or it was forgotten after an hour.
///
/// # Errors
/// When Redis does not answer.
pub async fn findings_of(wishes: &Wishes, wish: &Wish) -> Result<Option<Vec<Finding>>, Error> {
    let WishKind::Doctor { .. } = wish.kind else {
        return Ok(None);
    };
    let answer = wishes.answer(&wish.id).await?;
    Ok(answer.and_then(|answer| serde_json::from_str(&answer).ok()))
}
