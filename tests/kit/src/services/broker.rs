//! A private RabbitMQ node with an Erlang port mapper of its own, so that it meets no other node on the machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use lapin::{Connection, ConnectionProperties};

use super::install::BrokerPrograms;
use super::{READY, port};
use crate::process::{Group, Process, tail};

/// How often other ports are tried when another program took one between the choice and the broker's start.
const TRIES: usize = 3;

/// Settings that have no name in `rabbitmq.conf`; read when it exists.
const ADVANCED: &str = "advanced.config";

/// A RabbitMQ node of our own.
#[derive(Debug)]
pub struct RabbitMq {
    programs: BrokerPrograms,
    folder: PathBuf,
    ports: Ports,
    node: Process,
    // Dropped after the node, which is registered with it.
    _mapper: Process,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    amqp: u16,
    distribution: u16,
    mapper: u16,
}

impl RabbitMq {
    /// Starts one with its data in `folder` and waits until it completes an AMQP handshake.
    pub async fn start(programs: &BrokerPrograms, folder: &Path) -> anyhow::Result<Self> {
        let mut last = None;
        for attempt in 0..TRIES {
            match Self::try_start(programs, &folder.join(attempt.to_string())).await {
                Ok(broker) => return Ok(broker),
                Err(error) if format!("{error:#}").contains("eaddrinuse") => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("RabbitMQ was not started")))
    }

    async fn try_start(programs: &BrokerPrograms, folder: &Path) -> anyhow::Result<Self> {
        for part in ["home", "data", "log"] {
            std::fs::create_dir_all(folder.join(part)).context("make RabbitMQ's folders")?;
        }
        let [amqp, distribution, mapper] = port::free()?;
        let ports = Ports {
            amqp,
            distribution,
            mapper,
        };
        std::fs::write(folder.join("enabled_plugins"), "[].\n").context("write RabbitMQ's plugin list")?;
        std::fs::write(folder.join("rabbitmq.conf"), configuration(ports))
            .context("write RabbitMQ's settings")?;

        let mut epmd = programs.command(&programs.mapper);
        epmd.args(["-address", "127.0.0.1", "-port", &mapper.to_string()]);
        let mapper = Process::spawn("epmd", &mut epmd, &folder.join("epmd.log"), Group::Own)?;
        let node = spawn(programs, folder, ports)?;
        let mut broker = Self {
            programs: programs.clone(),
            folder: folder.to_path_buf(),
            ports,
            node,
            _mapper: mapper,
        };
        broker.ready().await?;
        Ok(broker)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.ports.amqp)
    }

    /// Whether a quorum queue would survive [`RabbitMq::kill`]: RabbitMQ 3.10 keeps the list of its quorum queues in a
    /// file that it saves half a second after the last change. Killed before that, it forgets the queue's log, confirmed
    /// messages included, and the queue never finds a leader again (measured; a clean stop is not affected).
    pub fn has_on_disk(&self, queue: &str) -> bool {
        self.is_listed("quorum", &format!("%2F_{queue}"))
    }

    /// The same for streams: what would be lost is the log of the one process that knows where all of them are.
    pub fn has_streams_on_disk(&self) -> bool {
        self.is_listed("coordination", "rabbit_stream_coordinator")
    }

    fn is_listed(&self, system: &str, name: &str) -> bool {
        let list = format!("data/okki@localhost/{system}/okki@localhost/names.dets");
        std::fs::read(self.folder.join(list))
            .is_ok_and(|bytes| bytes.windows(name.len()).any(|window| window == name.as_bytes()))
    }

    /// Queues whose processes crashed by themselves, as the node's log says.
    pub fn crashed_queues(&self) -> BTreeSet<String> {
        let log = std::fs::read(self.log_path()).unwrap_or_default();
        crashed_queues(&String::from_utf8_lossy(&log))
    }

    /// `kill -9` of the whole node.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.node.kill9()
    }

    /// Starts the node again on the same ports with the data that survived.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.start_again()?;
        self.ready().await
    }

    /// Starts the node again without the data of its quorum queues, of which it still knows the names: as after the loss of
    /// a disk, or of the other nodes that had them.
    pub async fn restart_without_queues(&mut self) -> anyhow::Result<()> {
        self.node.kill9()?;
        std::fs::remove_dir_all(self.folder.join("data/okki@localhost/quorum"))
            .context("remove the data of quorum queues")?;
        self.restart().await
    }

    /// Restarts with settings of the `rabbit` application, as Erlang terms: `{consumer_timeout, 4000}`.
    pub async fn restart_with(&mut self, terms: &str) -> anyhow::Result<()> {
        std::fs::write(self.folder.join(ADVANCED), format!("[{{rabbit, [{terms}]}}].\n"))
            .context("write RabbitMQ's settings")?;
        self.restart().await
    }

    /// Restarts without waiting until it answers.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.node.kill9()?;
        self.node = spawn(&self.programs, &self.folder, self.ports)?;
        Ok(())
    }

    /// Of the node's process, the script that starts the virtual machine.
    pub(crate) fn process_id(&self) -> u32 {
        self.node.id()
    }

    /// The node's process, for those who freeze it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.node
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        let url = self.url();
        loop {
            let handshake = Connection::connect(&url, ConnectionProperties::default());
            let problem = match tokio::time::timeout(Duration::from_secs(5), handshake).await {
                Ok(Ok(connection)) => {
                    connection
                        .close(200, "it answers".into())
                        .await
                        .context("end the first handshake")?;
                    return Ok(());
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer within 5 s".to_owned(),
            };
            if let Some(status) = self.node.exited()? {
                bail!(
                    "RabbitMQ ended at once ({status}); its log ends:\n{}",
                    self.log_tail()
                );
            }
            if start.elapsed() > READY {
                bail!(
                    "RabbitMQ does not answer ({problem}); its log ends:\n{}",
                    self.log_tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    /// Where the node writes its own log.
    pub fn log_path(&self) -> PathBuf {
        self.folder.join("log/okki@localhost.log")
    }

    /// The broker's own command, for this node.
    pub(super) fn control(&self) -> std::process::Command {
        let mut command = self
            .programs
            .command(&self.programs.server.with_file_name("rabbitmqctl"));
        of_node(&mut command, &self.folder, self.ports);
        command
    }

    fn log_tail(&self) -> String {
        let own = std::fs::read_to_string(self.log_path()).unwrap_or_default();
        format!("{}\n{}", tail(&own, 15), self.node.log_tail(15))
    }
}

fn spawn(programs: &BrokerPrograms, folder: &Path, ports: Ports) -> anyhow::Result<Process> {
    let mut command = programs.command(&programs.server);
    of_node(&mut command, folder, ports);
    command
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", ports.amqp.to_string())
        .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
        .env("RABBITMQ_MNESIA_BASE", folder.join("data"))
        .env("RABBITMQ_LOG_BASE", folder.join("log"))
        .env("ERL_CRASH_DUMP", folder.join("erl_crash.dump"))
        .env("RABBITMQ_PID_FILE", folder.join("pid"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled_plugins"))
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", folder.join(ADVANCED))
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "+S 2:2 +SDcpu 2:2 +SDio 4 +A 4",
        )
        // The start script replaces itself by the Erlang machine instead of watching over it, so that the process
        // started here is the broker itself; `-noinput` is what the script would have added otherwise.
        .env("RABBITMQ_ALLOW_INPUT", "true")
        .env("RABBITMQ_SERVER_START_ARGS", "-noinput +B i")
        .env_remove("NOTIFY_SOCKET");
    Process::spawn("rabbitmq", &mut command, &folder.join("rabbitmq.out"), Group::Own)
}

/// Which node is meant.
fn of_node(command: &mut std::process::Command, folder: &Path, ports: Ports) {
    command
        .env("HOME", folder.join("home"))
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", ports.mapper.to_string())
        .env("RABBITMQ_NODENAME", "okki@localhost")
        // The system's settings file would override all of this.
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null");
}

fn configuration(ports: Ports) -> String {
    // A small write-ahead log and a low disk limit: the node lives for minutes, on machines that have other work.
    format!(
        "listeners.tcp.1 = 127.0.0.1:{}\n\
         log.console = false\n\
         log.file.level = info\n\
         disk_free_limit.absolute = 50MB\n\
         raft.wal_max_size_bytes = 67108864\n",
        ports.amqp
    )
}

fn crashed_queues(log: &str) -> BTreeSet<String> {
    let queue = |line: &str| {
        let (_, named) = line.split_once("** State machine '%2F_")?;
        Some(named.split_once("' terminating")?.0.to_owned())
    };
    log.lines().filter_map(queue).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crashed_queue_is_named_once() {
        let log = "2026-11-24 02:28:48.249734+00:00 [error] <0.468.0> ** State machine '%2F_t.load' terminating\n\
                   2026-11-24 02:28:48.249734+00:00 [error] <0.468.0> ** Last event = {info,{ra_log_event,{}}}\n\
                   2026-11-24 02:28:48.812425+00:00 [error] <0.618.0> ** State machine '%2F_t.load' terminating\n";
        assert_eq!(crashed_queues(log).into_iter().collect::<Vec<_>>(), ["t.load"]);
    }
}
