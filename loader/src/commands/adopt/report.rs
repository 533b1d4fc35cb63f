//! What an adoption would do or has done, for people and for programs.

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::super::table::Facts;

/// How many examples of each kind are shown.
const EXAMPLES: usize = 5;

/// Whose a row is, after everything was asked.
pub(super) enum Verdict {
    Known(String),
    Exact(String),
    Unclear(&'static str),
    Nobody,
    Blank,
}

/// Rows of one kind.
#[derive(Debug, Default, Serialize)]
struct Kind {
    count: usize,
    examples: Vec<String>,
}

/// The numbers, with some examples.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// Records that wait for the loaders.
    pub(super) waiting: u64,
    known: Kind,
    exact: Kind,
    ambiguous: Kind,
    none: Kind,
    /// Keys that were written and seen in the form.
    pub(super) written: usize,
    /// Keys that the vendor has accepted and the form does not show.
    pub(super) unseen: usize,
    /// Rows to which the vendor refuses a key.
    pub(super) refused: usize,
    /// Rows without a key afterwards, at least; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) left: Option<usize>,
}

impl Report {
    pub(super) fn new(waiting: u64) -> Self {
        Self {
            waiting,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, row: &str, contents: &str, verdict: Verdict) {
        let (kind, example) = match verdict {
            Verdict::Known(company) => (&mut self.known, words::tr!("row {row} is customer {company}")),
            Verdict::Exact(company) => (
                &mut self.exact,
                words::tr!("row {row} ({contents}) is customer {company}"),
            ),
            Verdict::Unclear(why) => (&mut self.ambiguous, words::tr!("row {row} ({contents}): {why}")),
            Verdict::Nobody => (&mut self.none, words::tr!("row {row} ({contents})")),
            Verdict::Blank => (&mut self.none, words::tr!("row {row}: nothing to compare")),
        };
        kind.count += 1;
        if kind.examples.len() < EXAMPLES {
            kind.examples.push(example);
        }
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> usize {
        self.known.count + self.exact.count + self.ambiguous.count + self.none.count
    }

    /// Rows that would get a key.
    pub(super) fn to_write(&self) -> usize {
        self.known.count + self.exact.count
    }

    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            pipeline::say!("{}", serde_json::to_string(self)?)?;
            return Ok(());
        }
        match self.left {
            None => self.print_preview(),
            Some(left) => self.print_done(left),
        }
    }

    fn print_preview(&self) -> anyhow::Result<()> {
        let mut facts = Facts::default();
        facts.add(words::mark!("records that wait"), self.waiting.to_string());
        facts.add(words::mark!("rows without a key"), self.rows().to_string());
        for (name, kind) in [
            ("known", &self.known),
            ("exact", &self.exact),
            ("ambiguous", &self.ambiguous),
            ("none", &self.none),
        ] {
            facts.add(&format!("  {name}"), kind.count.to_string());
            for example in &kind.examples {
                facts.add("", example);
            }
        }
        pipeline::say!("{facts}")?;
        if self.to_write() == 0 && self.rows() > 0 {
            pipeline::say!(
                "no row would get a key: wait until the customers' records have come (`transformer` and `extractor` run), \
                 or match by other widgets; {}",
                LEFT
            )?;
        }
        Ok(())
    }

    fn print_done(&self, left: usize) -> anyhow::Result<()> {
        pipeline::say!("{} rows have got their keys", self.written)?;
        if self.unseen > 0 {
            pipeline::say!(
                "{} keys were accepted by Jiandaoyun and are not in the form; run the command again",
                self.unseen
            )?;
        }
        if self.refused > 0 {
            pipeline::say!(
                "{} rows take no key, Jiandaoyun refuses it (the log says why); put it in by hand, or delete them",
                self.refused
            )?;
        }
        match left {
            0 => pipeline::say!("no row is without a key; the loaders go on by themselves")?,
            _ => pipeline::say!("at least {left} rows are left without a key; {LEFT}")?,
        }
        Ok(())
    }
}

/// What rows without a key mean, and what to do.
const LEFT: &str = words::mark!(
    "while there are any, loaders make no new rows: match by other widgets, type the customers' ids into the key \
     widget, delete the rows, or start the loaders with IGNORE_KEYLESS=true"
);

/// A bar for so many rows.
pub(super) fn progress(rows: usize) -> ProgressBar {
    let bar = ProgressBar::new(rows as u64);
    if let Ok(style) =
        ProgressStyle::with_template(words::text!("{bar:30} {pos}/{len} keys written, {eta} left"))
    {
        bar.set_style(style);
    }
    bar
}
