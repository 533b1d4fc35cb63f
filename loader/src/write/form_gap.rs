//! Rows that were written while the form was not as the mapping needs it: they are read again, and whoever lacks a cell is
//! fetched again.

use super::Writer;
use crate::ledger::Error;

/// About how many customers of the ledger are taken at once.
const SCAN: usize = 500;

impl Writer {
    /// Puts them on the list of rows to verify, once the form is right again.
    pub(super) async fn verify_gap(&self) {
        if !self.form.had_gap() {
            return;
        }
        match self.list_gap().await {
            Ok(rows) => {
                self.form.gap_is_over();
                if rows > 0 {
                    tracing::warn!(
                        rows,
                        "rows were written while the form did not fit the mapping; they are read again"
                    );
                }
            }
            Err(error) => drop(self.ledger_failed(&error)),
        }
    }

    async fn list_gap(&self) -> Result<usize, Error> {
        // Another loader has done it.
        let Some(since) = self.ledger.form_gap().await? else {
            return Ok(0);
        };
        let (mut rows, mut cursor) = (0, 0);
        loop {
            let (next, companies) = self.ledger.scan(cursor, SCAN).await?;
            let names: Vec<&str> = companies.iter().map(String::as_str).collect();
            let known = self.ledger.known_rows(&names).await?;
            let mut in_doubt: Vec<&str> = Vec::new();
            for (company, known) in names.iter().zip(known) {
                let known = known.unwrap_or_default();
                if known.id.is_some() && known.written_ms.is_some_and(|written| written >= since) {
                    in_doubt.push(company);
                }
            }
            if !in_doubt.is_empty() {
                self.ledger.verify_later(&in_doubt, self.lateness()).await?;
                rows += in_doubt.len();
            }
            if next == 0 {
                break;
            }
            cursor = next;
        }
        self.ledger.form_gap_is_over().await?;
        Ok(rows)
    }
}
