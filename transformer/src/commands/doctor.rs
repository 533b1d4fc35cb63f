//! `transformer doctor`: broker, Redis, clocks and the mapping in one table, with what to do about each fault.

use crate::{cli::DoctorCommandArgs, config::TransformConfig};
use pipeline::{
    config::CommonConfig,
    doctor::{self, Finding},
    service::Runtime,
    stage::Stage,
    tls::TlsFiles,
};

pub(crate) async fn doctor(args: DoctorCommandArgs) -> anyhow::Result<()> {
    pipeline::settings! {
        common = CommonConfig::try_from(args.common);
        config = TransformConfig::try_from(args.transform);
        tls = TlsFiles::try_from(args.tls);
    }
    let rt = Runtime::tool("transformer", &common)?;
    let mut findings = doctor::examine(&rt, Stage::Transform).await;
    findings.extend(doctor::upgrade(&rt, Stage::Transform, args.how).await);
    findings.push(doctor::notices(&rt, "transformer", &common.alerts, &tls, args.how).await);
    findings.extend(mapping(&config));
    doctor::report(&findings, args.how.json)
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
