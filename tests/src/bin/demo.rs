//! `make demo`: moves customers through the whole pipeline, breaks some, repairs them, and judges the result.
//! Whatever it started is gone when it ends, by itself, by a signal or by a failure.

use std::process::ExitCode;

use clap::Parser;
use tests::config::ServicesArgs;
use tests::demo::{Options, play};
use tests::interrupt::unless_interrupted;

/// Show the whole pipeline at work against simulated vendors, and judge the result from outside.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    services: ServicesArgs,
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    unless_interrupted(play(&args.services, &args.options)).await
}
