//! `loader adopt`: rows that 轻易云 or a person has made get the keys of their customers.
//!
//! A row belongs to the customer whose record shows the same in the widgets of `--match`. The records are those that wait
//! for the loaders, which make no rows while rows have no key. Everything that is compared lies in Redis as hashes, so the
//! command needs little memory, and nobody's data is kept: `waiting` brings in the customers, `rows` the rows, `judge` says
//! of each row whose it is. Only the key cell is written; contents follow from the records. What was written is out of the
//! next run, so a run that was interrupted is simply begun again.

mod catalogue;
mod compare;
mod judge;
mod report;
mod rows;
mod waiting;
mod widgets;

use anyhow::Context as _;
use indicatif::ProgressBar;
use pipeline::lease::Lease;
use pipeline::setting::ConfigError;

use super::confirm::confirmed;
use super::index::tool;
use super::usable;
use crate::cli::AdoptArgs;
use crate::keyless::{self, LEASE, Seen};
use crate::write::Writer;
use catalogue::Catalogue;
use compare::Compared;
use report::Report;
use std::time::{Duration, Instant};

/// How long a loader that repairs keys is waited for.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked whether it is done.
const POLL: Duration = Duration::from_millis(200);

/// Shows whose the rows are, asks, and writes the keys.
pub(crate) async fn adopt(args: AdoptArgs) -> anyhow::Result<()> {
    let (writer, config) = tool(args.run)?;
    let key_widget = config.expected.key_widget.clone();
    let key_widget = key_widget.filter(|_| !config.expected.fields.is_empty()).ok_or_else(|| {
        ConfigError::message(
            words::tr!("JDY_KEY_WIDGET and MAPPING are needed to tell whose the rows are; set both, as for `loader run`"),
        )
    })?;
    if let Err(misfit) = usable::read(&writer).await? {
        return Err(ConfigError::message(misfit.to_string()).into());
    }
    let form = writer
        .form
        .current()
        .with_context(|| words::tr!("the form has not been read"))?;
    let compared = widgets::resolve(&args.widgets, &form, &config.expected.fields)?;
    let lease = alone(&writer).await?;
    let adoption = Adoption {
        catalogue: Catalogue::new(&writer.runtime),
        writer: &writer,
        key_widget,
        compared,
        reveal: args.reveal,
    };
    let done = tokio::select! {
        done = adoption.run(args.dry_run, args.yes, args.json) => done,
        () = lease.lost() => Err(words::failure!("another process has taken over; run the command again")),
        () = writer.runtime.shutdown.requested() => {
            Err(words::failure!("interrupted; what was written stays, and the next run goes on from there"))
        }
    };
    writer.runtime.events.finish().await;
    lease.release().await.with_context(|| words::tr!("ask Redis"))?;
    done
}

/// Nobody else writes keys meanwhile. A loader that gives known rows their keys is done within moments, and is waited for.
async fn alone(writer: &Writer) -> anyhow::Result<Lease> {
    let (rt, begun) = (&writer.runtime, Instant::now());
    loop {
        let key = rt.namespace.keyless_lease_key();
        let lease = Lease::acquire(&rt.store, key, &rt.instance, LEASE).await;
        if let Some(lease) = lease.with_context(|| words::tr!("ask Redis"))? {
            return Ok(lease);
        }
        if begun.elapsed() >= PATIENCE || !rt.shutdown.sleep(POLL).await {
            words::bail!(
                "another `loader adopt`, or a loader that repairs keys, is at work; try again in a minute"
            );
        }
    }
}

/// What one adoption works with.
struct Adoption<'a> {
    writer: &'a Writer,
    catalogue: Catalogue,
    key_widget: String,
    compared: Compared,
    reveal: bool,
}

impl Adoption<'_> {
    async fn run(&self, dry_run: bool, yes: bool, json: bool) -> anyhow::Result<()> {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        let preview = self.preview(&bar).await?;
        bar.finish_and_clear();
        if dry_run || preview.to_write() == 0 {
            return preview.print(json);
        }
        if !json {
            preview.print(false)?;
        }
        let question = words::tr!(
            "Write the keys of {} customers into their rows?",
            preview.to_write()
        );
        words::ensure!(confirmed(&question, yes)?, "not confirmed; nothing was written");
        let bar = report::progress(preview.to_write());
        let mut report = self.write(&bar).await?;
        bar.finish_and_clear();
        report.waiting = preview.waiting;
        report.print(json)
    }

    /// Reads records and rows, and says of each row whose it is.
    async fn preview(&self, bar: &ProgressBar) -> anyhow::Result<Report> {
        self.catalogue.clear().await?;
        let runtime = &self.writer.runtime;
        let (ledger, vendor) = (&self.writer.ledger, &self.writer.vendor);
        if keyless::count(vendor, &self.key_widget).await?.is_none() {
            return Ok(Report::new(0));
        }
        if let Some(recognition) = self.writer.index.recognition() {
            keyless::find_known(runtime, ledger, vendor, &recognition)
                .await
                .with_context(|| words::tr!("look for rows that the ledger knows"))?;
        }
        let waiting = waiting::read(runtime, &self.compared, &self.catalogue, bar).await?;
        rows::read(self, bar).await?;
        let mut report = Report::new(waiting);
        rows::judge(self, bar, &mut report).await?;
        Ok(report)
    }

    /// Writes the keys, and says what is left.
    async fn write(&self, bar: &ProgressBar) -> anyhow::Result<Report> {
        // The loaders that pause because of these rows read the form again when none is left.
        let memory = self.writer.keyless.memory();
        memory
            .keep(&Seen::Some)
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        let mut report = Report::new(0);
        rows::write(self, bar, &mut report).await?;
        let left = keyless::count(&self.writer.vendor, &self.key_widget).await?;
        report.left = Some(left.map_or(0, |counted| counted.at_least));
        if report.written > 0 {
            // Also for loaders that ignore rows without a key: they have to learn whose these rows are now.
            self.writer
                .index
                .drop_index()
                .await
                .with_context(|| words::tr!("have the form read again"))?;
        }
        if left.is_none() {
            memory.forget().await.with_context(|| words::tr!("ask Redis"))?;
        }
        self.catalogue.clear().await?;
        Ok(report)
    }
}
