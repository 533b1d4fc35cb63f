//! `index rebuild --merge-duplicates`: of several rows with the same company id the oldest stays, the others are deleted.
//!
//! The oldest is the row that the loaders have kept up to date all along, that other forms link to, and that does not
//! depend on who merges or how often. Nothing is copied from the rows that go, so they are written to a file first. What
//! may go is decided by `bounds`, shown, confirmed, exported, and only then deleted. Only this command deletes duplicates;
//! a merge that was interrupted is begun again, with another file, and finds what is left.

mod bounds;
mod delete;
mod export;

use std::path::PathBuf;

use anyhow::Context as _;
use indicatif::ProgressBar;
use pipeline::setting::ConfigError;

use super::confirm::confirmed;
use super::table::columns;
use crate::config::MergeArgs;
use crate::write::Writer;
use bounds::{Listed, Sorted};

/// A merge that was asked for.
pub(super) struct Merge {
    file: PathBuf,
    most: f64,
    yes: bool,
}

impl Merge {
    /// `None` when no merge was asked for.
    pub(super) fn new(args: MergeArgs) -> Result<Option<Self>, ConfigError> {
        let most = bounds::share(&args.merge_at_most).ok_or_else(|| {
            let problem = words::tr!("`{}` is no share", args.merge_at_most);
            ConfigError::new(
                "MERGE_AT_MOST",
                problem,
                words::tr!("write a percentage from 0 to 100 such as 10"),
            )
        })?;
        let Some(file) = args.export.filter(|_| args.merge_duplicates) else {
            return Ok(None);
        };
        if file.exists() {
            return Err(ConfigError::new(
                "--export",
                words::tr!("`{}` is there already", file.display()),
                words::tr!("name a new file; what an earlier merge has exported is not overwritten"),
            ));
        }
        Ok(Some(Self {
            file,
            most,
            yes: args.yes,
        }))
    }

    /// Shows, asks, exports and deletes; the index is complete.
    pub(super) async fn run(self, writer: &Writer) -> anyhow::Result<()> {
        let recognition = writer.index.recognition();
        let recognition = recognition.ok_or_else(|| {
            ConfigError::message(words::tr!(
                "JDY_KEY_WIDGET and MAPPING are needed to merge rows; set both"
            ))
        })?;
        let (rows, _) = writer
            .index
            .counts()
            .await
            .with_context(|| words::tr!("ask Redis for the index"))?;
        let sorted = bounds::sort(
            writer
                .ledger
                .duplicates()
                .await
                .with_context(|| words::tr!("ask Redis"))?,
        );
        show(&sorted)?;
        sorted.judge(rows, self.most)?;
        if sorted.extras() == 0 {
            pipeline::say!("no row is to be deleted")?;
            return Ok(());
        }
        let question = words::tr!(
            "Delete {} of {rows} rows? They are written to {} first.",
            sorted.extras(),
            self.file.display()
        );
        words::ensure!(
            confirmed(&question, self.yes)?,
            "not confirmed; nothing was deleted"
        );
        let bar = ProgressBar::new_spinner();
        let exported = export::run(writer, &recognition, &sorted.customers, &self.file, &bar).await?;
        let deleted = delete::run(writer, &recognition, &exported, &bar).await?;
        bar.finish_and_clear();
        pipeline::say!(
            "{deleted} rows deleted; as they were, they stand in {}",
            self.file.display()
        )?;
        Ok(())
    }
}

/// What would go, and what is left alone.
fn show(sorted: &Sorted) -> anyhow::Result<()> {
    let line = |listed: &Listed| {
        let extras = listed.extras.iter().map(|extra| {
            [
                listed.company.clone(),
                words::tr!("keep {}", listed.kept),
                words::tr!("delete {extra}"),
            ]
        });
        extras.collect::<Vec<_>>()
    };
    let lines: Vec<_> = sorted.customers.iter().flat_map(line).collect();
    if !lines.is_empty() {
        pipeline::say!("{}", columns(&lines))?;
    }
    for left in &sorted.left_alone {
        pipeline::say!("left alone: {left}")?;
    }
    Ok(())
}
