//! Where the tests find their broker; the only file of this test binary that reads its surroundings.

use clap::Parser;
use pipeline::config::{CommonArgs, CommonConfig};

#[derive(Parser)]
struct Surroundings {
    #[command(flatten)]
    common: CommonArgs,
}

/// Settings with a namespace of the test's own and retry delays that pass in no time.
///
/// # Panics
/// Without a broker and Redis: `make test` starts them.
pub fn common(namespace: &str) -> CommonConfig {
    let args = [
        "test",
        "--namespace",
        namespace,
        "--retry-delays",
        "50ms,100ms",
        "--drain-deadline",
        "20s",
    ];
    let common = Surroundings::parse_from(args).common;
    CommonConfig::try_from(common).expect("AMQP_URL and REDIS_URL must be set: run `make test`")
}
