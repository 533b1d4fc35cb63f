//! What is attacked: two replicas of each stage with private services behind proxies, and vendors whose open questions
//! are answered differently from seed to seed.

use std::path::Path;
use std::time::Duration;

use pipeline::stage::Stage;

use super::schedule::REPLICAS;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::services::free_ports;
use kit::simulator::dice::Dice;
use kit::simulator::{Concurrent, Limiter, Options};

/// The same number of steps as in production, in less time.
const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
];

const EXTRACTOR: [(&str, &str); 9] = [
    ("OKKI_RATE", "200"),
    ("OKKI_BURST", "10"),
    ("OKKI_CONCURRENCY", "16"),
    ("OKKI_TIMEOUT", "3s"),
    ("EVERY", "1s"),
    ("SETTLE_DELAY", "2s"),
    ("LEASE_TTL", "3s"),
    ("REMOVALS", "true"),
    // Accounts that a killed leader or a Redis without its last second left open are closed this soon.
    ("ASK_AGAIN_AFTER", "10s"),
];
const LOADER: [(&str, &str); 4] = [
    ("JDY_TIMEOUT", "2s"),
    // A stalled line, a slow vendor and a late commit together, see the schedule.
    ("LATE_WRITES", "5s"),
    ("LEASE", "10s"),
    ("ON_REMOVAL", "delete"),
];

/// End of the webhook's path.
const HOOK_TOKEN: &str = "token-of-the-chaos";

/// Services, proxies and vendors; no replica yet. Logs go to `logs`.
pub(crate) async fn start(customers: u32, seed: u64, logs: &Path) -> anyhow::Result<PipelineUnderTest> {
    PipelineUnderTest::named(&format!("chaos-{seed}"))
        .customers(customers)
        .seed(seed)
        .simulator(|options| interpret(options, seed))
        .retry_delays(RETRY_DELAYS)
        .set_all_for(Service::Extractor, &EXTRACTOR)
        .set_all_for(Service::Loader, &LOADER)
        .proxies()
        .logs(logs)
        .try_start()
        .await
}

/// Lets OKKI push changes to the extractors, in turn as an ingress does; where each of them listens.
pub(crate) fn push_changes(pipeline: &mut PipelineUnderTest) -> anyhow::Result<[String; REPLICAS]> {
    let listeners = free_ports::<REPLICAS>()?.map(|port| format!("127.0.0.1:{port}"));
    let callbacks = listeners
        .each_ref()
        .map(|at| format!("http://{at}/hook/{HOOK_TOKEN}"));
    let secret = pipeline.simulator.subscribe(&callbacks.join(" "));
    pipeline.set_for(Service::Extractor, "HOOK_TOKEN", HOOK_TOKEN);
    pipeline.set_for(Service::Extractor, "HOOK_SECRET", secret);
    Ok(listeners)
}

/// What the vendor's documents leave open is read differently from seed to seed.
fn interpret(options: &mut Options, seed: u64) {
    let mut dice = Dice::new(&[seed, 0x0DE2]);
    let settings = &mut options.settings;
    // As many in any second as the extractors are set to.
    settings.okki.per_second = Some(200.0);
    settings.okki.limiter = Limiter::Sliding;
    settings.okki.latency_ms = dice.below(30);
    settings.okki.webhooks.lost = 20;
    settings.okki.webhooks.doubled = 20;
    settings.okki.webhooks.forged = 20;
    settings.okki.webhooks.late_ms = *dice.pick(&[0, 300, 4_000]);
    // Replicas are killed and frozen; a push is repeated, at the other one, and then given up.
    settings.okki.webhooks.retries_ms = vec![300, 1_000, 3_000];
    settings.jdy.latency_ms = dice.below(60);
    settings.jdy.overwrite_keeps_id = dice.one_in(2);
    settings.jdy.concurrent = *dice.pick(&[Concurrent::Wait, Concurrent::Lock9007, Concurrent::Exists17026]);
    settings.jdy.list_delay_ms = *dice.pick(&[0, 0, 800]);
}

/// Whether the queues would survive a `kill -9` of the broker; else it would cost the queues themselves, which is not
/// what is being tested ([`RabbitMq::has_on_disk`](kit::services::RabbitMq::has_on_disk)).
pub(crate) fn queues_are_on_disk(pipeline: &mut PipelineUnderTest) -> bool {
    let namespace = pipeline.namespace.clone();
    let Some(broker) = pipeline.services.as_mut().and_then(|services| services.broker()) else {
        return true;
    };
    let queues = Stage::ALL.into_iter().all(|stage| {
        let retry = RETRY_DELAYS.map(|delay| namespace.retry_queue(stage, delay));
        let others = [namespace.queue(stage), namespace.dead_queue(stage)];
        retry.iter().chain(&others).all(|queue| broker.has_on_disk(queue))
    });
    queues && broker.has_streams_on_disk()
}
