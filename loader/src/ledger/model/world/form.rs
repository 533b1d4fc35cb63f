//! The form is read: rows that a late call may have changed, and all rows into a new index.

use super::*;

impl World<'_> {
    pub(super) async fn verify(&mut self, loader: usize, applies: bool) {
        // What is learned before that is not due before that.
        if !self.expected.answers(&self.processes[loader].ledger.epoch()) || !self.expected.settled {
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
        // No row is hidden for longer than that.
        let is_young = due.companies.iter().any(|company| self.vendor.hides(company));
        let longest = if is_young { LEASE } else { Duration::ZERO };
        let seen: Vec<Seen> = due.companies.iter().zip(&rows).map(seen).collect();
        let judged = ledger
            .judge(&due, &seen, Duration::ZERO, longest, LEASE)
            .await
            .unwrap();
        for ((company, row), one) in due.companies.iter().zip(&rows).zip(judged) {
            assert_eq!(
                one,
                self.expected.judge(company, row.as_ref(), is_young),
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

    /// Begins an index, whether there is one or not.
    pub(super) async fn begin(&mut self, loader: usize) {
        self.keep_time().await;
        if self.expected.epoch.is_some() {
            self.lose_knowledge();
        }
        let ledger = self.processes[loader].ledger.clone();
        ledger.set_epoch(self.expected.epoch.clone().unwrap_or_default());
        testing::open(&ledger, "form", LEASE).await;
        self.since = std::mem::replace(&mut self.unsure_since, i64::MAX).min(self.now);
        self.expected.begin(&ledger.epoch(), sequence(self.now));
    }

    /// `INDEX_SETTLE` is over: no call of before can land any more.
    pub(super) async fn settle(&mut self, applies: bool) {
        if self.expected.epoch.is_none() || self.expected.settled {
            return;
        }
        self.vendor.land(|_, _| true, applies, self.now);
        self.vendor.show(|_| true);
        observe::set_index(self.redis, &[("settles", "1")]).await;
        self.expected.settled = true;
    }

    /// The next page of the form, of two rows, or its end.
    pub(super) async fn walk(&mut self, loader: usize) {
        let ledger = self.processes[loader].ledger.clone();
        if !self.expected.answers(&ledger.epoch()) || !self.expected.settled {
            return;
        }
        let position = index::position(&ledger).await.unwrap();
        assert_eq!(position.is_none(), self.expected.complete);
        let Some(cursor) = position else { return };
        assert_eq!(cursor, self.expected.cursor);
        let asked = index::clock(&ledger).await.unwrap();
        let mut page = self.vendor.rows();
        page.retain(|row| row.id > cursor);
        page.truncate(2);
        let Some(last) = page.last() else {
            index::complete(&ledger).await.unwrap();
            self.expected.complete = true;
            return;
        };
        let last = last.id.clone();
        let rows: Vec<_> = page
            .iter()
            .map(|row| (row.company.clone(), Some(self.found(row))))
            .collect();
        let reading = Reading::Page {
            before: &cursor,
            after: &last,
            keyless: 0,
        };
        index::learn(&ledger, asked, Duration::ZERO, reading, &rows)
            .await
            .unwrap();
        for row in &page {
            self.expected.learn(&row.company, Some(row), self.since);
        }
        self.expected.cursor = last;
    }

    /// Looks up rows that the index has not seen; the companies of which nothing can be said yet.
    pub(super) async fn look_up(&mut self, loader: usize, unseen: &Unseen) -> Vec<String> {
        assert_eq!(unseen.settled, self.expected.settled);
        let mut rows = Vec::new();
        let mut waiting = Vec::new();
        let is_young = unseen.rows.iter().any(|(company, _)| self.vendor.hides(company));
        for (company, _) in &unseen.rows {
            let row = self.vendor.rows_of(company).first().map(|row| (*row).clone());
            let is_hidden = is_young && row.is_none() && self.expected.has_id(company);
            if row.is_none() && (!unseen.settled || is_hidden) {
                waiting.push(company.clone());
            }
            rows.push((company.clone(), row.as_ref().map(|row| self.found(row))));
            if !is_hidden {
                self.expected.learn(company, row.as_ref(), self.since);
            }
        }
        let ledger = &self.processes[loader].ledger;
        let reading = Reading::LookUp {
            longest: if is_young { LEASE } else { Duration::ZERO },
        };
        index::learn(ledger, unseen.time_ms, Duration::ZERO, reading, &rows)
            .await
            .unwrap();
        waiting
    }

    /// Looks at the rows that people have touched, and has their customers fetched again.
    pub(super) async fn notice(&mut self, loader: usize) {
        let ledger = self.processes[loader].ledger.clone();
        if !self.expected.answers(&ledger.epoch()) {
            return;
        }
        let undo = Undo {
            gone: true,
            edited: true,
            keeps_gone: false,
        };
        // Nobody waits here.
        observe::forget_touches(self.redis).await;
        for company in self.touched.clone() {
            let row = self.vendor.rows_of(&company).first().map(|row| (*row).clone());
            let (row_id, hash) = row.clone().map(|row| (row.id, row.hash)).unwrap_or_default();
            let seen = [Seen {
                company: company.clone(),
                row_id,
                hash,
            }];
            let began = index::clock(&ledger).await.unwrap();
            let judged = ledger.touched(began, Duration::ZERO, undo, &seen).await.unwrap()[0];
            assert_eq!(
                judged,
                self.expected.touch(&company, row.as_ref()),
                "touch of {company}"
            );
            if judged != TouchJudged::Busy {
                // Also of somebody whom this Redis does not know: the next change comes by itself.
                self.fetch(&company);
                self.touched.remove(&company);
            }
        }
        observe::forget_touches(self.redis).await;
    }

    /// A row as the loader reads it: written a moment ago, or long ago.
    fn found(&self, row: &VendorRow) -> FoundRow {
        FoundRow {
            id: row.id.clone(),
            content: row.hash.clone(),
            is_key_right: true,
            is_known_by_id: false,
            written_ms: if row.written >= self.since { 1 << 50 } else { 0 },
        }
    }
}
