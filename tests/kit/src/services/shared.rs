//! The services of one test executable. `make test` gives all of them one pair; a test started by itself gets its own,
//! held by a `with-services` that ends when the executable does, however that happens: its standard input closes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use tokio::sync::OnceCell;

use crate::config::{ServicesArgs, binary};

/// Where the services shared by all tests of this executable are.
#[derive(Debug)]
pub struct Shared {
    /// The broker.
    pub amqp_url: String,
    /// Redis.
    pub redis_url: String,
    _holder: Option<Child>,
}

/// The pair named by the environment, else one that lives as long as this process.
pub async fn shared() -> anyhow::Result<&'static Shared> {
    static SHARED: OnceCell<Shared> = OnceCell::const_new();
    SHARED
        .get_or_try_init(|| async {
            let args = ServicesArgs::of_this_process();
            if let (Some(amqp_url), Some(redis_url)) = (args.amqp_url, args.redis_url) {
                return Ok(Shared {
                    amqp_url,
                    redis_url,
                    _holder: None,
                });
            }
            tokio::task::spawn_blocking(hold)
                .await
                .context("wait for the services")?
        })
        .await
}

fn hold() -> anyhow::Result<Shared> {
    let mut holder = Command::new(binary("with-services")?)
        .arg("--hold")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start with-services")?;
    let output = holder.stdout.take().context("read what with-services says")?;
    let (mut amqp_url, mut redis_url) = (None, None);
    for line in BufReader::new(output).lines() {
        let line = line.context("read what with-services says")?;
        match line.split_once('=') {
            Some(("AMQP_URL", url)) => amqp_url = Some(url.to_owned()),
            Some(("REDIS_URL", url)) => redis_url = Some(url.to_owned()),
            _ => {}
        }
        if let (Some(amqp_url), Some(redis_url)) = (&amqp_url, &redis_url) {
            let (amqp_url, redis_url) = (amqp_url.clone(), redis_url.clone());
            return Ok(Shared {
                amqp_url,
                redis_url,
                _holder: Some(holder),
            });
        }
    }
    bail!("with-services ended without saying where the services are; its message is above")
}
