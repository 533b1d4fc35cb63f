//! `extractor doctor`: broker, Redis, clocks and OKKI in one table, with what to do about each fault.

use super::{brief::Place, check};
use crate::{cli::DoctorCommandArgs, settings::OkkiConfig};
use pipeline::{
    alert::AlertConfig,
    config::CommonConfig,
    doctor::{self, DoctorArgs, Finding},
    http::HttpConfig,
    service::Runtime,
    setting::ConfigError,
    stage::Stage,
};
use std::sync::Arc;

pub(crate) async fn doctor(args: DoctorCommandArgs) -> anyhow::Result<()> {
    pipeline::settings! {
        common = CommonConfig::try_from(args.common);
        http = HttpConfig::try_from(args.http);
        okki = OkkiConfig::try_from(args.okki);
    }
    let rt = Runtime::tool("extractor", &common)?;
    let findings = findings(&rt, &okki, &http, &common.alerts, args.how).await?;
    doctor::report(&findings, args.how.json)
}

/// All that is wrong with the settings.
pub(crate) fn check(args: DoctorCommandArgs) -> Result<(), ConfigError> {
    pipeline::settings! {
        _common = CommonConfig::try_from(args.common);
        _http = HttpConfig::try_from(args.http);
        _okki = OkkiConfig::try_from(args.okki);
    }
    Ok(())
}

/// The same for whoever wishes it of a running extractor.
pub(super) fn serve_wishes(
    rt: &Runtime,
    okki: &OkkiConfig,
    http: &HttpConfig,
    common: &CommonConfig,
) -> impl Future<Output = ()> + use<> {
    let (rt, alerts) = (rt.clone(), common.alerts.clone());
    let known = Arc::new((rt.clone(), okki.clone(), http.clone(), alerts));
    let examine = move || {
        let known = Arc::clone(&known);
        async move {
            let (rt, okki, http, alerts) = &*known;
            let found = findings(rt, okki, http, alerts, DoctorArgs::default()).await;
            found.unwrap_or_else(|error| vec![Finding::bad("okki", format!("{error:#}"), unusable())])
        }
    };
    async move { doctor::serve(&rt, Stage::Extract, examine).await }
}

fn unusable() -> &'static str {
    words::text!("`extractor check` says which setting it is")
}

async fn findings(
    rt: &Runtime,
    okki: &OkkiConfig,
    http: &HttpConfig,
    alerts: &AlertConfig,
    how: DoctorArgs,
) -> anyhow::Result<Vec<Finding>> {
    let late = || {
        let remedy = words::text!("check OKKI_BASE_URL, and whether its host is reached from here");
        Ok(vec![Finding::bad(
            "okki",
            words::tr!("no answer in time"),
            remedy,
        )])
    };
    let (mut findings, vendor) = tokio::join!(
        doctor::examine(rt, Stage::Extract),
        doctor::in_time(check::findings(okki, http, Place::of(rt)), late),
    );
    findings.extend(doctor::upgrade(rt, Stage::Extract, how).await);
    findings.push(doctor::notices(rt, "extractor", alerts, &http.tls, how).await);
    findings.extend(vendor?);
    // Without Redis it is said above what is wrong.
    findings.extend(replay::overview::left_open(rt).await.unwrap_or_default());
    Ok(findings)
}
