//! A batch goes on: heartbeat, call, commit, new transaction ids, or the end of its ownership.

use super::*;
use crate::ledger::Verify;

impl World<'_> {
    /// The next thing a batch needs. `beating`: after a heartbeat; else the loader wakes up and goes on at once, also
    /// with a call when it has not noticed for a moment that there is another index.
    pub(super) async fn advance(&mut self, at: usize, fault: u8, beating: bool) {
        let Some(at) = at.checked_rem(self.works.len()) else {
            return;
        };
        let mut work = self.works.remove(at);
        if work.is_finished() {
            // Its messages are acknowledged.
            return;
        }
        let loader = work.loader;
        if beating {
            let process = &self.processes[loader];
            let answers = self.expected.answers(&process.ledger.epoch());
            match process.registry.renew(&process.ledger).await {
                Ok(()) => assert!(answers),
                Err(error) => self.expect_no_index(loader, &error),
            }
            let process = &self.processes[loader];
            // One heartbeat renews all batches of the process.
            for other in self
                .works
                .iter()
                .chain([&work])
                .filter(|other| other.loader == loader)
            {
                let (batch, fence) = (&other.live.batch, &other.live.fence);
                let owned = answers && self.expected.owns(batch, &process.name, fence);
                if owned {
                    self.expected.renew(batch);
                }
                assert_eq!(!owned, other.live.is_lost(), "whether {batch} is lost");
            }
            if work.live.is_lost() {
                return self.lose(work).await;
            }
        }
        if !work.ends.is_empty() {
            self.commit(work).await;
        } else if !work.regroup.is_empty() {
            self.regroup(work).await;
        } else if beating || self.may_still_send(loader) {
            let (hours, hour) = (&self.hours, self.hour);
            let forgotten = |transaction: &str| hours.get(transaction).is_some_and(|begun| *begun < hour);
            work.send(
                &mut self.vendor,
                &forgotten,
                kind(fault),
                fault.is_multiple_of(2),
                self.now,
            );
            self.works.push(work);
        } else {
            self.works.push(work);
        }
    }

    /// Its send window is not over, and the time until calls like this one cannot land any more is longer.
    fn may_still_send(&self, loader: usize) -> bool {
        let known = self.processes[loader].ledger.epoch();
        !self.expected.settled && self.expected.epoch.as_ref().is_some_and(|epoch| *epoch != known)
    }

    async fn commit(&mut self, mut work: Work) {
        self.keep_time().await;
        let process = &self.processes[work.loader];
        let committed: Vec<Committed> = work.ends.iter().map(|end| end.committed.clone()).collect();
        let verify = work.ends.iter().any(|end| end.verify);
        let (batch, fence) = (work.live.batch.clone(), work.live.fence.clone());
        let answers = self.expected.answers(&process.ledger.epoch());
        let owned = answers && self.expected.owns(&batch, &process.name, &fence);
        let late = match verify {
            true => Verify::Unknown(LEASE),
            false => Verify::No,
        };
        match process.ledger.commit(&batch, &fence, &committed, late).await {
            Ok(()) => {
                assert!(owned, "{batch} was committed without being owned");
                let counter = sequence(self.now);
                self.expected.commit(&batch, &committed, verify, counter);
                for end in work.ends.drain(..) {
                    let of_end = |message: &&Message| message.company == end.company;
                    let message = work.messages.iter().find(of_end).cloned();
                    match end.committed.change {
                        _ if end.again => self.queue.extend(message),
                        // What was refused for its content stays where it is.
                        Change::Freed => self.dead.extend(message.filter(|dead| dead.hash != POISON)),
                        _ => {}
                    }
                }
                self.works.push(work);
            }
            Err(Error::Fenced) => {
                assert!(answers && !owned, "{batch} was refused though it is owned");
                self.lose(work).await;
            }
            Err(error) => {
                self.expect_no_index(work.loader, &error);
                self.queue.extend(work.messages);
            }
        }
    }

    async fn regroup(&mut self, mut work: Work) {
        let process = &self.processes[work.loader];
        let mut groups = std::mem::take(&mut work.regroup);
        let (batch, fence) = (&work.live.batch, &work.live.fence);
        let owned =
            self.expected.answers(&process.ledger.epoch()) && self.expected.owns(batch, &process.name, fence);
        match process.ledger.regroup(batch, fence, &mut groups).await {
            Ok(()) => {
                assert!(owned, "{batch} was regrouped without being owned");
                let members = groups.iter().flatten();
                let slots = members
                    .map(|member| (member.slot, member.transaction.clone()))
                    .collect();
                self.expected.regroup(batch, &slots);
                self.hours
                    .extend(slots.into_values().map(|transaction| (transaction, self.hour)));
                work.regrouped(groups);
                self.works.push(work);
            }
            Err(Error::Fenced) => {
                assert!(!owned);
                work.regroup = groups;
                self.lose(work).await;
            }
            Err(error) => {
                self.expect_no_index(work.loader, &error);
                self.queue.extend(work.messages);
            }
        }
    }

    /// The batch belongs to another loader: its rows are read again when our calls cannot land any more.
    pub(super) async fn lose(&mut self, work: Work) {
        let companies = work.companies();
        let names: Vec<&str> = companies.iter().map(String::as_str).collect();
        match self.processes[work.loader]
            .ledger
            .verify_later(&names, LEASE)
            .await
        {
            Ok(()) => self.expected.verify.extend(companies),
            Err(error) => self.expect_no_index(work.loader, &error),
        }
        self.queue.extend(work.messages);
    }
}

fn kind(fault: u8) -> Fault {
    match fault {
        9 | 15 => Fault::Unanswered,
        10 | 11 | 18 => Fault::Late,
        12 => Fault::Lost,
        13 => Fault::Busy,
        14 => Fault::Partial,
        16 | 17 => Fault::Refused,
        19 => Fault::HalfRefused,
        _ => Fault::None,
    }
}
