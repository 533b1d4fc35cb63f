//! `transformer run`: consumes snapshots until shutdown.

use super::{doctor, set_up::SetUp};
use crate::{
    announce,
    cli::RunArgs,
    condition,
    config::{TransformArgs, TransformConfig},
    handler::MapHandler,
    map::Mapping,
    profile::Watch,
    rollout::Rollout,
    tables,
};
use anyhow::Context;
use pipeline::{
    config::CommonConfig,
    consumer::{self, ConsumerOptions},
    service::Runtime,
    setting::ConfigError,
    settings,
    setup::{self, Setup},
    stage::Stage,
    tls::TlsFiles,
};
use replay::worker::Worker;
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

pub(crate) async fn run(args: RunArgs) -> anyhow::Result<()> {
    let setup = Setup::new(&args.setup, "transformer");
    let checked = checked(args.transform);
    settings! {
        common = CommonConfig::try_from(args.common);
        tls = TlsFiles::try_from(args.tls);
        _own = setup.demands(&checked);
    }
    let (lanes, servant) = (SetUp::LANES.to_vec(), |rt: &Runtime| SetUp::new(&setup, rt, None));
    if setup.is_awaited() {
        return setup.wait(&common, &tls, lanes, None, servant).await;
    }
    let (config, mapping) = match checked {
        Ok(checked) => checked,
        Err(problem) => return setup.wait(&common, &tls, lanes, Some(problem), servant).await,
    };
    let rt = Runtime::start("transformer", &common, &tls).await?;
    setup.follow(&rt).await?;
    for warning in mapping.warnings() {
        tracing::warn!(%warning, "mapping");
    }
    rt.status.set(
        "mapping",
        serde_json::json!({"fingerprint": mapping.fingerprint(), "fields": mapping.fields().len()}),
    );
    let doctor = doctor::serve_wishes(rt.clone(), config.clone(), tls.clone(), common.alerts.clone());
    let _doctor = AbortOnDropHandle::new(tokio::spawn(doctor));
    let options = ConsumerOptions {
        stage: Stage::Transform,
        batch_max: config.batch_size,
        linger: config.linger,
        concurrency: config.concurrency,
    };
    let mapping = Arc::new(mapping);
    let set_up = setup::serve_always(
        rt.clone(),
        SetUp::LANES.to_vec(),
        SetUp::new(&setup, &rt, Some(Arc::clone(&mapping))),
    );
    let _set_up = AbortOnDropHandle::new(tokio::spawn(set_up));
    let watch = Arc::new(Watch::new(
        rt.clone(),
        mapping.zone().clone(),
        mapping.paths().into_iter(),
    ));
    let _profile = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&watch).run()));
    let _tables = tables::kept(&rt, &mapping).await;
    let _announced = announced(&rt, &mapping);
    let rollout = Arc::new(Rollout::new(rt.clone(), mapping.fingerprint().to_owned()));
    let _rollout = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&rollout).keep()));
    let handler = MapHandler::new(rt.clone(), mapping, watch, rollout).keeping(config.keeps_snapshots);
    let handler = Arc::new(handler);
    let worker = Worker::begin(&rt, Stage::Transform, args.worker);
    consumer::run(&rt, options, handler)
        .await
        .with_context(|| words::tr!("consume snapshots"))?;
    worker.end().await;
    Ok(setup.over().await?)
}

/// Others are told what is in use, until it is dropped.
fn announced(rt: &Runtime, mapping: &Arc<Mapping>) -> [AbortOnDropHandle<()>; 2] {
    let condition = condition::announce(rt.clone(), mapping.condition_digest());
    let whole = announce::announce(rt.clone(), Arc::clone(mapping));
    [tokio::spawn(condition), tokio::spawn(whole)].map(AbortOnDropHandle::new)
}

/// All that is wrong with the settings; of a transformer that is still to be set up nothing of its own is.
pub(crate) fn check(args: RunArgs) -> Result<(), ConfigError> {
    let is_awaited = Setup::new(&args.setup, "transformer").is_awaited();
    settings! {
        _common = CommonConfig::try_from(args.common);
        _tls = TlsFiles::try_from(args.tls);
        _own = match checked(args.transform) {
            Err(fault) if !is_awaited => Err(fault),
            _ => Ok(()),
        };
    }
    Ok(())
}

fn checked(args: TransformArgs) -> Result<(TransformConfig, Mapping), ConfigError> {
    let config = TransformConfig::try_from(args)?;
    let mapping = super::load(&config)?;
    Ok((config, mapping))
}
