//! Puts the loader together from checked settings; `run` and the commands share it.

use std::sync::Arc;

use pipeline::http::HttpConfig;
use pipeline::quota::Quota;
use pipeline::service::Runtime;
use pipeline::watermarks::Watermarks;

use crate::form_watch::FormWatch;
use crate::index::Index;
use crate::jdy::client::Client;
use crate::jdy::company::Company;
use crate::keyless::Keyless;
use crate::ledger::{Ledger, Registry};
use crate::removals::RemovalGuard;
use crate::settings::{CompanyConfig, LoaderConfig};
use crate::vendor::Vendor;
use crate::write::{Removals, Writer};

/// Everything a loader is made of; nothing of it runs yet.
pub(crate) fn assemble(
    runtime: &Runtime,
    config: &LoaderConfig,
    http: &HttpConfig,
) -> anyhow::Result<Writer> {
    let quota = runtime.quota(&config.company.vendor_account);
    let company = company(quota, &config.company, http)?;
    let client = Client::new(company, config.form.clone());
    let vendor = Vendor::new(Arc::new(client), runtime.gate.clone(), runtime.shutdown.clone());
    let key_widget = &config.expected.key_widget;
    let ledger = Ledger::new(
        runtime.store.clone(),
        &runtime.namespace,
        &config.form.entry_id,
        &runtime.instance,
        config.lease,
    );
    let index = Index::new(
        runtime.clone(),
        ledger.clone(),
        vendor.clone(),
        indexed(config),
        &config.expected,
        config.index_settle,
    );
    let form = FormWatch::new(
        runtime.clone(),
        ledger.clone(),
        vendor.clone(),
        config.expected.clone(),
    );
    let keyless = Keyless::new(
        runtime.clone(),
        ledger.clone(),
        vendor.clone(),
        Arc::clone(&form),
        Arc::clone(&index),
        key_widget.clone(),
        config.ignore_keyless,
    );
    let share = (config.settings.removals == Removals::Delete).then_some(config.removal_limit);
    let removals = RemovalGuard::new(runtime.clone(), ledger.clone(), share);
    Ok(Writer {
        removals,
        form,
        keyless,
        registry: Registry::new(config.lease),
        settings: Arc::new(config.settings.clone()),
        watermarks: Watermarks::new(runtime.store.clone(), runtime.namespace.clone()),
        publisher: runtime.publisher.clone(),
        owed: Arc::default(),
        order: Arc::default(),
        rewritten: Arc::default(),
        looked_in_vain: Arc::default(),
        runtime: runtime.clone(),
        ledger,
        vendor,
        index,
    })
}

/// What belongs to the company and to no form.
pub(crate) fn company(
    quota: Quota,
    config: &CompanyConfig,
    http: &HttpConfig,
) -> anyhow::Result<Arc<Company>> {
    let http = pipeline::http::Client::new(http.clone())?;
    let (account, buckets) = (config.account.clone(), config.buckets.clone());
    Ok(Arc::new(Company::new(
        account,
        buckets,
        config.open_calls,
        http,
        quota,
    )))
}

/// Another key widget makes another index: it would not find the rows that the first one knows.
fn indexed(config: &LoaderConfig) -> String {
    let (app, entry) = (&config.form.app_id, &config.form.entry_id);
    let key_widget = config.expected.key_widget.as_deref().unwrap_or_default();
    format!("{app}/{entry}/{key_widget}")
}
