//! Messages are claimed, and batches that no loader works on are taken over.

use super::*;

impl World<'_> {
    /// Takes messages of different customers and claims them.
    pub(super) async fn deliver(&mut self, loader: usize, from: usize, most: usize) {
        let mut taken: Vec<Message> = Vec::new();
        let start = from.checked_rem(self.queue.len()).unwrap_or(0);
        self.queue.rotate_left(start);
        let mut rest = Vec::new();
        for message in std::mem::take(&mut self.queue) {
            match taken.len() < most && taken.iter().all(|other| other.company != message.company) {
                true => taken.push(message),
                false => rest.push(message),
            }
        }
        self.queue = rest;
        if taken.is_empty() {
            return;
        }
        let batch = self.name('b');
        let process = &self.processes[loader];
        let mut live = process.registry.announce(&batch).unwrap();
        let texts: Vec<(String, String)> = taken
            .iter()
            .map(|message| (message.version(), message.row()))
            .collect();
        let item = |(message, (version, row)): (&'_ Message, &'_ (String, String))| {
            (message.clone(), version.clone(), row.clone())
        };
        let owned: Vec<_> = taken.iter().zip(&texts).map(item).collect();
        let items: Vec<Item<'_>> = owned
            .iter()
            .map(|(message, version, row)| Item {
                company: &message.company,
                version,
                hash: &message.hash,
                operation: if message.removed {
                    Operation::Delete
                } else {
                    Operation::Upsert
                },
                fetched_at: message.fetched_ms(),
                set: if message.removed { "" } else { row },
                clear: "",
            })
            .collect();
        let claimed = match process.ledger.claim(&batch, &items, true).await {
            Ok(claimed) => claimed,
            Err(error) => {
                self.expect_no_index(loader, &error);
                return self.queue.extend(taken);
            }
        };
        assert!(
            self.expected.answers(&process.ledger.epoch()),
            "a ledger without index has answered"
        );
        let expected = self
            .expected
            .claim(&process.name, &batch, &claimed.transaction, &taken);
        assert_eq!(claimed.claims, expected, "claims of {taken:?}");
        live.granted(claimed.fence.clone(), claimed.time_ms);
        self.hours.insert(claimed.transaction.clone(), self.hour);
        let (mut members, mut messages, mut left_behind) = (Vec::new(), Vec::new(), Vec::new());
        for (slot, (message, claim)) in (0u32..).zip(taken.into_iter().zip(claimed.claims)) {
            let (kind, row_id) = match claim {
                Claim::Stale | Claim::Unchanged | Claim::Landed | Claim::Absent => continue,
                Claim::Refetch => {
                    self.fetch(&message.company);
                    continue;
                }
                Claim::Busy(batch, owner) => {
                    if owner == self.processes[loader].name
                        && !self.processes[loader].registry.is_live(&batch)
                    {
                        left_behind.push(batch);
                    }
                    self.queue.push(message);
                    continue;
                }
                Claim::Orphaned(batch) => {
                    left_behind.push(batch);
                    self.queue.push(message);
                    continue;
                }
                Claim::Create => (Kind::Create, String::new()),
                Claim::Update(id) => (Kind::Update, id),
                Claim::Remove(id) => (Kind::Remove, id),
            };
            members.push(Member {
                slot,
                kind,
                company: message.company.clone(),
                hash: if kind == Kind::Remove {
                    String::new()
                } else {
                    message.hash.clone()
                },
                row_id,
                row: if kind == Kind::Remove {
                    "".into()
                } else {
                    message.row().into()
                },
                transaction: if kind == Kind::Create {
                    claimed.transaction.clone()
                } else {
                    String::new()
                },
                first_sent_ms: claimed.time_ms,
            });
            messages.push(message);
        }
        if !members.is_empty() {
            self.works.push(Work::new(loader, live, members, messages, true));
        }
        for batch in left_behind {
            self.take_over(loader, &batch).await;
        }
    }

    pub(super) async fn take_over(&mut self, loader: usize, batch: &str) {
        let process = &self.processes[loader];
        let Some(mut live) = process.registry.announce(batch) else {
            return;
        };
        let taken = match process.ledger.take_over(batch, true).await {
            Ok(taken) => taken,
            Err(error) => return self.expect_no_index(loader, &error),
        };
        let expected = self.expected.take_over(&process.name, batch);
        let slots = |members: &[Member]| members.iter().map(|member| member.slot).collect::<Vec<_>>();
        let seen = taken
            .as_ref()
            .map(|taken| (slots(&taken.members), taken.fence.clone()));
        assert_eq!(seen, expected, "what a take-over finds");
        if let Some(taken) = taken {
            live.granted(taken.fence, taken.time_ms);
            self.works
                .push(Work::new(loader, live, taken.members, Vec::new(), false));
        }
    }

    pub(super) async fn sweep(&mut self, loader: usize) {
        match self.processes[loader].ledger.orphans(100).await {
            Ok(orphans) => {
                assert_eq!(
                    orphans.iter().cloned().collect::<std::collections::BTreeSet<_>>(),
                    self.expected.orphans()
                );
                for batch in orphans {
                    self.take_over(loader, &batch).await;
                }
            }
            Err(error) => self.expect_no_index(loader, &error),
        }
    }
}
