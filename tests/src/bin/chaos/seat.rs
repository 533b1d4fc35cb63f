//! The place of one replica: whoever sits there may be killed, and is followed by the next, as under a supervisor.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use kit::harness::{Replica, Service, Settings};
use kit::process::Group;

/// How long an answer of an admin port is waited for; a frozen process gives none.
const ANSWER: Duration = Duration::from_secs(1);

/// Where one replica runs, dies and is replaced.
#[derive(Debug)]
pub struct Seat {
    pub service: Service,
    pub number: usize,
    incarnation: usize,
    replica: Replica,
    /// Its end is expected: it was asked to end, or meets the customer that kills it.
    doomed: bool,
    frozen: bool,
    /// When the next one starts, if nobody sits here.
    due: Option<Instant>,
}

impl Seat {
    /// Starts the first replica.
    pub fn take(service: Service, number: usize, settings: &Settings, folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            service,
            number,
            incarnation: 0,
            replica: start(service, number, 0, settings, folder)?,
            doomed: false,
            frozen: false,
            due: None,
        })
    }

    /// `kill -9`; the next one starts `later`.
    pub fn kill(&mut self, later: Duration) -> anyhow::Result<()> {
        self.replica.process().kill9()?;
        self.frozen = false;
        self.due.get_or_insert(Instant::now() + later);
        Ok(())
    }

    /// Asks it to drain; the next one starts when it has ended.
    pub fn terminate(&mut self) -> anyhow::Result<()> {
        self.doomed = true;
        self.replica.process().sigterm()
    }

    pub fn freeze(&mut self) -> anyhow::Result<()> {
        self.frozen = true;
        self.replica.process().sigstop()
    }

    pub fn thaw(&mut self) -> anyhow::Result<()> {
        self.frozen = false;
        self.replica.process().sigcont()
    }

    /// Notices an end and seats the next one when it is due; whether it did. An end that nobody caused is an error.
    pub fn supervise(&mut self, settings: &Settings, folder: &Path) -> anyhow::Result<bool> {
        if self.due.is_none() {
            let Some(status) = self.replica.process().exited()? else {
                return Ok(false);
            };
            if !self.doomed {
                let process = self.replica.process();
                bail!(
                    "{} ended by itself ({status}); its log ends:\n{}",
                    process.name(),
                    process.log_tail(25)
                );
            }
            self.due = Some(Instant::now());
        }
        let due = self.due.is_some_and(|due| due <= Instant::now());
        if due {
            self.incarnation += 1;
            self.replica = start(self.service, self.number, self.incarnation, settings, folder)?;
            // One that was told to die on a record may meet it at any later time.
            (self.doomed, self.frozen, self.due) = (settings.contains_key("FAILPOINT"), false, None);
        }
        Ok(due)
    }

    /// Whether its readiness probe says yes.
    pub async fn is_ready(&self) -> bool {
        if self.due.is_some() || self.frozen {
            return false;
        }
        let answer = tokio::time::timeout(ANSWER, self.replica.get("/readyz")).await;
        matches!(answer, Ok(Ok((200, _))))
    }

    /// What it says of itself, for a failure's explanation.
    pub async fn state(&self) -> String {
        match tokio::time::timeout(ANSWER, self.replica.get("/readyz")).await {
            Ok(Ok((status, body))) => format!("{}: {status} {body}", self.replica.name()),
            other => format!("{}: {other:?}", self.replica.name()),
        }
    }

    /// A gauge or counter of its metrics, summed over labels; `None` when it does not answer.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let answer = tokio::time::timeout(ANSWER, self.replica.get("/metrics")).await;
        let Ok(Ok((200, text))) = answer else { return None };
        let values = text
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix('{')?.rsplit(' ').next());
        Some(values.filter_map(|value| value.parse::<f64>().ok()).sum())
    }

    /// Asks it to end and waits until it has, with 0.
    pub async fn retire(&mut self, limit: Duration) -> anyhow::Result<()> {
        let status = self.replica.process().wait(limit).await?;
        anyhow::ensure!(
            status.success(),
            "{} ended with {status} after SIGTERM",
            self.replica.name()
        );
        Ok(())
    }
}

fn start(
    service: Service,
    number: usize,
    incarnation: usize,
    settings: &Settings,
    folder: &Path,
) -> anyhow::Result<Replica> {
    let name = format!("{}-{number}.{incarnation}", service.name());
    Replica::start(service, &name, settings, folder, Group::Own).with_context(|| format!("start {name}"))
}
