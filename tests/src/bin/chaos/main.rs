//! `make chaos`: two replicas of each stage while everything is killed, frozen, cut off and refused by seed; then
//! the judgement from outside. Whatever it started is gone when it ends, by itself, by a signal or by a failure.

mod environment;
mod faults;
mod progress;
mod quiet;
mod report;
mod run;
mod schedule;
mod supervisor;
mod vendors;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use kit::interrupt::unless_interrupted;
use run::{Options, run};

/// Kill the whole pipeline at random, by seed, and judge from outside whether anything was lost, doubled or stale.
///
/// Writes a report and exits with 1 unless nothing was found. The same seed gives the same schedule.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    unless_interrupted(judged(&args.options)).await
}

async fn judged(options: &Options) -> anyhow::Result<bool> {
    let Options {
        seed,
        kills,
        customers,
        ..
    } = options;
    let again = || format!("again: make chaos SEED={seed} KILLS={kills} CUSTOMERS={customers}");
    let report = run(options).await.with_context(again)?;
    let path = options.report_file();
    report.write(&path)?;
    println!("\n{}\nreport: {}", report.table(), path.display());
    if !report.is_good() {
        println!("{}", again());
    }
    Ok(report.is_good())
}
