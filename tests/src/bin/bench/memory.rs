//! Memory of each stage in front of a short and of a long backlog.

use std::time::Duration;

use pipeline::message::Outgoing;
use pipeline::stage::Stage;
use proto::v1::{CompanyRef, CompanySnapshot, Version};

use super::fixture::Fixture;
use super::proc::peak_rss_mib;
use kit::pipeline::Service;
use kit::services::Services;

/// Records after which a stage has seen all that its memory depends on.
const WORKED: u64 = 8_000;

/// The most memory of a stage's process while it works on a backlog of so many.
pub(crate) async fn peak(
    services: &Services,
    service: Service,
    backlog: u32,
    snapshot: &CompanySnapshot,
) -> anyhow::Result<f64> {
    let mut fixture = Fixture::new(services, backlog, |_| {}).await?;
    fixture
        .feed(|id, sequence| match service {
            Service::Extractor => reference(id, sequence),
            _ => self::snapshot(snapshot, id, sequence),
        })
        .await?;
    if service == Service::Loader {
        // Its backlog is made by the stage before, as in life.
        let wanted = u64::from(backlog);
        fixture.start(Service::Transformer).await?;
        fixture
            .until("the loader's backlog", async |fixture| {
                Ok(fixture.done(Service::Transformer).await? >= wanted)
            })
            .await?;
        fixture.stop().await?;
    }
    // Far in the future: the lister has nothing to do with this.
    fixture.set("EVERY", "1h");
    fixture.set("START", "2099-01-01");
    let (id, _) = fixture.start(service).await?;
    fixture
        .until("the stage has worked", async |fixture| {
            Ok(fixture.done(service).await? >= WORKED.min(backlog.into()))
        })
        .await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let peak = peak_rss_mib(&mut fixture.pipeline[id])?;
    fixture.stop().await?;
    Ok(peak)
}

/// A customer to be fetched whatever is known of it.
pub(crate) fn reference(company_id: String, sequence: u64) -> Outgoing {
    let reference = CompanyRef {
        company_id,
        run_id: "bench".into(),
        sequence,
        force: true,
        ..CompanyRef::default()
    };
    Outgoing::to(Stage::Extract, &reference)
}

/// The same detail under another customer's name.
pub(crate) fn snapshot(snapshot: &CompanySnapshot, company_id: String, sequence: u64) -> Outgoing {
    let version = snapshot.version.unwrap_or_default();
    let snapshot = CompanySnapshot {
        company_id,
        version: Some(Version { sequence, ..version }),
        ..snapshot.clone()
    };
    Outgoing::to(Stage::Transform, &snapshot)
}
