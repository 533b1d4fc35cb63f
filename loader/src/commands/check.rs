//! `loader check`: would it work? Reads the form and compares it with the mapping, writes nothing.

use std::time::Duration;

use anyhow::Context as _;
use pipeline::service::Runtime;
use pipeline::setting::ConfigError;
use serde_json::json;

use super::run::Checked;
use super::table::Facts;
use super::usable;
use crate::cli::CheckArgs;
use crate::keyless;
use crate::parts;
use crate::pushes::config::PushConfig;
use crate::write::Writer;

/// Every call takes a slot of the shared quota, which is kept in Redis.
const REDIS_PATIENCE: Duration = Duration::from_secs(5);

/// A form whose filter is ignored may have to be read as a whole.
const COUNT_PATIENCE: Duration = Duration::from_secs(5);

/// Runs the checks in the order in which they depend on each other.
pub(crate) async fn check(args: CheckArgs) -> anyhow::Result<()> {
    let Checked {
        config,
        pushes,
        common,
        http,
    } = Checked::new(*args.run)?;
    let pushes = PushConfig::describe(pushes.as_ref());
    let runtime = Runtime::tool("loader", &common)?;
    let probe = runtime.probe_for_vendor();
    tokio::time::timeout(REDIS_PATIENCE, probe)
        .await
        .with_context(|| words::tr!("Redis gives no answer within {REDIS_PATIENCE:?}; check REDIS_URL"))?
        .with_context(|| words::tr!("ask Redis; check REDIS_URL, and whether Redis is up"))?;
    let writer = parts::assemble(&runtime, &config, &http)?;
    if let Err(misfit) = usable::read(&writer).await? {
        return Err(ConfigError::message(misfit.to_string()).into());
    }
    let widgets = writer.form.current().map_or(0, |form| form.len());
    let key_widget = config.expected.key_widget.as_deref();
    let keyless = match config.ignore_keyless {
        true => Some(words::tr!("rows without a key are ignored")),
        false => keyless_rows(&writer, key_widget).await,
    };
    if args.json {
        let report = json!({
            "form": config.form.entry_id, "widgets": widgets, "mapped": config.expected.fields.len(),
            "key_widget": key_widget, "remarks": config.remarks, "ok": true,
            "keyless": keyless, "pushes": pushes,
        });
        pipeline::say!("{report}")?;
        return Ok(());
    }
    let mut facts = Facts::default();
    let form = &config.form;
    facts.add("form", words::tr!("{} in app {}", form.entry_id, form.app_id));
    let mapped = config.expected.fields.len();
    facts.add(
        "widgets",
        words::tr!("{widgets}, {mapped} of them mapped, all there and writable"),
    );
    facts.add(
        "key",
        key_widget.unwrap_or(words::text!("none: no recovery when Redis is lost")),
    );
    if let Some(keyless) = keyless {
        facts.add("keyless", keyless);
    }
    facts.add("pushes", pushes);
    for remark in &config.remarks {
        facts.add("remark", remark);
    }
    Ok(pipeline::say!("{facts}")?)
}

/// Rows without a key in words; `None` without a key widget.
async fn keyless_rows(writer: &Writer, key_widget: Option<&str>) -> Option<String> {
    let counted = keyless::count(&writer.vendor, &writer.ledger, key_widget?);
    Some(match tokio::time::timeout(COUNT_PATIENCE, counted).await {
        Ok(Ok(None)) => words::tr!("no row is without a key"),
        Ok(Ok(Some(rows))) => words::tr!("{rows}; a loader makes no rows: {}", keyless::REMEDY),
        Ok(Err(error)) => words::tr!("rows without a key cannot be counted now: {error}"),
        Err(_) => words::tr!("rows without a key could not be counted in time"),
    })
}
