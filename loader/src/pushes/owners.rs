//! Whose rows are these? The ledger knows rows by customer, so that it has to be read as a whole: in Redis, not at the
//! vendor, only when a key cell does not say it, and for no more than a tenth of the time.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ledger::{Error, Ledger};

/// About how many customers of the ledger are taken at once.
const SCAN: usize = 500;
/// After a search the next one waits this many times as long as it took.
const REST: u32 = 9;

/// Searches the ledger for the customers of rows.
#[derive(Default)]
pub(super) struct Owners {
    /// When the next search may begin.
    next: Mutex<Option<Instant>>,
}

impl Owners {
    /// How long to wait for the next search.
    pub(super) fn wait(&self) -> Option<Duration> {
        let next = *self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = next?.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// The customers whose rows these are, as far as the ledger knows them for certain.
    pub(super) async fn find(
        &self,
        ledger: &Ledger,
        rows: &HashSet<&str>,
    ) -> Result<HashMap<String, String>, Error> {
        let begun = Instant::now();
        let found = search(ledger, rows).await;
        let next = Instant::now() + begun.elapsed() * REST;
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        found
    }
}

async fn search(ledger: &Ledger, rows: &HashSet<&str>) -> Result<HashMap<String, String>, Error> {
    let mut found = HashMap::new();
    let mut cursor = 0;
    while found.len() < rows.len() {
        let (next, companies) = ledger.scan(cursor, SCAN).await?;
        let names: Vec<&str> = companies.iter().map(String::as_str).collect();
        for (company, known) in companies.iter().zip(ledger.known_rows(&names).await?) {
            // An id that was taken from an answer by its place is no proof.
            let id = known.filter(|known| !known.placed).and_then(|known| known.id);
            if let Some(id) = id.filter(|id| rows.contains(id.as_str())) {
                found.insert(id, company.clone());
            }
        }
        if next == 0 {
            break;
        }
        cursor = next;
    }
    Ok(found)
}
