//! A private Redis for tests of the scripts: no port, no disk, gone with its folder.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pipeline::retry::Backoff;
use pipeline::setting::Secret;
use pipeline::store::RedisConfig;
use pipeline::store::Store;

pub(crate) struct PrivateRedis {
    process: Child,
    folder: tempfile::TempDir,
}

impl PrivateRedis {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Self::spawn(&folder);
        let redis = Self { process, folder };
        redis.answers().await;
        redis
    }

    fn spawn(folder: &tempfile::TempDir) -> Child {
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(folder.path().join("redis.sock"))
            .arg("--dir")
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    async fn answers(&self) {
        let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(50));
        while self.store().ping().await.is_err() {
            backoff.wait().await;
        }
    }

    /// Kills the server and starts an empty one at the same address.
    pub(crate) async fn restart_empty(&mut self) {
        self.stop();
        self.process = Self::spawn(&self.folder);
        self.answers().await;
    }

    fn stop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }

    pub(crate) fn store(&self) -> Store {
        let url = Secret::new(format!(
            "unix://{}",
            self.folder.path().join("redis.sock").display()
        ));
        Store::connect(&RedisConfig {
            url,
            namespace: "t".parse().unwrap(),
            pool_size: 8,
            tls: Default::default(),
        })
        .unwrap()
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.stop();
    }
}
