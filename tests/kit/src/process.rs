//! One started program: its log file, its signals, and the promise that it does not outlive its handle.
//! Services and product binaries alike are run through this.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

const POLL: Duration = Duration::from_millis(20);

/// Whether a program gets a process group of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Its helpers end with it, and Ctrl-C at the terminal does not reach it: the program that started it ends it.
    Own,
    /// It ends with whatever ends its parent's group.
    Inherited,
}

/// A running program. Dropping it kills it and waits until it is gone.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    group: Group,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with both outputs appended to `log`.
    pub fn spawn(
        name: impl Into<String>,
        command: &mut Command,
        log: &Path,
        group: Group,
    ) -> anyhow::Result<Self> {
        let name = name.into();
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("open the log {}", log.display()))?;
        let errors = file.try_clone().context("share the log between both outputs")?;
        command.stdin(Stdio::null()).stdout(file).stderr(errors);
        if group == Group::Own {
            command.process_group(0);
        }
        let child = command
            .spawn()
            .with_context(|| format!("start {name} ({:?})", command.get_program()))?;
        Ok(Self {
            name,
            child,
            group,
            log: log.to_path_buf(),
        })
    }

    /// What the log and error messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its output goes.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Sends a signal to it alone; one that has ended already is no error.
    pub fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        if self.exited()?.is_some() {
            return Ok(());
        }
        kill_process(Pid::from_child(&self.child), signal).with_context(|| format!("signal {}", self.name))
    }

    /// Asks it to drain and end.
    pub fn sigterm(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Freezes it: alive for the kernel, dead for its peers.
    pub fn sigstop(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on after [`Process::sigstop`].
    pub fn sigcont(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    /// `kill -9`, for it and for the helpers in its group, and waits until it is gone.
    pub fn kill9(&mut self) -> anyhow::Result<()> {
        if self.exited()?.is_none() {
            let pid = Pid::from_child(&self.child);
            match self.group {
                Group::Own => kill_process_group(pid, Signal::KILL),
                Group::Inherited => kill_process(pid, Signal::KILL),
            }
            .with_context(|| format!("kill {}", self.name))?;
        }
        self.child
            .wait()
            .with_context(|| format!("wait for {}", self.name))?;
        Ok(())
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("ask whether {} still runs", self.name))
    }

    /// Waits for its end, at most `limit`.
    pub async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            if start.elapsed() > limit {
                bail!(
                    "{} (pid {}) did not end within {limit:?}; its log ends:\n{}",
                    self.name,
                    self.id(),
                    self.log_tail(20)
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Asks it to end, and kills it if it has not done so within `limit`.
    pub async fn stop(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        self.sigterm()?;
        if let Ok(status) = self.wait(limit).await {
            return Ok(status);
        }
        self.kill9()?;
        self.child
            .wait()
            .with_context(|| format!("wait for {}", self.name))
    }

    /// Everything it has said so far.
    pub fn log_text(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The last `lines` lines it said.
    pub fn log_tail(&self, lines: usize) -> String {
        tail(&self.log_text(), lines)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A failure here means it is gone already, and nothing is left to do.
        let _gone = self.kill9();
    }
}

/// The last `lines` lines of a text.
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
