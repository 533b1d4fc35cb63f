//! What parts of the process report, and what each report means to people.

use super::{
    channel::Channel,
    config::AlertConfig,
    memory::Memory,
    notifier::Notifier,
    problem::{Event, Origin, Problem, Severity},
};
use crate::{
    gate::Pause,
    http::{self, HttpConfig},
    names::Namespace,
    shutdown::Shutdown,
    stage::Stage,
    store::Store,
    telemetry::names,
    tls::TlsFiles,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// By how much replicas may disagree about an age without ending each other's problems.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
/// Events that may wait for the notifier; a problem that finds no room is raised again by the part that still has it.
const ROOM: usize = 256;

/// Raises and clears problems; cheap to clone. Without a receiver it does nothing.
#[derive(Clone, Default)]
pub struct Alerts {
    sender: Option<mpsc::Sender<Event>>,
    limits: Arc<AlertConfig>,
}

impl Alerts {
    /// Starts the notifier, if there is a receiver.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn start(
        config: &AlertConfig,
        store: Store,
        namespace: &Namespace,
        origin: Origin,
        shutdown: Shutdown,
        tls: &TlsFiles,
    ) -> Result<Self, http::Error> {
        let limits = Arc::new(config.clone());
        let Some(receiver) = config.receiver.clone() else {
            return Ok(Self { sender: None, limits });
        };
        // Elsewhere a notice would be asked for with GET, and be lost.
        let client = http::Client::without_redirects(HttpConfig {
            connect_timeout: Duration::from_secs(5),
            tls: tls.clone(),
        })?;
        let (sender, events) = mpsc::channel(ROOM);
        let memory = Memory::new(store, namespace.clone(), config.every);
        let notifier = Notifier::new(Channel::new(receiver, client), memory, origin);
        tokio::spawn(notifier.run(events, shutdown));
        Ok(Self {
            sender: Some(sender),
            limits,
        })
    }

    /// Reports a problem; one that is known already changes nothing.
    pub fn raise(&self, problem: Problem) {
        self.send(Event::Raised(problem));
    }

    /// Reports that every problem whose key begins like this is over.
    pub fn clear(&self, prefix: impl Into<String>) {
        self.send(Event::Cleared(prefix.into()));
    }

    /// Reports that a problem is over, whichever process has notified people of it: it ends for every replica that has raised
    /// it before.
    pub fn over(&self, problem: Problem) {
        self.send(Event::Over(problem));
    }

    /// A stage that does no work.
    pub fn paused(&self, reason: Pause, detail: &str) {
        let (severity, patience) = match reason {
            Pause::Credentials | Pause::Configuration => (Severity::Critical, Duration::ZERO),
            Pause::Quota => (Severity::Warning, Duration::ZERO),
            _ => (Severity::Warning, self.limits.after),
        };
        self.raise(Problem {
            key: format!("paused:{}", reason.name()),
            severity,
            summary: words::said(reason.summary()).to_owned(),
            detail: detail.to_owned(),
            patience,
        });
    }

    /// A record that was given up; one notice per group.
    pub fn dead(&self, stage: Stage, code: &str, field: Option<&str>, message: &str) {
        let field = field.map(|field| format!(":{field}")).unwrap_or_default();
        self.raise(Problem {
            key: format!("dead:{stage}:{code}{field}"),
            severity: Severity::Warning,
            summary: words::tr!("dead letters in {stage}: {code}"),
            detail: words::tr!("for instance: {message}; see the `dead groups` command of the stage"),
            patience: Duration::ZERO,
        });
    }

    /// Shows the limits that rules outside of the process compare with, too.
    pub(crate) fn show_limits(&self) {
        metrics::gauge!(names::CHECKPOINT_LIMIT).set(self.limits.checkpoint_age.as_secs_f64());
    }

    /// So many dead letters of a stage are a problem of their own.
    pub(crate) fn dead_letter_limit(&self) -> u32 {
        self.limits.dead_letters
    }

    /// How many dead letters a stage has; half of the limit ends the problem that they are too many, none ends every problem about them.
    pub fn dead_letters(&self, stage: Stage, count: u32) {
        if count == 0 {
            self.clear(format!("dead:{stage}:"));
            self.clear(format!("dead-letters:{stage}"));
        } else if count <= self.limits.dead_letters / 2 {
            self.clear(format!("dead-letters:{stage}"));
        } else if count >= self.limits.dead_letters {
            self.raise(Problem {
                key: format!("dead-letters:{stage}"),
                severity: Severity::Warning,
                summary: words::tr!("{stage}: {} or more dead letters", self.limits.dead_letters),
                detail: words::tr!("browse them with the `dead groups` command of the stage, repair, replay"),
                patience: Duration::ZERO,
            });
        }
    }

    /// A rule for dead letters that has switched itself off, and why; `None`: it helps.
    pub fn rule_stopped(&self, stage: Stage, rule: &str, why: Option<&str>) {
        let problem = Problem {
            key: format!("replay-rule:{stage}:{rule}"),
            severity: Severity::Warning,
            summary: words::tr!("the replay rule {rule} of {stage} has switched itself off"),
            detail: why.map_or_else(String::new, |why| {
                words::tr!("{why}; `dead rule on {rule}` of the stage switches it on again")
            }),
            patience: Duration::ZERO,
        };
        self.send(match why {
            Some(_) => Event::Raised(problem),
            None => Event::Over(problem),
        });
    }

    /// A run that could not go on.
    pub fn run_failed(&self, job: &str, error: &str) {
        self.raise(run_failed(job, error));
    }

    /// A run that came to its end, here or in a later process than the one that notified of the failure.
    pub fn run_ended(&self, job: &str) {
        self.send(Event::Over(run_failed(job, "")));
    }

    /// Waits until people were notified of everything reported so far, for a process that ends; at most for `patience`.
    pub async fn flush(&self, patience: Duration) {
        let Some(sender) = &self.sender else { return };
        let (done, all) = oneshot::channel();
        let flushed = async {
            if sender.send(Event::Flush(done)).await.is_ok() {
                drop(all.await);
            }
        };
        if tokio::time::timeout(patience, flushed).await.is_err() {
            tracing::warn!("notices were not delivered in time");
        }
    }

    /// How long ago the last complete listing window ended; before the first one, how long it has been waited for.
    ///
    /// Every replica that polls the age may report it: an age within the limit also ends the problem that an earlier
    /// process has notified people of.
    pub fn checkpoint_age(&self, age: Duration) {
        let limit = self.limits.checkpoint_age;
        let problem = Problem {
            key: "checkpoint-stale".to_owned(),
            severity: Severity::Critical,
            summary: words::tr!("no complete listing for more than {limit:?}"),
            detail: words::tr!(
                "changes in the CRM do not arrive; see `extractor status` and the extractor's log"
            ),
            patience: Duration::ZERO,
        };
        // Every replica has a clock of its own: in between none of them says anything, or one that is behind would end
        // what another one has just raised.
        let clearly_within = age.saturating_add(CLOCKS_DIFFER.min(limit / 10)) <= limit;
        if age > limit {
            self.send(Event::Raised(problem));
        } else if clearly_within {
            self.send(Event::Over(problem));
        }
    }

    /// A checkpoint that lies in the future, with what is known of it, or that it does not.
    pub fn checkpoint_ahead(&self, detail: Option<String>) {
        let is_ahead = detail.is_some();
        let problem = Problem {
            key: "checkpoint-ahead".to_owned(),
            severity: Severity::Critical,
            summary: words::tr!("the checkpoint lies in the future, nothing is listed"),
            detail: detail.unwrap_or_default(),
            patience: Duration::ZERO,
        };
        self.send(match is_ahead {
            true => Event::Raised(problem),
            false => Event::Over(problem),
        });
    }

    /// How many customers have turned out of late to be listed and not shown; none ends the problem.
    pub fn customers_missing(&self, count: u64) {
        /// A few are deleted between listing and fetching.
        const MANY: u64 = 5;
        let problem = Problem {
            key: "customers-missing".to_owned(),
            severity: Severity::Warning,
            summary: words::tr!("the CRM lists customers that it does not show"),
            detail: words::tr!(
                "{count} within the hour; see `extractor status`, and whether the application still has its privileges; \
                 they are asked for again by the remedy run"
            ),
            patience: Duration::ZERO,
        };
        if count >= MANY {
            self.raise(problem);
        } else if count == 0 {
            self.send(Event::Over(problem));
        }
    }

    /// Why the broker takes no events, or that it does again.
    pub(crate) fn events(&self, trouble: Option<&str>) {
        let Some(trouble) = trouble else {
            return self.clear("events");
        };
        self.raise(Problem {
            key: "events".to_owned(),
            severity: Severity::Warning,
            summary: words::tr!("the broker takes no events"),
            detail: words::tr!(
                "{trouble}; the work goes on, but nobody can see what became of customers meanwhile"
            ),
            patience: self.limits.after,
        });
    }

    /// How many customers the account misses.
    pub fn account_off(&self, difference: u64, first: Option<&str>) {
        if difference == 0 {
            return self.clear("books-off");
        }
        self.raise(Problem {
            key: "books-off".to_owned(),
            severity: Severity::Critical,
            summary: words::tr!("the account is off"),
            detail: words::tr!(
                "off by {difference}: {}; run `loader books`",
                first.unwrap_or(words::text!("no detail"))
            ),
            patience: Duration::ZERO,
        });
    }

    fn send(&self, event: Event) {
        if let Some(sender) = &self.sender
            && let Err(error) = sender.try_send(event)
        {
            tracing::debug!(%error, "notice has to wait");
        }
    }
}

fn run_failed(job: &str, error: &str) -> Problem {
    Problem {
        key: format!("run-failed:{job}"),
        severity: Severity::Warning,
        summary: words::tr!("the {job} run stopped and will be taken up"),
        detail: error.to_owned(),
        patience: Duration::ZERO,
    }
}
