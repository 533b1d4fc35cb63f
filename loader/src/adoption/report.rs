//! What an adoption would do or has done, for people and for programs.

use serde::Serialize;

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
pub(crate) struct Kind {
    pub(crate) count: usize,
    pub(crate) examples: Vec<String>,
}

/// The numbers, with some examples.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Records that wait for the loaders.
    pub(crate) waiting: u64,
    pub(crate) known: Kind,
    pub(crate) exact: Kind,
    pub(crate) ambiguous: Kind,
    pub(crate) none: Kind,
    /// Keys that were written and seen in the form.
    pub(crate) written: usize,
    /// Keys that the vendor has accepted and the form does not show.
    pub(crate) unseen: usize,
    /// Rows to which the vendor refuses a key.
    pub(crate) refused: usize,
    /// Rows without a key afterwards, at least; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) left: Option<usize>,
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
    pub(crate) fn rows(&self) -> usize {
        self.known.count + self.exact.count + self.ambiguous.count + self.none.count
    }

    /// Rows that would get a key.
    pub(crate) fn to_write(&self) -> usize {
        self.known.count + self.exact.count
    }
}
