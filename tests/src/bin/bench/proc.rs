//! What the kernel says about a replica.

use anyhow::Context;
use kit::pipeline::Replica;

/// Clock ticks a second in `/proc`, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// User and system time of a process so far.
pub(crate) fn cpu_seconds(replica: &mut Replica) -> anyhow::Result<f64> {
    cpu_of(replica.process().id())
}

/// The same of this process, in which the simulator runs.
pub(crate) fn own_cpu_seconds() -> anyhow::Result<f64> {
    cpu_of(std::process::id())
}

/// The same of a process and all that it has started and that live.
pub(crate) fn tree_cpu_seconds(root: u32) -> anyhow::Result<f64> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").context("list the processes")? {
        let name = entry.context("list the processes")?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process may end while the list is read.
        if let Ok(fields) = fields(id) {
            parents.push((id, fields.get(1).and_then(|parent| parent.parse::<u32>().ok())));
        }
    }
    let (mut tree, mut at) = (vec![root], 0);
    while let Some(&parent) = tree.get(at) {
        tree.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == Some(parent))
                .map(|(id, _)| *id),
        );
        at += 1;
    }
    Ok(tree.into_iter().filter_map(|id| cpu_of(id).ok()).sum())
}

fn cpu_of(id: u32) -> anyhow::Result<f64> {
    let fields = fields(id)?;
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    Ok((ticks(11) + ticks(12)) / TICKS)
}

/// What stands behind the program's name: state, parent, …
fn fields(id: u32) -> anyhow::Result<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).context("ask the kernel")?;
    // The program's name stands in brackets and may hold spaces.
    let (_, rest) = stat.rsplit_once(')').context("the kernel's answer")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
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
