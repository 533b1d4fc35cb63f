//! `make demo`: moves customers through the whole pipeline, breaks some, repairs them, and judges the result.
//! Whatever it started is gone when it ends, by itself, by a signal or by a failure.

mod control;
mod progress;
mod report;
mod scenario;

use std::process::ExitCode;

use clap::Parser;
use kit::config::ServicesArgs;
use kit::interrupt::unless_interrupted;
use scenario::{Options, run};

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
    unless_interrupted(run(&args.services, &args.options)).await
}
