//! What the demo does to the simulated vendors, over HTTP like any other program could.

use anyhow::Context;
use serde_json::{Value, json};

use kit::simulator::SimulatorProcess;

/// Gives some customers a short name that carries `marker`.
pub(crate) async fn mark(simulator: &SimulatorProcess, count: usize, marker: &str) -> anyhow::Result<()> {
    let drawn = simulator.post("/sim/touch", &json!({ "count": count })).await?;
    let ids = drawn["company_ids"].as_array().context("the drawn customers")?;
    for id in ids {
        let name = format!("{marker}示例");
        let change = json!({"company_id": id, "set": {"short_name": name}});
        simulator.post("/sim/change", &change).await?;
    }
    Ok(())
}

/// Lets Jiandaoyun refuse every request that contains `marker`, or nothing any more.
pub(crate) async fn refuse(
    simulator: &SimulatorProcess,
    marker: Option<&str>,
    code: u32,
) -> anyhow::Result<()> {
    let poison: Vec<Value> = marker
        .iter()
        .map(|marker| json!({"marker": marker, "code": code}))
        .collect();
    let change = json!({"jdy": {"poison": poison}});
    simulator.post("/sim/settings", &change).await.map(drop)
}

/// Changes some customers; how many.
pub(crate) async fn change(simulator: &SimulatorProcess, count: usize) -> anyhow::Result<usize> {
    let changed = simulator.post("/sim/change", &json!({ "count": count })).await?;
    Ok(changed["company_ids"].as_array().map_or(0, Vec::len))
}
