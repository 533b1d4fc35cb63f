//! What is done when every write of a kind is refused: the stage pauses, or only that kind of write waits while others
//! succeed, and a few are tried now and then.

use std::time::{Duration, Instant};

use pipeline::alert::{Problem, Severity};
use pipeline::gate::Pause;
use pipeline::retry::Backoff;
use pipeline::service::Runtime;
use serde_json::{Map, Value};

use crate::breaker::Narrowed;
use crate::jdy::types::Refusal;
use crate::ledger::Kind;
use crate::vendor::{Vendor, pause_for};

/// How often what is held is told.
const TELL_EVERY: Duration = Duration::from_secs(2);

impl Vendor {
    pub(super) fn doubt_everything(&self, kind: Kind, refusal: &Refusal) {
        let (pause, detail) = (pause_for(refusal), detail(kind, refusal));
        // Closing once more would end the trial that this may be a part of.
        if self.breaker.trip(kind, pause, &detail) {
            tracing::error!(
                code = refusal.label(),
                refusal = refusal.describe(),
                "writes are refused one after the other, so that it is not about the rows"
            );
            self.pause_until_written(kind, pause, detail);
        }
    }

    /// Pauses until a request of this kind has succeeded. Now and then a few are let through.
    pub(super) fn pause_until_written(&self, kind: Kind, pause: Pause, detail: String) {
        match self.breaker.narrow(kind) {
            Narrowed::Now => return self.try_narrow(kind),
            Narrowed::Before => return,
            Narrowed::Not => {}
        }
        let vendor = self.clone();
        self.gate.close_until(pause, detail, move || {
            let vendor = vendor.clone();
            async move {
                // While nothing works at all no row is spent on it.
                if !vendor.works().await {
                    return false;
                }
                // In this order: whoever finds the gate open finds a permit.
                let trial = vendor.breaker.begin_trial(kind);
                vendor.gate.try_out(pause, true);
                let over = vendor.breaker.end_of(trial, kind).await;
                if !over {
                    vendor.gate.try_out(pause, false);
                }
                over
            }
        });
    }

    /// A request has written something.
    pub(super) fn wrote(&self, kind: Kind, sent: Instant) {
        if let Some(pause) = self.breaker.succeeded(kind, sent) {
            self.gate.open(pause);
        }
        for (other, pause) in self.breaker.narrow_others(kind) {
            // This one works, so nothing but the other one has to wait.
            self.gate.open(pause);
            self.try_narrow(other);
        }
    }

    /// Lets a few requests of this kind through now and then, with growing waits, until one of them has succeeded.
    fn try_narrow(&self, kind: Kind) {
        let vendor = self.clone();
        tokio::spawn(async move {
            let mut backoff = Backoff::default();
            while vendor.breaker.is_narrow(kind) {
                tokio::select! {
                    () = tokio::time::sleep(backoff.next_delay()) => {}
                    () = vendor.stopping.over() => return,
                }
                let trial = vendor.breaker.begin_trial(kind);
                if vendor.breaker.end_of(trial, kind).await {
                    return;
                }
            }
        });
    }
}

/// Tells people which kind of write is held while the others go on, until the process ends.
pub(crate) async fn tell_held(vendor: Vendor, runtime: Runtime) {
    let mut told: Vec<Kind> = Vec::new();
    while runtime.shutdown.sleep(TELL_EVERY).await {
        let held = vendor.breaker.held();
        let shown = held
            .iter()
            .map(|(kind, why)| (what(*kind).to_owned(), Value::from(why.as_str())));
        runtime
            .status
            .set("held", Value::Object(shown.collect::<Map<_, _>>()));
        for kind in told
            .iter()
            .filter(|kind| !held.iter().any(|(now, _)| now == *kind))
        {
            runtime.alerts.over(problem(*kind, ""));
        }
        for (kind, why) in &held {
            runtime.alerts.raise(problem(*kind, why));
        }
        told = held.into_iter().map(|(kind, _)| kind).collect();
    }
}

fn problem(kind: Kind, why: &str) -> Problem {
    let what = what(kind);
    Problem {
        key: format!("held:{}", what.replace(' ', "-")),
        severity: Severity::Critical,
        summary: words::tr!("every {what} is refused and waits, everything else goes on"),
        detail: why.to_owned(),
        patience: Duration::ZERO,
    }
}

fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => words::text!("new row"),
        Kind::Update => "update",
        Kind::Remove => "removal",
    }
}

/// For `/readyz` and the notice: what is refused, and what to do.
fn detail(kind: Kind, refusal: &Refusal) -> String {
    let what = what(kind);
    match pause_for(refusal) {
        Pause::Outage if refusal.is_answer() => words::tr!(
            "Jiandaoyun puts every {what} off with {}; another program may use up the limits of the account; some are \
             tried now and then",
            refusal.describe()
        ),
        Pause::Outage => words::tr!(
            "Jiandaoyun does not answer: every {what} ends in {}, although queries are answered; some are tried now \
             and then",
            refusal.message
        ),
        _ => words::tr!(
            "Jiandaoyun refuses every {what} with {}; put form, key or plan right, or ask its support: some rows are \
             tried now and then, nothing is lost, and work goes on by itself",
            refusal.describe()
        ),
    }
}
