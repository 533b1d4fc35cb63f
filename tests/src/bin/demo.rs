//! `make demo`: moves customers through the whole pipeline, breaks some, repairs them, and judges the result.
//! Whatever it started is gone when it ends, by itself, by a signal or by a failure.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tests::config::ServicesArgs;
use tests::demo::{Options, play};
use tokio::signal::unix::{SignalKind, signal};

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
    let ended = async {
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        tokio::select! {
            good = play(&args.services, &args.options) => good.map(|good| u8::from(!good)),
            _ = interrupt.recv() => Ok(130),
            _ = terminate.recv() => Ok(143),
        }
    }
    .await;
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
