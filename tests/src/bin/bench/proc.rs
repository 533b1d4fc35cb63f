//! What the kernel says about a replica.

use anyhow::Context;
use kit::pipeline::Replica;

/// Clock ticks a second in `/proc`, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// User and system time of a process so far.
pub(crate) fn cpu_seconds(replica: &mut Replica) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", replica.process().id()))
        .context("ask the kernel")?;
    // The program's name stands in brackets and may hold spaces.
    let (_, rest) = stat.rsplit_once(')').context("the kernel's answer")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    Ok((ticks(11) + ticks(12)) / TICKS)
}

/// The most memory that a process ever had.
pub(crate) fn peak_rss_mib(replica: &mut Replica) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", replica.process().id()))
        .context("ask the kernel")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("the kernel's answer")?;
    let kib: f64 = line
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse()
        .context("the kernel's answer")?;
    Ok(kib / 1024.0)
}
