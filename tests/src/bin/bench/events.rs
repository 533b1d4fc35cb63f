//! What the account of events costs: the same records through a stage with and without it, in turn.

use std::time::Instant;

use proto::v1::CompanySnapshot;

use super::fixture::Fixture;
use super::memory::snapshot;
use super::proc::cpu_seconds;
use kit::pipeline::Service;
use kit::services::Services;

/// Passes with and passes without; odd, so that one is the middle.
const ROUNDS: usize = 5;
const STAGES: [Service; 2] = [Service::Transformer, Service::Loader];

/// Of one stage, in parts of what it is without events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub service: Service,
    pub throughput: f64,
    pub cpu: f64,
}

/// The middle of several passes each.
pub(crate) async fn cost(
    services: &Services,
    customers: u32,
    body: &CompanySnapshot,
    say: impl Fn(&str),
) -> anyhow::Result<Vec<Cost>> {
    // By stage: seconds and processor time, with and without.
    let mut measured: [[(Vec<f64>, Vec<f64>); 2]; 2] = Default::default();
    for round in 0..ROUNDS {
        // Whoever is first meets another machine than whoever is second.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for with in order {
            let passes = pass(services, customers, body, with == 1).await?;
            for (stage, (seconds, cpu)) in passes.into_iter().enumerate() {
                say(&format!(
                    "  {} {} events: {seconds:.2} s, {cpu:.2} s of processor time",
                    STAGES[stage].name(),
                    ["without", "with"][with]
                ));
                measured[stage][with].0.push(seconds);
                measured[stage][with].1.push(cpu);
            }
        }
    }
    let costs = STAGES
        .into_iter()
        .zip(measured)
        .map(|(service, [without, with])| Cost {
            service,
            throughput: middle(without.0) / middle(with.0),
            cpu: middle(with.1) / middle(without.1),
        });
    Ok(costs.collect())
}

/// Seconds and processor time of each stage.
async fn pass(
    services: &Services,
    customers: u32,
    body: &CompanySnapshot,
    events: bool,
) -> anyhow::Result<Vec<(f64, f64)>> {
    let mut fixture = Fixture::new(services, customers, |_| {}).await?;
    fixture.lift_quotas();
    fixture.set("EVENTS", if events { "on" } else { "off" });
    fixture.feed(|id, sequence| snapshot(body, id, sequence)).await?;
    let wanted = u64::from(customers);
    let mut passes = Vec::new();
    for service in STAGES {
        let (id, _) = fixture.start(service).await?;
        fixture
            .until("the first record", async |fixture| {
                Ok(fixture.done(service).await? > 0)
            })
            .await?;
        let (start, before) = (Instant::now(), cpu_seconds(&mut fixture.pipeline[id])?);
        fixture
            .until("every record", async |fixture| {
                Ok(fixture.done(service).await? >= wanted)
            })
            .await?;
        let seconds = start.elapsed().as_secs_f64();
        passes.push((seconds, cpu_seconds(&mut fixture.pipeline[id])? - before));
        fixture.stop().await?;
    }
    Ok(passes)
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
