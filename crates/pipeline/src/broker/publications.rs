//! How many messages this process has published for each stage, and what they carried.

use crate::stage::Stage;
use std::sync::{Mutex, PoisonError};

/// Messages and the records in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) messages: u64,
    pub(crate) records: u64,
}

/// Since they were last taken.
#[derive(Debug, Default)]
pub(super) struct Publications([Mutex<Carried>; 3]);

impl Publications {
    pub(super) fn published(&self, stage: Stage, records: usize) {
        if let Some(carried) = self.0.get(stage as usize) {
            let mut carried = carried.lock().unwrap_or_else(PoisonError::into_inner);
            carried.messages += 1;
            carried.records += records as u64;
        }
    }

    /// Of the stages for which something was published.
    pub(super) fn take(&self) -> Vec<(Stage, Carried)> {
        let taken = self
            .0
            .iter()
            .map(|carried| std::mem::take(&mut *carried.lock().unwrap_or_else(PoisonError::into_inner)));
        Stage::ALL
            .into_iter()
            .zip(taken)
            .filter(|(_, carried)| carried.messages > 0)
            .collect()
    }
}
