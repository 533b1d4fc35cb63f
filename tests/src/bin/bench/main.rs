//! `make bench`: what the product does on this machine, beside what the broker alone could do.

mod ceiling;
mod dead;
mod desk;
mod events;
mod fixture;
mod freshness;
mod index;
mod lag;
mod measure;
mod memory;
mod plot;
mod proc;
mod quota;
mod read_model;
mod report;
mod scaling;
mod stages;

use std::process::ExitCode;

use clap::Parser;
use kit::interrupt::unless_interrupted;
use measure::{Options, measure};

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
async fn main() -> ExitCode {
    let args = Args::parse();
    pipeline::tls::install_crypto();
    unless_interrupted(written(&args.options)).await
}

/// The table says which aims are missed; the bench itself is good when it has measured.
async fn written(options: &Options) -> anyhow::Result<bool> {
    let report = measure(options).await?;
    let path = report.write()?;
    println!(
        "\n{}\nreport: {}  ({:.0} s)",
        report.table(),
        path.display(),
        report.seconds
    );
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn its_options_do_not_shadow_each_other() {
        Args::command().debug_assert();
    }
}
