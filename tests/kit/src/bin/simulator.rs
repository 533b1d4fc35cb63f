//! The vendor simulator by hand: starts it, prints where it listens and what the three binaries need to reach it.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use kit::simulator::{APP_ID, CONTROL_HELP, ENTRY_ID, KEY_WIDGET, Options, Settings, Simulator};
use tokio::signal::unix::{SignalKind, signal};

/// OKKI and Jiandaoyun on one port, with generated customers, limits, faults and a judge.
///
/// Point the three binaries at it with the environment variables that it prints, watch the result with
/// `curl -s http://ADDRESS/sim/judge`, and steer it through the control side below.
#[derive(Debug, Parser)]
#[command(name = "simulator", after_help = control_help())]
struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Customers to begin with
    #[arg(long, default_value_t = 2000)]
    customers: u32,
    /// Seed of their contents; the same seed gives the same customers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Days before now over which their update times are spread
    #[arg(long, default_value_t = 90)]
    spread_days: i64,
    /// Settings to begin with, as JSON, for example '{"okki":{"per_second":10}}'
    #[arg(long, value_parser = settings, default_value = "{}")]
    settings: Box<Settings>,
    /// Play an account back that `extractor record` has kept in this folder, instead of generated customers
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["customers", "seed", "spread_days"])]
    replay: Option<PathBuf>,
}

fn control_help() -> String {
    format!("Control side:\n{CONTROL_HELP}")
}

fn settings(text: &str) -> Result<Box<Settings>, String> {
    let patch = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Settings::default()
        .merged(&patch)
        .map(Box::new)
        .map_err(|error| error.to_string())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let okki = arguments.settings.okki.clone();
    let key = arguments
        .settings
        .jdy
        .keys
        .keys()
        .next()
        .cloned()
        .unwrap_or_default();
    let simulator = Simulator::start(Options {
        listen: arguments.listen,
        customers: arguments.customers,
        seed: arguments.seed,
        spread_s: arguments.spread_days.max(1) * 86_400,
        settings: *arguments.settings,
        replay: arguments.replay,
        ..Options::default()
    })
    .await?;
    let url = simulator.url();
    println!(
        "# simulator listening on {url} with {} customers",
        simulator.customers()
    );
    println!("export OKKI_BASE_URL={url}");
    println!("export OKKI_CLIENT_ID={}", okki.client_id);
    println!("export OKKI_CLIENT_SECRET={}", okki.client_secret);
    println!("export JDY_BASE_URL={url}");
    println!("export JDY_API_KEY={key}");
    println!("export JDY_APP_ID={APP_ID}");
    println!("export JDY_ENTRY_ID={ENTRY_ID}");
    println!("export JDY_KEY_WIDGET={KEY_WIDGET}");
    println!("# judge: curl -s {url}/sim/judge    control: curl -s {url}/sim/");
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    simulator.stop().await;
    Ok(())
}
