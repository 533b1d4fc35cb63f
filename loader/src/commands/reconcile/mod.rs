//! `loader reconcile`: what should be in the form against what is there, in bounded memory.
//!
//! What should be there is the ledger (what was written last) together with the transformer's watermarks (what went on to the
//! loader last). First the form is paged through for rows that no loader wrote, then the ledger for rows that are missing,
//! changed or behind. `--fix` has the customers in question fetched again; extra rows are never touched. Calls that fail are
//! repeated, and a comparison that was broken off goes on with the next run.

mod compare;
mod findings;
mod progress;

use std::time::Duration;

use anyhow::Context as _;
use indicatif::ProgressBar;
use pipeline::comparison::{Compared, Comparisons, Side};
use pipeline::setting::ConfigError;

use super::index::tool;
use super::usable;
use crate::cli::ReconcileArgs;
use crate::keyless::REMEDY;
use crate::write::Writer;
use compare::Comparison;
use findings::Findings;
use progress::{Next, Place};

/// Compares, prints, and fails when there is a difference that was not fixed.
pub(crate) async fn reconcile(args: ReconcileArgs) -> anyhow::Result<()> {
    let (writer, config) = tool(*args.run)?;
    let known = writer
        .index
        .recognition()
        .filter(|_| !config.expected.fields.is_empty());
    let Some(recognition) = known else {
        return Err(ConfigError::message(words::tr!(
            "JDY_KEY_WIDGET and MAPPING are needed to compare rows; set both"
        ))
        .into());
    };
    usable::key_widget(&writer).await?;
    let built = writer.index.build().await;
    built.with_context(|| words::tr!("wait for the index of the form: {}", usable::reasons(&writer)))?;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    let place = Place::new(&writer, args.fix);
    let (mut progress, resumed) = place.open(args.restart).await?;
    if resumed {
        tracing::info!("going on where the last run was broken off; --restart begins again");
    }
    let comparison = Comparison {
        writer: &writer,
        recognition: &recognition,
        fix: args.fix,
        ignore_keyless: config.ignore_keyless,
    };
    loop {
        let next = comparison.step(&progress.next, &mut progress.findings).await?;
        let Some(next) = next else { break };
        bar.set_message(match &next {
            Next::Form(_) => words::tr!("{} rows of the form read", progress.findings.rows),
            Next::Ledger(_) => words::tr!("{} rows read, customers are compared", progress.findings.rows),
        });
        progress.next = next;
        place.keep(&progress).await?;
        words::ensure!(
            !writer.runtime.shutdown.is_requested(),
            "interrupted; the next run goes on from here"
        );
    }
    place.close().await?;
    writer.runtime.events.finish().await;
    bar.finish_and_clear();
    let findings = progress.findings;
    findings.print(args.json)?;
    if let Err(error) = keep(&writer, &findings.told(args.fix)).await {
        tracing::warn!(
            error = pipeline::cause::logged(&*error),
            "status does not know what was found"
        );
    }
    judge(&findings, args.fix)
}

/// For `status` and `doctor`.
async fn keep(writer: &Writer, told: &Compared) -> anyhow::Result<()> {
    let runtime = &writer.runtime;
    let comparisons = Comparisons::new(runtime.store.clone(), runtime.namespace.clone());
    let kept = comparisons.end(Side::Form, told).await;
    kept.with_context(|| words::tr!("ask Redis"))
}

/// Fails when something is left open.
fn judge(findings: &Findings, fix: bool) -> anyhow::Result<()> {
    let (open, held_back) = (findings.open(), findings.held_back);
    words::ensure!(
        held_back == 0 || !fix,
        "{open} customers differ; {held_back} of them are not fetched again, because {} rows have no key and may be \
         theirs: {REMEDY}",
        findings.without_key
    );
    words::ensure!(
        open == 0,
        "{open} customers differ; `--fix` has them fetched again"
    );
    let unreadable = findings.unreadable.count;
    words::ensure!(
        unreadable == 0,
        "{unreadable} rows cannot be read while others can, and were passed over; look at them in the form, or ask \
         Jiandaoyun's support"
    );
    Ok(())
}
