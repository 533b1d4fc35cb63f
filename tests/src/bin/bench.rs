//! `make bench`: what the product does on this machine, beside what the broker alone could do.

use anyhow::Context;
use clap::Parser;
use tests::bench::{Options, measure};

/// Measure every stage beside the bare broker, quotas, memory, scaling, lag and dead letters.
///
/// Writes target/bench/report.json, plots beside it, and a table with the aims. Build with --release.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    pipeline::cli::install_crypto();
    tokio::select! {
        report = measure(&args.options) => {
            let report = report?;
            let path = report.write()?;
            println!("\n{}\nreport: {}  ({:.0} s)", report.table(), path.display(), report.seconds);
            Ok(())
        }
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("listen for SIGINT")?;
            anyhow::bail!("interrupted")
        }
    }
}
