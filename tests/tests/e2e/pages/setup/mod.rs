//! Setting up by clicking: from nothing to rows without one id of a widget, and a form that is filled already.

mod clicks;
mod script;

use super::Scene;
use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};

const SECRET: &str = "sim-okki-secret";
const KEY: &str = "sim-jdy-key";

/// The three programs without any setting of a vendor, and a desk beside them; and where the vendors are.
async fn unset(customers: u32, seed: u64) -> (Scene, String, [ReplicaId; 3]) {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(customers)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let vendors = pipeline.settings(Service::Extractor)["OKKI_BASE_URL"].clone();
    let folder = tempfile::tempdir().unwrap();
    pipeline.set("SETUP_DIR", folder.path().join("settings").display().to_string());
    for (service, name) in [
        (Service::Extractor, "OKKI_BASE_URL"),
        (Service::Extractor, "OKKI_CLIENT_ID"),
        (Service::Extractor, "OKKI_CLIENT_SECRET"),
        (Service::Transformer, "MAPPING"),
        (Service::Loader, "JDY_BASE_URL"),
        (Service::Loader, "JDY_API_KEY"),
        (Service::Loader, "JDY_APP_ID"),
        (Service::Loader, "JDY_ENTRY_ID"),
        (Service::Loader, "JDY_KEY_WIDGET"),
    ] {
        pipeline.unset_for(service, name);
    }
    let replicas = pipeline.run_all();
    let desk = kit::desk::Desk::start(&pipeline, folder.path(), &[])
        .await
        .unwrap();
    let scene = Scene {
        pipeline,
        desk,
        folder,
    };
    (scene, vendors, replicas)
}
