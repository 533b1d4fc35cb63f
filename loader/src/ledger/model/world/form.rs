//! The form is read: rows that a late call may have changed, and all rows into a new index.

use super::*;

impl World<'_> {
    pub(super) async fn verify(&mut self, loader: usize, applies: bool) {
        if !self.expected.answers(&self.processes[loader].ledger.epoch()) {
            return;
        }
        // It is due when every call that was given up has landed or is lost.
        let listed = self.expected.verify.clone();
        let concerned =
            |call: &Call, vendor: &Vendor| listed.iter().any(|company| vendor.concerns(call, company));
        self.vendor.land(concerned, applies, self.now);
        observe::make_due(self.redis, &listed).await;
        let ledger = &self.processes[loader].ledger;
        let due = ledger.due_for_verification(100, LEASE).await.unwrap();
        assert_eq!(due.companies, listed.iter().cloned().collect::<Vec<_>>());
        let shown = |company: &String| self.vendor.rows_of(company).first().map(|row| (*row).clone());
        let rows: Vec<_> = due.companies.iter().map(shown).collect();
        let seen = |(company, row): (&String, &Option<VendorRow>)| Seen {
            company: company.clone(),
            row_id: row.as_ref().map(|row| row.id.clone()).unwrap_or_default(),
            hash: row.as_ref().map(|row| row.hash.clone()).unwrap_or_default(),
        };
        let seen: Vec<Seen> = due.companies.iter().zip(&rows).map(seen).collect();
        let judged = ledger.judge(&due, &seen, Duration::ZERO, LEASE).await.unwrap();
        for ((company, row), one) in due.companies.iter().zip(&rows).zip(judged) {
            assert_eq!(
                one,
                self.expected.judge(company, row.as_ref()),
                "judgement of {company}"
            );
            if one == Judged::Differs {
                self.fetch(company);
                self.processes[loader]
                    .ledger
                    .verified(&due, &[company])
                    .await
                    .unwrap();
            }
        }
    }

    /// By the time the index is complete, no call of before can land any more (`INDEX_SETTLE`).
    pub(super) async fn rebuild(&mut self, loader: usize, applies: bool) {
        self.vendor.land(|_, _| true, applies, self.now);
        let rows = self.vendor.rows();
        let found = |row: &VendorRow| {
            let (id, hash) = (row.id.clone(), row.hash.clone());
            (
                row.company.clone(),
                FoundRow {
                    id,
                    hash,
                    written_ms: row.written * UNIT_MS,
                },
            )
        };
        let found: Vec<_> = rows.iter().map(found).collect();
        let ledger = self.processes[loader].ledger.clone();
        ledger.set_epoch(self.expected.epoch.clone().unwrap_or_default());
        let since = self.unsure_since.min(self.now);
        self.unsure_since = i64::MAX;
        rebuild_since(&ledger, "form", &found, since * UNIT_MS).await;
        self.expected.rebuild(&rows, since, self.now, &ledger.epoch());
        observe::built_at(self.redis, self.expected.built()).await;
    }
}
