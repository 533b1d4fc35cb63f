//! One replica of one of the three services: the real binary, as a process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context;
use pipeline::stage::Stage;

use super::settings::Settings;
use crate::config::binary;
use crate::process::{Group, Process};
use crate::wait::eventually;

/// How long a loaded machine may take until a process has bound its port, or until it is ready.
const STARTED: Duration = Duration::from_secs(60);
/// How long an answer of an admin port is waited for; a frozen process gives none.
const ANSWER: Duration = Duration::from_secs(1);

/// The three services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Lists customers and fetches their details.
    Extractor,
    /// Maps them.
    Transformer,
    /// Writes them.
    Loader,
}

impl Service {
    /// All of them in flow order.
    pub const ALL: [Self; 3] = [Self::Extractor, Self::Transformer, Self::Loader];

    /// Its binary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Extractor => "extractor",
            Self::Transformer => "transformer",
            Self::Loader => "loader",
        }
    }

    /// The stage it consumes.
    pub const fn stage(self) -> Stage {
        match self {
            Self::Extractor => Stage::Extract,
            Self::Transformer => Stage::Transform,
            Self::Loader => Stage::Load,
        }
    }
}

/// A running replica.
#[derive(Debug)]
pub struct Replica {
    /// Which service it is.
    pub service: Service,
    process: Process,
    http: reqwest::Client,
    admin: OnceLock<SocketAddr>,
    killed: bool,
}

impl Replica {
    /// Starts `<service> run` with these settings; its log is `<name>.log` in `folder`.
    pub(super) fn start(
        service: Service,
        name: &str,
        settings: &Settings,
        folder: &Path,
        group: Group,
    ) -> anyhow::Result<Self> {
        let mut command = command(service, settings)?;
        command.arg("run");
        let process = Process::spawn(name, &mut command, &folder.join(format!("{name}.log")), group)?;
        Ok(Self {
            service,
            process,
            http: crate::http::client(),
            admin: OnceLock::new(),
            killed: false,
        })
    }

    /// The process: its signals, its end, its log.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// `kill -9`: it gets no chance to finish anything.
    pub fn kill9(&mut self) {
        self.killed = true;
        self.process.kill9().expect("kill a replica");
    }

    /// Whether [`Replica::kill9`] ended it.
    pub fn killed(&self) -> bool {
        self.killed
    }

    /// Everything it has said so far.
    pub fn log(&self) -> String {
        self.process.log_text()
    }

    /// Its name in logs and messages.
    pub fn name(&self) -> &str {
        self.process.name()
    }

    /// Where its admin port is, as its log says.
    pub async fn admin(&self) -> SocketAddr {
        if let Some(address) = self.admin.get() {
            return *address;
        }
        let what = format!("{} says where its admin port is", self.name());
        let address = eventually(STARTED, &what, async || {
            admin_address(&self.log()).ok_or_else(|| format!("its log ends:\n{}", self.process.log_tail(10)))
        })
        .await;
        *self.admin.get_or_init(|| address)
    }

    /// The answer of a path of its admin port: status and body.
    pub async fn get(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let answer = self
            .http
            .get(format!("http://{}{path}", self.admin().await))
            .send()
            .await?;
        let status = answer.status().as_u16();
        Ok((
            status,
            answer.text().await.context("read the admin port's answer")?,
        ))
    }

    /// Whether `/readyz` says yes now.
    pub async fn is_ready(&self) -> bool {
        let answer = tokio::time::timeout(ANSWER, self.get("/readyz")).await;
        matches!(answer, Ok(Ok((200, _))))
    }

    /// What it says of its readiness, for the explanation of a failure.
    pub async fn state(&self) -> String {
        match tokio::time::timeout(ANSWER, self.get("/readyz")).await {
            Ok(Ok((status, body))) => format!("{}: {status} {body}", self.name()),
            other => format!("{}: {other:?}", self.name()),
        }
    }

    /// A gauge or counter of its metrics, summed over labels; `None` when it does not answer.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        self.series(name, &[]).await
    }

    /// The sum of all series of a metric that have these labels, `None` when the replica does not answer or has none.
    pub async fn series(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let answer = tokio::time::timeout(ANSWER, self.get("/metrics")).await;
        let Ok(Ok((200, text))) = answer else { return None };
        let wanted: Vec<_> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        let is_it = |line: &&str| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
                && wanted.iter().all(|label| line.contains(label.as_str()))
        };
        let found: Vec<f64> = text
            .lines()
            .filter(is_it)
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
            .collect();
        (labels.is_empty() || !found.is_empty()).then(|| found.iter().sum())
    }

    /// Waits until `/readyz` says yes.
    pub async fn ready(&self) {
        eventually(
            STARTED,
            &format!("{} is ready", self.name()),
            async || match self.get("/readyz").await {
                Ok((200, _)) => Ok(()),
                other => Err(format!("{other:?}; its log ends:\n{}", self.process.log_tail(10))),
            },
        )
        .await;
    }

    /// Waits until `/readyz` says no for a reason that contains `reason`, with `/livez` still saying yes.
    pub async fn pauses_for(&self, reason: &str) {
        let what = format!("{} is alive but not ready because of {reason}", self.name());
        eventually(STARTED, &what, async || {
            match (self.get("/livez").await, self.get("/readyz").await) {
                (Ok((200, _)), Ok((503, body))) if body.contains(reason) => Ok(()),
                other => Err(format!("{other:?}; its log ends:\n{}", self.process.log_tail(10))),
            }
        })
        .await;
    }
}

/// The service's binary with exactly these settings, for subcommands other than `run`.
pub fn command(service: Service, settings: &Settings) -> anyhow::Result<Command> {
    let mut command = Command::new(binary(service.name())?);
    // English, unless a test asks for another language: not what the developer's machine speaks.
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("OKKI_LANG", "en")
        .envs(settings);
    Ok(command)
}

fn admin_address(log: &str) -> Option<SocketAddr> {
    log.lines()
        .filter(|line| line.contains("admin listening"))
        .find_map(|line| {
            let json: serde_json::Value = serde_json::from_str(line).ok()?;
            let field = json.get("addr").or_else(|| json.get("fields")?.get("addr"))?;
            field.as_str()?.parse().ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_address_is_found_in_both_shapes_of_json_logs() {
        let noise = "not json\n{\"message\":\"broker connected\"}\n";
        for line in [
            r#"{"level":"INFO","fields":{"message":"admin listening","addr":"127.0.0.1:4711"}}"#,
            r#"{"level":"INFO","message":"admin listening","addr":"127.0.0.1:4711"}"#,
        ] {
            assert_eq!(
                admin_address(&format!("{noise}{line}")),
                Some(([127, 0, 0, 1], 4711).into())
            );
        }
        assert_eq!(admin_address(noise), None);
    }
}
