//! How long a record is under way at half the quota, from its arrival at the transformer to its row in the form.

use std::time::{Duration, Instant};

use proto::v1::CompanySnapshot;

use super::fixture::Fixture;
use super::memory;
use kit::pipeline::Service;
use kit::services::Services;
use kit::simulator::JdySettings;

/// Half of what the vendor allows.
const PER_SECOND: u32 = 500;
const SPAN: Duration = Duration::from_secs(10);
/// Records arrive in small groups, as details do.
const EVERY: Duration = Duration::from_millis(20);
const POLL: Duration = Duration::from_millis(2);

/// Milliseconds of every record, in order.
pub(crate) async fn lags(services: &Services, snapshot: &CompanySnapshot) -> anyhow::Result<Vec<f64>> {
    let count = PER_SECOND * SPAN.as_secs() as u32;
    let mut fixture = Fixture::new(services, count, |vendors| {
        vendors.settings.jdy = JdySettings::default()
    })
    .await?;
    for service in [Service::Transformer, Service::Loader] {
        fixture.start(service).await?;
    }
    let ids: Vec<String> = fixture
        .pipeline
        .simulator
        .company_ids()
        .iter()
        .map(ToString::to_string)
        .collect();
    let group = (PER_SECOND as usize * EVERY.as_millis() as usize) / 1_000;
    let feeding = async {
        let mut sent = Vec::with_capacity(ids.len());
        let mut ticks = tokio::time::interval(EVERY);
        let mut sequences = 1..;
        for ids in ids.chunks(group) {
            ticks.tick().await;
            let numbered = ids.iter().cloned().zip(sequences.by_ref());
            let messages: Vec<_> = numbered
                .map(|(id, sequence)| memory::snapshot(snapshot, id, sequence))
                .collect();
            let now = Instant::now();
            fixture.put(messages).await?;
            sent.extend(ids.iter().map(|_| now));
        }
        anyhow::Ok(sent)
    };
    // The n-th row is taken for the n-th record: batches overtake each other by less than what is measured.
    let watching = async {
        let mut seen = Vec::with_capacity(ids.len());
        let start = Instant::now();
        while seen.len() < ids.len() {
            let rows = fixture.pipeline.simulator.form_rows().min(ids.len());
            let now = Instant::now();
            seen.extend((seen.len()..rows).map(|_| now));
            anyhow::ensure!(start.elapsed() < super::fixture::PATIENCE, "{rows} rows only");
            tokio::time::sleep(POLL).await;
        }
        Ok(seen)
    };
    let (sent, seen) = tokio::try_join!(feeding, watching)?;
    fixture.stop().await?;
    let mut lags: Vec<f64> = sent
        .iter()
        .zip(&seen)
        .map(|(sent, seen)| seen.saturating_duration_since(*sent).as_secs_f64() * 1000.0)
        .collect();
    lags.sort_unstable_by(f64::total_cmp);
    Ok(lags)
}

/// Of sorted values.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0.0)
}
