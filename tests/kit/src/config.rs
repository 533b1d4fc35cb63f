//! The settings of everything in this crate, and the only file of it that reads the process's environment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that lacks its services cannot go on"
)]

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use pipeline::{
    config::{CommonArgs, CommonConfig},
    store::RedisConfig,
};

/// Where the broker and Redis are. What is not named here is started privately.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServicesArgs {
    /// RabbitMQ to use instead of a private one, e.g. amqp://guest:guest@127.0.0.1:5672/%2f
    #[arg(long, env = "AMQP_URL", hide_env_values = true)]
    pub amqp_url: Option<String>,
    /// Redis to use instead of a private one, e.g. redis://127.0.0.1:6379/0
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,
}

impl ServicesArgs {
    /// The surroundings of a test executable, whose own arguments belong to the test runner.
    pub fn of_this_process() -> Self {
        #[derive(clap::Parser)]
        struct Surroundings {
            #[command(flatten)]
            services: ServicesArgs,
        }
        <Surroundings as clap::Parser>::parse_from(["test"]).services
    }
}

/// The root of another Debian, whose RabbitMQ is started instead of this system's (`tests/rabbitmq4`, `make test BROKER=4`).
pub fn broker_root() -> Option<PathBuf> {
    let root = std::env::var_os("BROKER_ROOT").filter(|root| !root.is_empty());
    root.map(PathBuf::from)
}

/// The product's binary of that name beside this executable (`target/<profile>/`), wherever cargo put this one.
pub fn binary(name: &str) -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe().context("find this executable")?;
    let mut folder = here.parent().unwrap_or(Path::new("."));
    if folder.ends_with("deps") {
        folder = folder.parent().unwrap_or(folder);
    }
    let path = folder.join(name);
    ensure!(
        path.is_file(),
        "{} is not built; run `cargo build --workspace --bins` (`make test` and `make demo` do)",
        path.display()
    );
    Ok(path)
}

/// The repository's root, where documents and manifests live.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new("."))
        .to_path_buf()
}

/// The mapping that tests and the demo run with: the 轻易云 target document as its authors wrote it.
pub fn mapping_document() -> String {
    repository()
        .join("transformer/mappings/seed.json")
        .display()
        .to_string()
}

#[derive(clap::Parser)]
struct Surroundings {
    #[command(flatten)]
    common: CommonArgs,
}

fn parsed(args: &[&str]) -> CommonConfig {
    let common = <Surroundings as clap::Parser>::parse_from(args).common;
    CommonConfig::try_from(common).expect("AMQP_URL and REDIS_URL must be set: run `make test`")
}

/// Settings with a namespace of the test's own and retry delays that pass in no time.
///
/// # Panics
/// Without a broker and Redis: `make test` starts them.
pub fn common(namespace: &str) -> CommonConfig {
    parsed(&[
        "test",
        "--namespace",
        namespace,
        "--retry-delays",
        "50ms,100ms",
        "--drain-deadline",
        "20s",
        // Queues are counted in messages; who tests bundles sets more.
        "--bundle-records",
        "1",
    ])
}

/// The Redis that all tests share.
///
/// # Panics
/// Without one: `make test` starts it.
pub fn redis() -> RedisConfig {
    parsed(&["test", "--amqp-url", "amqp://not-needed/"]).redis
}
