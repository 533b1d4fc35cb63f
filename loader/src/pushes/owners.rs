//! Whose rows are these? The ledger knows rows by customer, so that it has to be read as a whole: in Redis, not at the
//! vendor, and only when a key cell does not say it.

use std::collections::{HashMap, HashSet};

use crate::ledger::{Error, Ledger};

/// About how many customers of the ledger are taken at once.
const SCAN: usize = 500;

/// The customers whose rows these are, as far as the ledger knows them for certain.
pub(super) async fn owners(ledger: &Ledger, rows: &HashSet<&str>) -> Result<HashMap<String, String>, Error> {
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
