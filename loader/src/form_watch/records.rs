//! Records that fit the form or do not: whether the form is to blame, or a record alone.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use pipeline::gate::Pause;
use proto::v1::FormRecord;

use super::FormWatch;
use crate::jdy::form::Misfit;

/// Mappings, and cells of them, that are remembered at most.
const MAPPINGS: usize = 100;
const CELLS: usize = 10_000;
/// So many customers whose values one widget does not take are the mapping's or the form's fault, and no slip of one.
const SEVERAL: usize = 3;
/// How often a record with such a value comes again, while others of its mapping fit, before it is the only one.
const TIMES: u32 = 3;

/// What a record that does not fit is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Only this one does not fit.
    Alone,
    /// Others of its mapping fit, and nobody else has a value there: it comes again, and nobody waits.
    Unclear,
    /// The form or the mapping, for all that is known.
    Everybody,
}

/// Mappings of records that fit the form as it is, and the widgets for which they had values, as `mapping\nwidget`.
#[derive(Debug, Default)]
pub(super) struct Fitting {
    mappings: HashSet<String>,
    cells: HashSet<String>,
    /// Of cells in which no value has fitted: the customers whose values did not, and how often each came.
    refused: HashMap<String, HashMap<String, u32>>,
}

impl Fitting {
    fn add(&mut self, record: &FormRecord) {
        let mapping = &record.mapping_fingerprint;
        if self.mappings.len() < MAPPINGS && !self.mappings.contains(mapping) {
            self.mappings.insert(mapping.clone());
        }
        for field in record.fields.iter().filter(|field| field.value.is_some()) {
            let cell = cell(mapping, &field.field);
            if self.cells.len() < CELLS && !self.cells.contains(&cell) {
                self.refused.remove(&cell);
                self.cells.insert(cell);
            }
        }
    }

    /// Of a value that its widget does not take, where no other value of that mapping was seen to fit. A record without a
    /// value there says nothing about it; only customers can be counted.
    fn blame(&mut self, record: &FormRecord, widget: &str) -> Blame {
        let mapping = &record.mapping_fingerprint;
        if !self.mappings.contains(mapping) {
            return Blame::Everybody;
        }
        let known = self.refused.len() < MAPPINGS;
        let cell = cell(mapping, widget);
        if !known && !self.refused.contains_key(&cell) {
            return Blame::Everybody;
        }
        let customers = self.refused.entry(cell).or_default();
        if customers.len() < SEVERAL || customers.contains_key(&record.company_id) {
            *customers.entry(record.company_id.clone()).or_default() += 1;
        }
        match (customers.len(), customers.get(&record.company_id)) {
            (SEVERAL.., _) | (_, None) => Blame::Everybody,
            (_, Some(&times)) if times > TIMES => Blame::Alone,
            _ => Blame::Unclear,
        }
    }
}

fn cell(mapping: &str, widget: &str) -> String {
    format!("{mapping}\n{widget}")
}

impl FormWatch {
    /// These records fit the form as it is, so that no pause for the sake of another one is right.
    pub(crate) fn fits<'a>(&self, records: impl Iterator<Item = &'a FormRecord>) {
        let mut fitting = self.fitting.lock().unwrap_or_else(PoisonError::into_inner);
        // Removals carry no fields and fit any form.
        for record in records.filter(|record| !record.fields.is_empty()) {
            fitting.add(record);
        }
        drop(fitting);
        let waits_for = self.unfit.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((misfit, record)) = waits_for {
            self.is_alone(&misfit, &record);
        }
    }

    /// Whether it is only this record that does not fit: the mapping knows nothing of the widget, records of another
    /// mapping fit, or others of the same one with something in the same cell.
    ///
    /// Then nothing waits for it any more.
    fn is_alone(&self, misfit: &Misfit, record: &FormRecord) -> bool {
        let mapped = |(widget, _): &(String, String)| widget == misfit.widget();
        let foreign = !self.expected.fields.is_empty() && !self.expected.fields.iter().any(mapped);
        let fitting = self.fitting.lock().unwrap_or_else(PoisonError::into_inner);
        let others = match misfit.is_of_the_widget() {
            true => !fitting.mappings.is_empty(),
            // Another record of the same mapping may only have nothing in that cell; when it had something that fitted,
            // the mapping is right.
            false => {
                let mapping = &record.mapping_fingerprint;
                let other_mapping = !fitting.mappings.is_empty() && !fitting.mappings.contains(mapping);
                other_mapping || fitting.cells.contains(&cell(mapping, misfit.widget()))
            }
        };
        drop(fitting);
        if others || foreign {
            self.nobody_waits();
        }
        others || foreign
    }

    /// Who is to blame that this record does not fit.
    pub(crate) fn blame(&self, misfit: &Misfit, record: &FormRecord) -> Blame {
        if self.is_alone(misfit, record) {
            return Blame::Alone;
        }
        if misfit.is_of_the_widget() {
            return Blame::Everybody;
        }
        let mut fitting = self.fitting.lock().unwrap_or_else(PoisonError::into_inner);
        let blame = fitting.blame(record, misfit.widget());
        drop(fitting);
        if blame == Blame::Alone && self.waits_for(misfit, record) {
            self.nobody_waits();
        }
        blame
    }

    /// Whether a pause is for the sake of a value in the same cell.
    fn waits_for(&self, misfit: &Misfit, record: &FormRecord) -> bool {
        let unfit = self.unfit.lock().unwrap_or_else(PoisonError::into_inner);
        unfit.as_ref().is_some_and(|(other, waiting)| {
            waiting.mapping_fingerprint == record.mapping_fingerprint && other.widget() == misfit.widget()
        })
    }

    /// A record does not fit the form, and perhaps none does: pauses until one fits.
    pub(crate) fn misfit(self: &Arc<Self>, misfit: &Misfit, record: FormRecord) {
        *self.unfit.lock().unwrap_or_else(PoisonError::into_inner) = Some((misfit.clone(), record));
        self.pause(misfit);
        self.judged.notify_waiters();
    }

    /// It was about single records.
    pub(super) fn nobody_waits(&self) {
        let waited = self
            .unfit
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .is_some();
        if waited && self.paused.swap(false, Ordering::Relaxed) {
            self.runtime.gate.open(Pause::Configuration);
        }
    }
}
