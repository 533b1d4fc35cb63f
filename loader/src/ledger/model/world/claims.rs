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
        let mut live = self.processes[loader].registry.announce(&batch).unwrap();
        if !self.see(loader, &batch, &mut taken).await || taken.is_empty() {
            return self.queue.extend(taken);
        }
        let process = &self.processes[loader];
        let claimed = claim(&process.ledger, &batch, &taken).await.unwrap();
        assert!(
            self.expected.answers(&process.ledger.epoch()),
            "a ledger without index has answered"
        );
        let expected = self
            .expected
            .claim(&process.name, &batch, &claimed.transaction, &taken);
        for (claim, expected) in claimed.claims.iter().zip(expected) {
            // Whether the second request comes too soon depends on the time that this takes.
            let again = expected == Claim::Later && *claim == Claim::Refetch;
            assert!(
                *claim == expected || again,
                "{claim:?} instead of {expected:?} of {taken:?}"
            );
        }
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
                Claim::Later => {
                    self.queue.push(message);
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
                Claim::Parked | Claim::Uncounted | Claim::Unread | Claim::Kept => {
                    unreachable!("nothing is guarded here")
                }
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

    /// Looks up what the index has not seen; what cannot be said anything about yet comes again later. `false` when
    /// there is no index.
    async fn see(&mut self, loader: usize, batch: &str, taken: &mut Vec<Message>) -> bool {
        let unseen = self.expected.unseen(taken);
        let ledger = &self.processes[loader].ledger;
        if self.expected.answers(&ledger.epoch()) && unseen.is_empty() {
            return true;
        }
        match claim(ledger, batch, taken).await {
            Err(Error::Unseen(answer)) => {
                assert_eq!(answer.rows, unseen);
                let waiting = self.look_up(loader, &answer).await;
                let waits = |message: &Message| waiting.contains(&message.company);
                self.queue
                    .extend(taken.iter().filter(|message| waits(message)).cloned());
                taken.retain(|message| !waits(message));
                true
            }
            Err(error) => {
                self.expect_no_index(loader, &error);
                false
            }
            Ok(claimed) => panic!("{:?} of rows that were not seen: {unseen:?}", claimed.claims),
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

async fn claim(ledger: &Ledger, batch: &str, messages: &[Message]) -> Result<crate::ledger::Claimed, Error> {
    let texts: Vec<(String, String)> = messages
        .iter()
        .map(|message| (message.version(), message.row()))
        .collect();
    let items = messages.iter().zip(&texts).map(|(message, (version, row))| Item {
        company: &message.company,
        version,
        hash: &message.hash,
        operation: if message.removed {
            Operation::Delete
        } else {
            Operation::Upsert
        },
        sequence: message.sequence(),
        set: if message.removed { "" } else { row },
        clear: "",
    });
    ledger.claim(batch, &items.collect::<Vec<_>>(), true).await
}
