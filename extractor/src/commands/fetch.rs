//! `extractor fetch`: one customer as OKKI answers, on standard output, for a person who writes a mapping.

use super::brief::{self, Place};
use crate::{cli::FetchArgs, settings::OkkiConfig};
use anyhow::Context;
use pipeline::{http::HttpConfig, quota::Lane, setting::ConfigError};
use std::io::Write;

/// Asks and prints; the answer is the customer's own data, so it goes nowhere else.
pub(crate) async fn fetch(args: FetchArgs) -> anyhow::Result<()> {
    pipeline::settings! {
        http = HttpConfig::try_from(args.http);
        okki = OkkiConfig::try_from(args.okki);
    }
    let company = args.company.trim();
    if company.is_empty() || !company.bytes().all(|byte| byte.is_ascii_digit()) {
        let remedy =
            words::text!("give the company_id, digits only, as `extractor check` and the listing show it");
        return Err(ConfigError::new("COMPANY", words::tr!("is not a company id"), remedy).into());
    }
    let client = brief::client(&okki, &http, Place::named(args.shared)?).await?;
    let detail = client
        .detail(Lane::Live, company)
        .await
        .with_context(|| words::tr!("fetch customer {company}"))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", detail.json).with_context(|| words::tr!("print the customer"))
}
