//! `extractor doctor`: broker, Redis, clocks and OKKI in one table, with what to do about each fault.

use super::check;
use crate::{cli::DoctorCommandArgs, settings::OkkiConfig};
use pipeline::{
    config::{CommonConfig, HttpConfig},
    doctor,
    service::Runtime,
    stage::Stage,
};

/// Examines and prints.
pub async fn doctor(args: DoctorCommandArgs) -> anyhow::Result<()> {
    let common = CommonConfig::try_from(args.common)?;
    let http = HttpConfig::try_from(args.http)?;
    let okki = OkkiConfig::try_from(args.okki)?;
    let rt = Runtime::tool("extractor", &common)?;
    let mut findings = doctor::examine(&rt, Stage::Extract).await;
    findings.extend(check::findings(&okki, &http).await?);
    doctor::report(&findings, args.how.json)
}
