//! `transformer doctor`: broker, Redis, clocks and the mapping in one table, with what to do about each fault.

use crate::{cli::DoctorCommandArgs, config::TransformConfig};
use pipeline::{
    alert::AlertConfig,
    config::CommonConfig,
    doctor::{self, DoctorArgs, Finding},
    service::Runtime,
    setting::ConfigError,
    stage::Stage,
    tls::TlsFiles,
};
use std::sync::Arc;

pub(crate) async fn doctor(args: DoctorCommandArgs) -> anyhow::Result<()> {
    pipeline::settings! {
        common = CommonConfig::try_from(args.common);
        config = TransformConfig::try_from(args.transform);
        tls = TlsFiles::try_from(args.tls);
    }
    let rt = Runtime::tool("transformer", &common)?;
    let findings = findings(&rt, &config, &tls, &common.alerts, args.how).await;
    doctor::report(&findings, args.how.json)
}

/// All that is wrong with the settings.
pub(crate) fn check(args: DoctorCommandArgs) -> Result<(), ConfigError> {
    pipeline::settings! {
        _common = CommonConfig::try_from(args.common);
        _config = TransformConfig::try_from(args.transform);
        _tls = TlsFiles::try_from(args.tls);
    }
    Ok(())
}

/// The same for whoever wishes it of a running transformer; the mapping is the one in the files of now.
pub(super) async fn serve_wishes(rt: Runtime, config: TransformConfig, tls: TlsFiles, alerts: AlertConfig) {
    let known = Arc::new((rt.clone(), config, tls, alerts));
    let examine = move || {
        let known = Arc::clone(&known);
        async move {
            let (rt, config, tls, alerts) = &*known;
            findings(rt, config, tls, alerts, DoctorArgs::default()).await
        }
    };
    doctor::serve(&rt, Stage::Transform, examine).await;
}

async fn findings(
    rt: &Runtime,
    config: &TransformConfig,
    tls: &TlsFiles,
    alerts: &AlertConfig,
    how: DoctorArgs,
) -> Vec<Finding> {
    let mut findings = doctor::examine(rt, Stage::Transform).await;
    findings.extend(doctor::upgrade(rt, Stage::Transform, how).await);
    findings.push(doctor::notices(rt, "transformer", alerts, tls, how).await);
    findings.extend(mapping(config));
    findings
}

fn mapping(config: &TransformConfig) -> Vec<Finding> {
    match super::load(config) {
        Ok(mapping) => {
            let fields = words::tr!(
                "{} fields, fingerprint {}",
                mapping.fields().len(),
                mapping.fingerprint()
            );
            let mut findings = vec![Finding::good("mapping", fields)];
            let remedy = words::text!("see `transformer mapping check`");
            findings.extend(
                mapping
                    .warnings()
                    .iter()
                    .map(|warning| Finding::risk("mapping", warning, remedy)),
            );
            findings
        }
        Err(error) => vec![Finding::bad(
            "mapping",
            format!("{error:#}"),
            words::text!("see `transformer mapping check`"),
        )],
    }
}
