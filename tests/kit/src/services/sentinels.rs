//! A Redis with a replica and three sentinels, for tests that kill the master. All of them ask for passwords.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

use super::cache::{PASSWORD, Redis};
use super::{READY, install, port};
use crate::process::{Group, Process};
use crate::redis_client;
use crate::wait::{eventually, expect};

/// What the sentinels call the master.
const MASTER: &str = "okki-main";
const OF_SENTINELS: &str = "s3cret-of-sentinels";

/// Two servers, one of which is the master, and those who watch over it.
#[derive(Debug)]
pub struct Sentinels {
    servers: Vec<Redis>,
    ports: [u16; 3],
    watchers: Vec<Process>,
    // After the processes: a folder can only be removed when no process writes into it any more.
    _folder: TempDir,
}

impl Sentinels {
    /// Starts them, and waits until the sentinels know each other and the replica.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let programs = install::programs(false, true).await?;
        let program = programs.redis.context("no Redis is installed")?;
        let folder = tempfile::Builder::new()
            .prefix("okki-sentinels-")
            .tempdir()
            .context("make a folder for Redis")?;
        let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let passwords = words(&[
            "--requirepass",
            PASSWORD,
            "--masterauth",
            PASSWORD,
            "--repl-diskless-sync-delay",
            "0",
        ]);
        let master = Redis::start_with(&program, &folder.path().join("a"), passwords.clone()).await?;
        let mut of_replica = passwords;
        of_replica.extend(words(&["--replicaof", "127.0.0.1", &master.port().to_string()]));
        let replica = Redis::start_with(&program, &folder.path().join("b"), of_replica).await?;
        let ports = port::free()?;
        let watchers = ports
            .iter()
            .map(|port| watcher(&program, folder.path(), *port, master.port()))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let set = Self {
            servers: vec![master, replica],
            ports,
            watchers,
            _folder: folder,
        };
        eventually(
            READY,
            "sentinels that know each other and a replica",
            async || set.known().await.map_err(|error| format!("{error:#}")),
        )
        .await;
        Ok(set)
    }

    /// What services are given: `user:password` of the servers, or nothing for those of their administrator.
    pub fn url(&self, user: &str) -> String {
        let own = format!(":{PASSWORD}");
        let user = if user.is_empty() { &own } else { user };
        let [a, b, c] = self.ports;
        format!(
            "redis+sentinel://{user}@127.0.0.1:{a},127.0.0.1:{b},127.0.0.1:{c}/{MASTER}/0?sentinel_password={OF_SENTINELS}"
        )
    }

    /// Where the servers listen, the first master first.
    pub fn servers(&mut self) -> &mut [Redis] {
        &mut self.servers
    }

    /// The sentinels' processes.
    pub fn watchers(&mut self) -> &mut [Process] {
        &mut self.watchers
    }

    /// Waits until the sentinels name the server of this index as the master, and it says so itself.
    pub async fn led_by(&self, index: usize) {
        let port = self.servers[index].port();
        eventually(READY, "another master", async || {
            let role: anyhow::Result<(u16, String)> = async {
                let (_, master): (String, u16) = self.ask("get-master-addr-by-name").await?;
                let mut server = redis_client::connect(&self.servers[index].url()).await?;
                let info: String = redis::cmd("INFO")
                    .arg("replication")
                    .query_async(&mut server)
                    .await?;
                Ok((master, info))
            }
            .await;
            let (master, info) = role.map_err(|error| format!("{error:#}"))?;
            expect(master == port && info.contains("role:master"), || {
                format!("{master} is the master, not {port}: {info}")
            })
        })
        .await;
    }

    async fn ask<T: redis::FromRedisValue>(&self, what: &str) -> anyhow::Result<T> {
        let mut last = None;
        for port in self.ports {
            let asked = async {
                let mut sentinel = sentinel(port).await?;
                let mut command = redis::cmd("SENTINEL");
                command.arg(what).arg(MASTER);
                Ok::<T, anyhow::Error>(command.query_async(&mut sentinel).await?)
            };
            match asked.await {
                Ok(answer) => return Ok(answer),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no sentinel")))
    }

    async fn known(&self) -> anyhow::Result<()> {
        for port in self.ports {
            let mut sentinel = sentinel(port).await?;
            for (what, count) in [("sentinels", 2), ("replicas", 1)] {
                let mut command = redis::cmd("SENTINEL");
                let known: Vec<redis::Value> =
                    command.arg(what).arg(MASTER).query_async(&mut sentinel).await?;
                if known.len() != count {
                    bail!("{} {what} are known at {port}", known.len());
                }
            }
        }
        let mut replica = redis_client::connect(&self.servers[1].url()).await?;
        let info: String = redis::cmd("INFO")
            .arg("replication")
            .query_async(&mut replica)
            .await?;
        match info.contains("master_link_status:up") {
            true => Ok(()),
            false => bail!("the replica is not in touch: {info}"),
        }
    }
}

async fn sentinel(port: u16) -> anyhow::Result<MultiplexedConnection> {
    redis_client::connect(&format!("redis://:{OF_SENTINELS}@127.0.0.1:{port}")).await
}

fn watcher(program: &Path, folder: &Path, port: u16, master: u16) -> anyhow::Result<Process> {
    let own = folder.join(port.to_string());
    std::fs::create_dir_all(&own).context("make a folder for a sentinel")?;
    let settings = own.join("sentinel.conf");
    // A sentinel writes what it learns into its own settings.
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\nrequirepass {OF_SENTINELS}\nsentinel sentinel-pass {OF_SENTINELS}\n\
         sentinel monitor {MASTER} 127.0.0.1 {master} 2\nsentinel auth-pass {MASTER} {PASSWORD}\n\
         sentinel down-after-milliseconds {MASTER} 2000\nsentinel failover-timeout {MASTER} 5000\n",
        own.display()
    );
    std::fs::write(&settings, text).context("write a sentinel's settings")?;
    let mut command = Command::new(program);
    command.arg(&settings).arg("--sentinel");
    Process::spawn("sentinel", &mut command, &own.with_extension("log"), Group::Own)
}
