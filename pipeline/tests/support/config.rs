//! Where tests find their Redis; the only file of these test binaries that reads its surroundings.

use clap::Parser;
use pipeline::config::{CommonArgs, CommonConfig, RedisConfig};

#[derive(Parser)]
struct Surroundings {
    #[command(flatten)]
    common: CommonArgs,
}

/// The Redis that all tests share.
///
/// # Panics
/// Without one: `make test` starts it.
pub fn redis() -> RedisConfig {
    let args = ["test", "--amqp-url", "amqp://not-needed/"];
    let common = Surroundings::parse_from(args).common;
    CommonConfig::try_from(common)
        .expect("REDIS_URL must be set: run `make test`")
        .redis
}
