//! Memory of each stage in front of a short and of a long backlog.

use std::time::Duration;

use pipeline::message::Outgoing;
use pipeline::stage::Stage;
use proto::v1::{CompanyRef, CompanySnapshot, Version};

use super::floor::{Floor, Ground, peak_rss_mib};
use kit::harness::Service;

/// Records after which a stage has seen all that its memory depends on.
const WORKED: u64 = 8_000;

/// The most memory of a stage's process while it works on a backlog of so many.
pub async fn peak(
    ground: &Ground,
    service: Service,
    backlog: u32,
    snapshot: &CompanySnapshot,
) -> anyhow::Result<f64> {
    let mut floor = Floor::new(ground, backlog, |_| {}).await?;
    floor
        .feed(|id, sequence| match service {
            Service::Extractor => reference(id, sequence),
            _ => self::snapshot(snapshot, id, sequence),
        })
        .await?;
    if service == Service::Loader {
        // Its backlog is made by the stage before, as in life.
        let wanted = u64::from(backlog);
        floor.start(Service::Transformer).await?;
        floor
            .until("the loader's backlog", async |floor| {
                Ok(floor.depth(Stage::Load).await? >= wanted)
            })
            .await?;
        floor.clear().await?;
    }
    // Far in the future: the lister has nothing to do with this.
    floor.set("EVERY", "1h");
    floor.set("START", "2099-01-01");
    floor.start(service).await?;
    let stage = service.stage();
    let left = u64::from(backlog).saturating_sub(WORKED);
    floor
        .until("the stage has worked", async |floor| {
            Ok(floor.depth(stage).await? <= left)
        })
        .await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let peak = match floor.replicas.last_mut() {
        Some(replica) => peak_rss_mib(replica)?,
        None => 0.0,
    };
    floor.clear().await?;
    Ok(peak)
}

/// A customer to be fetched whatever is known of it.
pub fn reference(company_id: String, sequence: u64) -> Outgoing {
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
pub fn snapshot(snapshot: &CompanySnapshot, company_id: String, sequence: u64) -> Outgoing {
    let version = snapshot.version.unwrap_or_default();
    let snapshot = CompanySnapshot {
        company_id,
        version: Some(Version { sequence, ..version }),
        ..snapshot.clone()
    };
    Outgoing::to(Stage::Transform, &snapshot)
}
