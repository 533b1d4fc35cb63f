//! One chunk after the other: noted, copied, confirmed, accounted for, removed, forgotten. In the account it may stand twice,
//! which changes nothing; what is removed and not in the account would stay so.

use super::Moved;
use crate::{
    account,
    browse::{
        browser::{Taken, remove_all},
        guarded::GuardedBrowser,
    },
    error::Result,
    letter::Letter,
    operation::Running,
    transit::Leaving,
    workspace::Workspace,
};
use pipeline::{
    accounting::Entry, cause::logged, disposition::Disposition, events::What, message::Outgoing, stage::Stage,
};
use std::collections::BTreeMap;

/// Letters moved together.
const CHUNK: usize = 200;

pub(super) struct Mover<'a, V> {
    workspace: &'a Workspace,
    running: &'a Running<'a>,
    leaving: Leaving,
    /// As what the letters are noted while they move.
    mark: String,
    report: Moved,
    /// What is accounted for a moved letter.
    disposition: Disposition,
    view: V,
}

impl<'a, V: FnMut(u64)> Mover<'a, V> {
    pub(super) fn new(
        workspace: &'a Workspace,
        running: &'a Running<'a>,
        (archive, mark): (bool, &str),
        disposition: Disposition,
        view: V,
    ) -> Self {
        let report = Moved {
            operation: running.id.clone(),
            ..Moved::default()
        };
        Self {
            workspace,
            running,
            leaving: Leaving::new(
                &workspace.rt.store,
                &workspace.rt.namespace,
                workspace.stage,
                archive,
            ),
            mark: mark.to_owned(),
            report,
            disposition,
            view,
        }
    }

    /// Whatever happens, what was taken and not moved returns in its order.
    pub(super) async fn go(
        &mut self,
        mut browser: GuardedBrowser,
        chosen: impl Fn(&Letter, u64) -> bool,
        copy: impl Fn(&Letter) -> Outgoing,
    ) -> Result<Moved> {
        let gone = self.through(&mut browser, chosen, copy).await;
        self.report.left += u64::from(browser.unseen());
        self.report.withheld = browser.withheld();
        let closed = browser.close().await;
        gone?;
        closed?;
        Ok(std::mem::take(&mut self.report))
    }

    async fn through(
        &mut self,
        browser: &mut GuardedBrowser,
        chosen: impl Fn(&Letter, u64) -> bool,
        copy: impl Fn(&Letter) -> Outgoing,
    ) -> Result<()> {
        let mut chunk = Vec::with_capacity(CHUNK);
        loop {
            self.report.interrupted = self.workspace.stop.is_requested();
            let next = if self.report.interrupted {
                None
            } else {
                browser.next().await?
            };
            let end = next.is_none();
            if let Some(taken) = next {
                if chosen(&taken.letter, self.report.moved + chunk.len() as u64) {
                    chunk.push(taken);
                } else {
                    self.report.left += 1;
                }
            }
            if chunk.len() == CHUNK || (end && !chunk.is_empty()) {
                self.shift(browser, &mut chunk, &copy).await?;
                (self.view)(self.report.moved);
            }
            if end {
                return Ok(());
            }
        }
    }

    async fn shift(
        &mut self,
        browser: &GuardedBrowser,
        chunk: &mut Vec<Taken>,
        copy: &impl Fn(&Letter) -> Outgoing,
    ) -> Result<()> {
        let letters: Vec<_> = chunk.iter().map(|taken| taken.letter.key()).collect();
        let copies = chunk.iter().map(|taken| copy(&taken.letter)).collect();
        self.leaving.intend(&self.mark, &letters).await?;
        browser.still_guarded()?;
        self.workspace.rt.publisher.publish(copies).await?;
        let what = match self.disposition {
            Disposition::Dead => What::Restored,
            _ => What::Discarded,
        };
        let told = chunk.iter().map(|taken| &taken.letter);
        account::tell(self.workspace, self.workspace.stage, what, told, &self.running.id).await;
        let record = self.workspace.rt.namespace.operation_key(&self.running.id);
        self.leaving.arrived(&self.mark, &letters, &record).await?;
        let subjects: Vec<_> = chunk
            .iter()
            .flat_map(|taken| subjects_of(&taken.letter))
            .collect();
        enter(self.workspace, self.workspace.stage, self.disposition, &subjects).await;
        if self.disposition == Disposition::Dead && subjects.len() > chunk.len() {
            let account = &self.workspace.rt.account;
            account.bundles_are_dead(self.workspace.stage, true).await?;
        }
        remove_all(chunk).await;
        self.report.moved += chunk.drain(..).len() as u64;
        browser.flush().await?;
        self.leaving.forget(&letters).await
    }
}

/// Run and customer of everything in a letter.
pub(crate) fn subjects_of(letter: &Letter) -> impl Iterator<Item = (String, String)> {
    let records = letter.records().into_iter();
    records.map(|record| (record.run_id, record.company_id))
}

/// Enters it into the account (I9). The letters themselves are moved in any case. What is brought back is listed
/// again first, because the account closes a record once.
pub(crate) async fn enter(
    workspace: &Workspace,
    stage: Stage,
    disposition: Disposition,
    subjects: &[(String, String)],
) {
    let account = &workspace.rt.account;
    let mut written = Ok(0);
    if disposition != Disposition::Discarded {
        let mut runs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (run, company) in subjects.iter().filter(|(run, _)| !run.is_empty()) {
            runs.entry(run).or_default().push(company.clone());
        }
        for (run, companies) in runs {
            written = written.and(account.list(run, &companies).await);
        }
    }
    let entries: Vec<_> = subjects
        .iter()
        .map(|(run, company)| Entry {
            run,
            company,
            disposition,
            stage,
            rule: None,
        })
        .collect();
    if let Err(error) = written.and(account.record(&entries).await) {
        tracing::warn!(
            error = logged(&error),
            "the account does not know of these letters"
        );
    }
}
