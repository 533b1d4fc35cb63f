//! `extractor doctor`: broker, Redis, clocks and OKKI in one table, with what to do about each fault.

use super::{brief::Place, check};
use crate::{cli::DoctorCommandArgs, settings::OkkiConfig};
use pipeline::{
    config::CommonConfig,
    doctor::{self, Finding},
    http::HttpConfig,
    service::Runtime,
    stage::Stage,
};

pub(crate) async fn doctor(args: DoctorCommandArgs) -> anyhow::Result<()> {
    pipeline::settings! {
        common = CommonConfig::try_from(args.common);
        http = HttpConfig::try_from(args.http);
        okki = OkkiConfig::try_from(args.okki);
    }
    let rt = Runtime::tool("extractor", &common)?;
    let late = || {
        let remedy = words::text!("check OKKI_BASE_URL, and whether its host is reached from here");
        Ok(vec![Finding::bad(
            "okki",
            words::tr!("no answer in time"),
            remedy,
        )])
    };
    let (mut findings, vendor) = tokio::join!(
        doctor::examine(&rt, Stage::Extract),
        doctor::in_time(check::findings(&okki, &http, Place::of(&rt)), late),
    );
    findings.push(doctor::notices(&rt, "extractor", &common.alerts, &http.tls, args.how).await);
    findings.extend(vendor?);
    // Without Redis it is said above what is wrong.
    findings.extend(replay::overview::left_open(&rt).await.unwrap_or_default());
    doctor::report(&findings, args.how.json)
}
