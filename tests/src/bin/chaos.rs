//! `make chaos`: two replicas of each stage while everything is killed, frozen, cut off and lied to by seed; then the
//! verdict from outside. Whatever it started is gone when it ends, by itself, by a signal or by a failure.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tests::chaos::{Options, play};
use tokio::signal::unix::{SignalKind, signal};

/// Kill the whole pipeline at random, by seed, and judge from outside whether anything was lost, doubled or stale.
///
/// Writes target/chaos/report.json and exits with 1 unless nothing was found. The same seed gives the same schedule.
#[derive(Parser)]
#[command(version)]
struct Args {
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
            played = play(&args.options) => {
                let report = played?;
                let path = report.write()?;
                println!("\n{}\nreport: {}", report.table(), path.display());
                Ok::<u8, anyhow::Error>(u8::from(!report.is_good()))
            }
            _ = interrupt.recv() => Ok(130),
            _ = terminate.recv() => Ok(143),
        }
    }
    .await;
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            let Options {
                seed,
                kills,
                customers,
            } = &args.options;
            eprintln!("again: make chaos SEED={seed} KILLS={kills} CUSTOMERS={customers}");
            ExitCode::FAILURE
        }
    }
}
