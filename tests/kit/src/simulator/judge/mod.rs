//! The judge: compares the form's rows with the truth, from outside. It knows nothing of the pipeline; a row that
//! equals an earlier revision of its customer is stale, a row that equals none is wrong.

mod judgement;
mod overruns;

use std::collections::HashMap;

use super::expected::{self, Cells, LABELS};
use super::faults::Vendor;
use super::jdy::{Form, KEY_WIDGET, Oid, cell_widget};
use super::state::{State, lock};
use super::world::{Entry, company_id, content};

use judgement::note;
pub use judgement::{Example, Examples, JudgeOptions, Judgement, Stats, Tie};
pub use overruns::Overruns;

/// Rows copied at a time, so that judging does not stop the vendors.
const CHUNK: usize = 500;

pub(super) fn stats(state: &State) -> Stats {
    let (transactions, form_rows) = {
        let account = lock(&state.account);
        (
            account.transactions.report(),
            account.forms.iter().map(Form::len).sum(),
        )
    };
    Stats {
        okki: state.traffic(Vendor::Okki).report(),
        jdy: state.traffic(Vendor::Jdy).report(),
        stood_still_ms: state.stalls.longest_ms(),
        transactions,
        source_customers: lock(&state.world).len(),
        form_rows,
    }
}

/// A row, reduced to what is judged.
struct Seen {
    id: Oid,
    key: String,
    cells: Cells,
}

/// Judges one form; the error names the form that does not exist. Heavy: not for an async thread.
pub(super) fn judge(state: &State, options: &JudgeOptions) -> Result<Judgement, String> {
    let (seed, entries): (u64, Vec<Entry>) = {
        let world = lock(&state.world);
        (
            world.seed(),
            (0..world.ever())
                .map(|index| world.entry(index).clone())
                .collect(),
        )
    };
    let mut comparison = Comparison::new(seed, &entries);
    let (form, key) = columns(state, options)?;
    let names = if key.is_none() {
        names(seed, &entries)
    } else {
        HashMap::new()
    };
    let mut cursor = None;
    loop {
        let chunk = rows(state, form, key, cursor);
        let Some(last) = chunk.last() else { break };
        cursor = Some(last.id);
        for row in &chunk {
            let index = match key {
                Some(_) => row.key.parse().ok().and_then(|id| index_of(id, entries.len())),
                None => names.get(row.cells[0].as_str()).copied(),
            };
            comparison.row(row, index);
        }
    }
    comparison.missing();
    let mut report = comparison.report;
    let stats = stats(state);
    report.transactions = stats.transactions;
    report.quota_violations = stats.okki.quota_violations + stats.jdy.quota_violations;
    Ok(report)
}

/// Position of the form, and of its key widget unless rows are tied by name.
fn columns(state: &State, options: &JudgeOptions) -> Result<(usize, Option<usize>), String> {
    let account = lock(&state.account);
    let form = match &options.form {
        Some(entry) => account
            .form(entry)
            .ok_or(format!("form: no form has the entry id {entry}"))?,
        None => 0,
    };
    let widgets = account.forms.get(form).ok_or("form: the account has no forms")?;
    match &options.tie {
        Tie::Name => Ok((form, None)),
        Tie::Auto => Ok((form, widgets.position(KEY_WIDGET))),
        Tie::Widget(name) => match widgets.position(name) {
            Some(position) => Ok((form, Some(position))),
            None => Err(format!("tie: the form has no widget {name}")),
        },
    }
}

fn rows(state: &State, form: usize, key: Option<usize>, after: Option<Oid>) -> Vec<Seen> {
    let account = lock(&state.account);
    let form = &account.forms[form];
    let positions: [Option<usize>; 14] = std::array::from_fn(|i| form.position(&cell_widget(i)));
    let seen = |(id, row): (Oid, &super::jdy::Row)| {
        let text = |position: Option<usize>| match position {
            Some(position) => match row.cells[position].read() {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            },
            None => String::new(),
        };
        Seen {
            id,
            key: text(key),
            cells: positions.map(text),
        }
    };
    form.after(after).take(CHUNK).map(seen).collect()
}

fn index_of(id: i64, count: usize) -> Option<u32> {
    let index = u32::try_from((id - company_id(0)) / (company_id(1) - company_id(0))).ok()?;
    (company_id(index) == id && (index as usize) < count).then_some(index)
}

/// Every name a customer has or had. Names are unique, so this is a function.
fn names(seed: u64, entries: &[Entry]) -> HashMap<String, u32> {
    let mut names = HashMap::new();
    for (entry, index) in entries.iter().zip(0..) {
        for revision in 0..=entry.revision {
            names.insert(
                expected::clean(&content(seed, index, entry, revision).name),
                index,
            );
        }
    }
    names
}

struct Comparison<'a> {
    seed: u64,
    entries: &'a [Entry],
    rows_of: Vec<u32>,
    report: Judgement,
}

impl<'a> Comparison<'a> {
    fn new(seed: u64, entries: &'a [Entry]) -> Self {
        let source_customers = entries.iter().filter(|entry| !entry.removed).count();
        let report = Judgement {
            source_customers,
            ..Judgement::default()
        };
        Comparison {
            seed,
            entries,
            rows_of: vec![0; entries.len()],
            report,
        }
    }

    fn row(&mut self, row: &Seen, index: Option<u32>) {
        self.report.form_rows += 1;
        let examples = &mut self.report.examples;
        let id = row.id.to_string();
        let blank = row.cells.iter().all(String::is_empty);
        let Some(index) = index else {
            if blank && row.key.is_empty() {
                self.report.blank += 1;
                note(&mut examples.blank, None, Some(id), || {
                    "no contents and no key".into()
                });
            } else {
                self.report.foreign += 1;
                note(&mut examples.foreign, None, Some(id), || {
                    format!("key {:?}, name {:?}", row.key, row.cells[0])
                });
            }
            return;
        };
        let company = Some(company_id(index));
        let entry = &self.entries[index as usize];
        self.rows_of[index as usize] += 1;
        if entry.removed {
            self.report.extra += 1;
            note(&mut examples.extra, company, Some(id), || {
                "the customer was removed".into()
            });
            return;
        }
        if self.rows_of[index as usize] > 1 {
            self.report.duplicates += 1;
            let nth = self.rows_of[index as usize];
            note(&mut examples.duplicates, company, Some(id.clone()), || {
                format!("row number {nth} of this customer")
            });
        }
        if blank {
            self.report.blank += 1;
            note(&mut examples.blank, company, Some(id), || {
                "a key and no contents".into()
            });
            return;
        }
        let at = |revision| expected::cells(&content(self.seed, index, entry, revision));
        let expected = at(entry.revision);
        if row.cells == expected {
            return;
        }
        if let Some(revision) = (0..entry.revision)
            .rev()
            .find(|revision| row.cells == at(*revision))
        {
            self.report.stale += 1;
            let detail = || format!("shows revision {revision}, the customer is at {}", entry.revision);
            note(&mut examples.stale, company, Some(id), detail);
            return;
        }
        for ((label, shown), wanted) in LABELS.iter().zip(&row.cells).zip(&expected) {
            if shown != wanted {
                self.report.wrong_cells += 1;
                let detail = || format!("{label}: shows {}, expected {}", brief(shown), brief(wanted));
                note(&mut examples.wrong_cells, company, Some(id.clone()), detail);
            }
        }
    }

    fn missing(&mut self) {
        for (index, rows) in self.rows_of.iter().enumerate() {
            let entry = &self.entries[index];
            if *rows == 0 && !entry.removed {
                self.report.missing += 1;
                let company = Some(company_id(index as u32));
                note(&mut self.report.examples.missing, company, None, || {
                    format!("revision {}", entry.revision)
                });
            }
        }
    }
}

fn brief(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    if start.len() == text.len() {
        format!("{text:?}")
    } else {
        format!("{start:?}… ({} bytes)", text.len())
    }
}

#[cfg(test)]
mod tests;
