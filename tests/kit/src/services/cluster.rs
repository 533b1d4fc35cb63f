//! A Redis Cluster of three primaries with a replica each, for tests that kill the one that has their keys, or move them.

use anyhow::{Context, bail};
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

use super::cache::{PASSWORD, Redis};
use super::{READY, install, port};
use crate::redis_client;
use crate::wait::eventually;

const PRIMARIES: usize = 3;
const SLOTS: u16 = 16_384;

/// Six nodes.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Redis>,
    // After the processes.
    _folder: TempDir,
}

impl Cluster {
    /// Starts one and waits until every node says that it works.
    ///
    /// # Errors
    /// When a node does not start, or does not join.
    pub async fn start() -> anyhow::Result<Self> {
        let programs = install::programs(false, true).await?;
        let program = programs.redis.context("no Redis is installed")?;
        let folder = tempfile::Builder::new()
            .prefix("okki-cluster-")
            .tempdir()
            .context("make a folder for Redis")?;
        let mut nodes = Vec::new();
        for number in 0..2 * PRIMARIES {
            let [bus] = port::free()?;
            let settings = [
                ["--requirepass", PASSWORD],
                ["--masterauth", PASSWORD],
                ["--cluster-enabled", "yes"],
                ["--cluster-port", &bus.to_string()],
                ["--cluster-node-timeout", "3000"],
                ["--repl-diskless-sync-delay", "0"],
            ];
            let settings = settings.concat().iter().map(|text| (*text).to_owned()).collect();
            nodes.push(Redis::start_with(&program, &folder.path().join(number.to_string()), settings).await?);
        }
        let cluster = Self {
            nodes,
            _folder: folder,
        };
        cluster.join().await?;
        Ok(cluster)
    }

    /// What services are given: two of the nodes, whichever has their keys.
    pub fn url(&self) -> String {
        let [a, .., b] = &*self.nodes else {
            return String::new();
        };
        format!(
            "redis+cluster://:{PASSWORD}@127.0.0.1:{},127.0.0.1:{}",
            a.port(),
            b.port()
        )
    }

    /// The nodes; those of the first half were primaries at first.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
    }

    /// The node that has the keys with this hash tag now, by its index.
    ///
    /// # Errors
    /// When no node answers.
    pub async fn owner(&self, key: &str) -> anyhow::Result<usize> {
        for (index, node) in self.nodes.iter().enumerate() {
            let Ok(mut connection) = redis_client::connect(&node.url()).await else {
                continue;
            };
            let asked: redis::RedisResult<Option<String>> =
                redis::cmd("GET").arg(key).query_async(&mut connection).await;
            if asked.is_ok() {
                return Ok(index);
            }
        }
        bail!("no node has `{key}`")
    }

    /// Moves the slot of a key with all its keys to another primary, as an operator does who makes room.
    ///
    /// # Errors
    /// When a node refuses.
    pub async fn move_slot(&self, key: &str, to: usize) -> anyhow::Result<()> {
        let from = self.owner(key).await?;
        let mut source = self.connect(from).await?;
        let mut target = self.connect(to).await?;
        let slot: u16 = ask(&mut source, &["KEYSLOT", key]).await?;
        let (slot, old, new) = (slot.to_string(), id(&mut source).await?, id(&mut target).await?);
        ask::<()>(&mut target, &["SETSLOT", &slot, "IMPORTING", &old]).await?;
        ask::<()>(&mut source, &["SETSLOT", &slot, "MIGRATING", &new]).await?;
        loop {
            let keys: Vec<String> = ask(&mut source, &["GETKEYSINSLOT", &slot, "1000"]).await?;
            if keys.is_empty() {
                break;
            }
            let mut migrate = redis::cmd("MIGRATE");
            migrate
                .arg("127.0.0.1")
                .arg(self.nodes[to].port())
                .arg("")
                .arg(0)
                .arg(5_000);
            migrate.arg("AUTH").arg(PASSWORD).arg("KEYS").arg(keys);
            migrate.exec_async(&mut source).await?;
        }
        ask::<()>(&mut target, &["SETSLOT", &slot, "NODE", &new]).await?;
        ask::<()>(&mut source, &["SETSLOT", &slot, "NODE", &new]).await
    }

    async fn connect(&self, index: usize) -> anyhow::Result<MultiplexedConnection> {
        redis_client::connect(&self.nodes[index].url()).await
    }

    async fn join(&self) -> anyhow::Result<()> {
        let mut first = self.connect(0).await?;
        for node in &self.nodes[1..] {
            // The port of the bus is not the usual one.
            let mut other = redis_client::connect(&node.url()).await?;
            let own: Vec<String> = redis::cmd("CONFIG")
                .arg("GET")
                .arg("cluster-port")
                .query_async(&mut other)
                .await?;
            let bus = own.last().cloned().unwrap_or_default();
            ask::<()>(&mut first, &["MEET", "127.0.0.1", &node.port().to_string(), &bus]).await?;
        }
        let share = SLOTS / PRIMARIES as u16;
        for index in 0..PRIMARIES {
            let from = share * index as u16;
            let to = if index + 1 == PRIMARIES {
                SLOTS - 1
            } else {
                from + share - 1
            };
            let mut node = self.connect(index).await?;
            ask::<()>(&mut node, &["ADDSLOTSRANGE", &from.to_string(), &to.to_string()]).await?;
        }
        for index in PRIMARIES..self.nodes.len() {
            let (node, mut primary) = (self.connect(index).await?, self.connect(index - PRIMARIES).await?);
            let primary = id(&mut primary).await?;
            eventually(READY, "a node that knows its primary", async || {
                let replicated = ask::<()>(&mut node.clone(), &["REPLICATE", &primary]).await;
                replicated.map_err(|error| format!("{error:#}"))
            })
            .await;
        }
        eventually(READY, "a cluster that works", async || {
            self.works().await.map_err(|error| format!("{error:#}"))
        })
        .await;
        Ok(())
    }

    async fn works(&self) -> anyhow::Result<()> {
        for index in 0..self.nodes.len() {
            let mut node = self.connect(index).await?;
            let info: String = ask(&mut node, &["INFO"]).await?;
            let known = format!("cluster_known_nodes:{}", self.nodes.len());
            if !info.contains("cluster_state:ok") || !info.contains(&known) {
                bail!("{info}");
            }
            let replication: String = redis::cmd("INFO")
                .arg("replication")
                .query_async(&mut node)
                .await?;
            let linked = index < PRIMARIES && replication.contains("connected_slaves:1");
            if !linked && !replication.contains("master_link_status:up") {
                bail!("{replication}");
            }
        }
        Ok(())
    }
}

async fn ask<T: redis::FromRedisValue>(
    node: &mut MultiplexedConnection,
    words: &[&str],
) -> anyhow::Result<T> {
    let mut command = redis::cmd("CLUSTER");
    for word in words {
        command.arg(*word);
    }
    Ok(command.query_async(node).await?)
}

async fn id(node: &mut MultiplexedConnection) -> anyhow::Result<String> {
    ask(node, &["MYID"]).await
}
