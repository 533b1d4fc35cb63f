//! `mapping plan`: what a document would do to the form, from the kept snapshots and from what is known to be there.

mod show;
mod tally;

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::config::{SharedArgs, SharedConfig};
use pipeline::form::FormReading;
use pipeline::snapshots::Snapshots;
use pipeline::speeds;
use pipeline::store::Store;
use pipeline::watermarks::Watermarks;

use super::DocumentArgs;
use super::kept::{self, Place, Unusables, Walk};
use crate::map::Mapping;
use crate::record::{record, whole};
use tally::{Hours, Tally};

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    document: DocumentArgs,
    /// Rows that can be changed in a second [default: what the loaders say, else 20]
    #[arg(long, value_name = "ROWS", value_parser = above_zero)]
    rows_per_second: Option<f64>,
    /// Customers that can be fetched in a second [default: what the extractors say, else 10]
    #[arg(long, value_name = "CUSTOMERS", value_parser = above_zero)]
    details_per_second: Option<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shared: SharedArgs,
}

fn above_zero(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err(::words::tr!("`{text}`: write a number above zero")),
    }
}

pub(super) async fn run(args: PlanArgs) -> anyhow::Result<()> {
    let mapping = args.document.load()?;
    let SharedConfig {
        redis,
        namespace,
        snapshot_keys,
        ..
    } = args.shared.try_into()?;
    let store = Store::connect(&redis)?;
    crate::tables::ask(&store, &namespace, &mapping).await?;
    let snapshots = Snapshots::new(&store, &namespace, &snapshot_keys);
    let watermarks = Watermarks::new(store.clone(), namespace.clone());
    let asked = || ::words::tr!("REDIS_URL: read the kept snapshots");
    let bar = bar(snapshots.count().await.with_context(asked)?);
    let (mut tally, mut unusable) = (Tally::default(), Unusables::default());
    let mut walk = Walk::from(&snapshots, Place::default());
    loop {
        let chunk = walk.next().await.with_context(asked)?;
        if chunk.is_empty() {
            break;
        }
        let companies: Vec<_> = chunk.iter().map(|(company, _)| company.clone()).collect();
        let standings = watermarks.standings(&companies).await.with_context(asked)?;
        for ((_, found), standing) in chunk.into_iter().zip(standings) {
            if let Some(kept) = kept::usable(found, &mut unusable) {
                let (detail, _) = whole(&kept.snapshot);
                let mapped = record(&mapping, &kept.snapshot, &detail, 0);
                tally.add(&kept, mapped, &standing);
            }
        }
        bar.inc(companies.len() as u64);
    }
    bar.finish_and_clear();
    if tally.customers() == 0 {
        return Err(kept::nothing(&unusable).into());
    }
    let without = kept::without(&store, &namespace, &snapshots)
        .await
        .with_context(asked)?;
    let speeds = speeds::told(&store, &namespace).await.with_context(asked)?;
    let hours = Hours::new(&speeds, args.rows_per_second, args.details_per_second);
    let report = show::Report {
        mapping: &mapping,
        other_form: other_form(
            &mapping,
            FormReading::last(&store, &namespace).await.with_context(asked)?,
        ),
        fetched: without + unusable.count() + tally.behind,
        without,
        tally,
        unusable,
        hours,
    };
    match args.json {
        true => pipeline::say!("{}", report.json())?,
        false => pipeline::say_text!("{}", report.text())?,
    }
    Ok(())
}

/// The form that the loaders write, where the document names another one: every row would be new there.
fn other_form(mapping: &Mapping, read: Option<FormReading>) -> Option<String> {
    let wanted = mapping.other_request().entry_id()?;
    let read = read?.entry_id;
    (read != wanted).then_some(read)
}

fn bar(customers: u64) -> ProgressBar {
    let bar = ProgressBar::new(customers);
    let template = ::words::text!("{spinner} {msg} {wide_bar} {pos}/{len} customers, {per_sec}, {eta} left");
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(::words::text!("mapping"));
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
