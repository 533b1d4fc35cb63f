//! Adoption: rows that 轻易云 or a person has made get the keys of their customers. Knows no terminal; `loader adopt` shows
//! what is found and asks.
//!
//! A row belongs to the customer whose record shows the same in some widgets. The records are those that wait for the
//! loaders, which make no rows while rows have no key. Everything that is compared lies in Redis as hashes, so it takes
//! little memory, and nobody's data is kept: `waiting` brings in the customers, `rows` the rows, `judge` says of each row
//! whose it is. Only the key cell is written; contents follow from the records. What was written is out of the next run, so
//! a run that was interrupted is simply begun again.

mod catalogue;
mod compare;
mod judge;
mod report;
mod rows;
mod told;
mod waiting;
mod widgets;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use pipeline::lease::{self, Lease};
use pipeline::setting::ConfigError;

use crate::keyless::{self, LEASE, Seen};
use crate::write::Writer;
use catalogue::Catalogue;
use compare::Compared;
pub(crate) use report::Report;
use told::Told;

/// How long a loader that repairs keys is waited for.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked whether it is done.
const POLL: Duration = Duration::from_millis(200);

/// Hears how far the work is, in English sentences (`words::retold`).
pub(crate) type Tell<'a> = &'a (dyn Fn(String) + Send + Sync);

/// What shall be adopted.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Widgets whose contents say which customer a row belongs to, by name or caption.
    pub(crate) widgets: Vec<String>,
    /// Show examples with e-mail addresses and phone numbers.
    pub(crate) reveal: bool,
}

/// What came of it.
pub(crate) struct Adopted {
    /// Whose the rows were.
    pub(crate) preview: Report,
    /// What was written; `None`: nobody agreed, or there was nothing to write.
    pub(crate) written: Option<Report>,
}

/// Says whose the rows without a key are, and writes the keys if `agree` says so, which is asked only when there are some to
/// write. The form has to be read before. Nobody else writes keys meanwhile.
pub(crate) async fn adopt(
    writer: &Writer,
    asked: &Asked,
    tell: Tell<'_>,
    agree: impl FnOnce(&Report) -> anyhow::Result<bool> + Send,
) -> anyhow::Result<Adopted> {
    let adoption = Adoption::begin(writer, asked, tell).await?;
    let done = adoption.run(agree).await;
    let released = adoption.lease.release().await;
    released.context(Told(|| words::tr!("ask Redis")))?;
    done
}

/// What one adoption works with.
struct Adoption<'a> {
    writer: &'a Writer,
    catalogue: Catalogue,
    key_widget: String,
    compared: Compared,
    reveal: bool,
    tell: Tell<'a>,
    lease: Lease,
}

impl<'a> Adoption<'a> {
    async fn begin(writer: &'a Writer, asked: &Asked, tell: Tell<'a>) -> anyhow::Result<Self> {
        let mapped = writer.form.mapped();
        let key_widget = writer.index.key_widget().filter(|_| !mapped.is_empty());
        let key_widget = key_widget.ok_or_else(|| {
            ConfigError::message(words::tr!(
                "JDY_KEY_WIDGET and MAPPING are needed to tell whose the rows are; set both, as for `loader run`"
            ))
        })?;
        let form = writer.form.current();
        let form = form.context(Told(|| words::tr!("the form has not been read")))?;
        let compared = widgets::resolve(&asked.widgets, &form, mapped)?;
        Ok(Self {
            catalogue: Catalogue::new(&writer.runtime),
            key_widget: key_widget.to_owned(),
            compared,
            reveal: asked.reveal,
            tell,
            lease: alone(writer).await?,
            writer,
        })
    }

    async fn run(&self, agree: impl FnOnce(&Report) -> anyhow::Result<bool>) -> anyhow::Result<Adopted> {
        let preview = self.undisturbed(self.compare()).await?;
        if preview.to_write() == 0 || !agree(&preview)? {
            return Ok(Adopted {
                preview,
                written: None,
            });
        }
        let mut report = Report::new(preview.waiting);
        self.undisturbed(self.fill_in(preview.to_write(), &mut report))
            .await?;
        Ok(Adopted {
            preview,
            written: Some(report),
        })
    }

    /// Work ends when another one is at it, or the process has to.
    async fn undisturbed<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        tokio::select! {
            done = work => done,
            () = self.lease.lost() => Err(anyhow::Error::msg(Told(|| {
                words::tr!("another process has taken over; run the command again")
            }))),
            () = self.writer.runtime.shutdown.requested() => Err(anyhow::Error::msg(Told(|| {
                words::tr!("interrupted; what was written stays, and the next run goes on from there")
            }))),
        }
    }

    async fn compare(&self) -> anyhow::Result<Report> {
        self.catalogue.clear().await?;
        let runtime = &self.writer.runtime;
        let (ledger, vendor) = (&self.writer.ledger, &self.writer.vendor);
        if keyless::count(vendor, ledger, &self.key_widget).await?.is_none() {
            return Ok(Report::new(0));
        }
        if let Some(recognition) = self.writer.index.recognition() {
            keyless::find_known(runtime, ledger, vendor, &recognition)
                .await
                .context(Told(|| words::tr!("look for rows that the ledger knows")))?;
        }
        let waiting = waiting::read(runtime, &self.compared, &self.catalogue, self.tell).await?;
        rows::read(self).await?;
        let mut report = Report::new(waiting);
        rows::judge(self, &mut report).await?;
        Ok(report)
    }

    async fn fill_in(&self, all: usize, report: &mut Report) -> anyhow::Result<()> {
        // The loaders that pause because of these rows read the form again when none is left.
        let memory = self.writer.keyless.memory();
        let kept = memory.keep(&Seen::Some).await;
        kept.context(Told(|| words::tr!("ask Redis")))?;
        rows::write(self, all, report).await?;
        let left = keyless::count(&self.writer.vendor, &self.writer.ledger, &self.key_widget).await?;
        report.left = Some(left.map_or(0, |counted| counted.at_least));
        if report.written > 0 {
            // Also for loaders that ignore rows without a key: they have to learn whose these rows are now.
            let dropped = self.writer.index.drop_index().await;
            dropped.context(Told(|| words::tr!("have the form read again")))?;
        }
        if left.is_none() {
            memory.forget().await.context(Told(|| words::tr!("ask Redis")))?;
        }
        self.catalogue.clear().await
    }
}

/// Nobody else writes keys meanwhile. A loader that gives known rows their keys is done within moments, and is waited for.
async fn alone(writer: &Writer) -> anyhow::Result<Lease> {
    let (rt, begun) = (&writer.runtime, Instant::now());
    loop {
        let key = rt.namespace.keyless_lease_key();
        let lease = Lease::acquire(&rt.store, key, &rt.instance, LEASE).await;
        if let Some(lease) = lease.context(Told(|| words::tr!("ask Redis")))? {
            return Ok(lease);
        }
        if begun.elapsed() >= PATIENCE || !rt.shutdown.sleep(POLL).await {
            let holder = lease::holder(&rt.store, &rt.namespace.keyless_lease_key()).await;
            let holder = holder.ok().flatten().unwrap_or_default();
            return Err(anyhow::Error::msg(Told(move || {
                words::tr!(
                    "another `loader adopt`, or a loader that repairs keys, is at work: {holder}; try again in a minute, or stop that process"
                )
            })));
        }
    }
}
