//! The two halves of the comparison, a portion at a time: rows of the form, and customers of the ledger.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Context as _;
use pipeline::stage::Stage;
use pipeline::version::Version;

use super::findings::Findings;
use super::progress::Next;
use crate::commands::usable;
use crate::index::Behind;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::{Found, FoundRow, Recognition, STUCK, Turn, turn};
use crate::jdy::types::Reply;
use crate::ledger::KnownRow;
use crate::vendor::{Patience, Tried};
use crate::write::{Shown, Writer};

/// A call that fails is repeated for this long, outages included.
const PATIENCE: Duration = Duration::from_secs(120);
/// About how many customers of the ledger are taken at once.
const SCAN: usize = 500;

/// What one comparison works with.
pub(super) struct Comparison<'a> {
    pub(super) writer: &'a Writer,
    pub(super) recognition: &'a Recognition,
    pub(super) fix: bool,
    /// Rows may be made although the form has rows without a key.
    pub(super) ignore_keyless: bool,
}

impl Comparison<'_> {
    /// One portion; what comes next, `None` when everything was compared.
    pub(super) async fn step(&self, next: &Next, findings: &mut Findings) -> anyhow::Result<Option<Next>> {
        match next {
            Next::Form(cursor) => self.read_form(cursor, findings).await.map(Some),
            Next::Ledger(cursor) => self.read_ledger(*cursor, findings).await,
        }
    }

    async fn read_form(&self, cursor: &str, findings: &mut Findings) -> anyhow::Result<Next> {
        let client = &self.writer.vendor.client;
        let page = self
            .insist(move || async move {
                match client.list(Some(cursor), None).await {
                    Reply::Ok(page) if turn(&page, cursor).0 == Turn::Stuck => {
                        Reply::Unknown(STUCK.to_owned())
                    }
                    reply => self.writer.vendor.about_rows(reply).await,
                }
            })
            .await?;
        let page = match page {
            Ok(page) => page,
            Err(_) => match self
                .writer
                .vendor
                .past(cursor)
                .await
                .map_err(|_| away(self.writer))?
            {
                Behind::Rows(rows) => rows,
                Behind::Unreadable(id) => {
                    findings.rows += 1;
                    // Whose it is shows in the second half.
                    tracing::warn!(row = id, "a row of the form cannot be read, and is passed over");
                    return Ok(Next::Form(id));
                }
            },
        };
        let (turn, last) = turn(&page, cursor);
        let rows: Vec<(String, String)> = page
            .iter()
            .filter_map(|row| self.recognition.read(row))
            .map(|(key, row)| (key, row.id))
            .collect();
        findings.rows += page.len();
        findings.without_key += page.len() - rows.len();
        let companies: Vec<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
        let known = self
            .writer
            .ledger
            .known_rows(&companies)
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        for ((company, id), row) in rows.iter().zip(known) {
            if row.and_then(|row| row.id).as_ref() != Some(id) {
                findings.extra.add(&words::tr!("{company} row {id}"));
            }
        }
        Ok(match turn {
            Turn::Next => Next::Form(last),
            Turn::End | Turn::Stuck => Next::Ledger(0),
        })
    }

    async fn read_ledger(&self, cursor: u64, findings: &mut Findings) -> anyhow::Result<Option<Next>> {
        let (next, companies) = self
            .writer
            .ledger
            .scan(cursor, SCAN)
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        let companies: Vec<&str> = companies.iter().map(String::as_str).collect();
        for companies in companies.chunks(LARGEST_BATCH) {
            self.check(companies, findings).await?;
        }
        Ok((next != 0).then_some(Next::Ledger(next)))
    }

    async fn check(&self, companies: &[&str], findings: &mut Findings) -> anyhow::Result<()> {
        let writer = self.writer;
        let known = writer
            .ledger
            .known_rows(companies)
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        let (found, unreadable) = self.rows_shown(companies, &known).await?;
        let standings = writer
            .watermarks
            .standings(companies)
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        let mut wrong = Vec::new();
        for ((company, row), standing) in companies.iter().zip(known).zip(standings) {
            if unreadable.contains(*company) {
                findings.unreadable.add(company);
                continue;
            }
            let row = row.unwrap_or_default();
            let shown = found.get(*company).into_iter().flatten();
            let shown = shown.into_iter().find(|shown| Some(&shown.id) == row.id.as_ref());
            // Whoever has gone keeps its row as it was, when that is the policy.
            let published = standing.published.filter(|_| !standing.is_gone());
            match differs(&row, shown, published) {
                None => continue,
                Some(Difference::Missing) => findings.missing.add(company),
                Some(Difference::Content) => findings.different.add(company),
                Some(Difference::Behind) => findings.behind.add(company),
            }
            // To fetch it again makes a row, and one without a key may be that customer's.
            if shown.is_none() && findings.without_key > 0 && !self.ignore_keyless {
                findings.held_back += 1;
            } else {
                wrong.push(*company);
            }
        }
        if self.fix && !wrong.is_empty() {
            fetch_again(writer, &wrong).await?;
            findings.fixed += wrong.len();
        }
        Ok(())
    }

    /// The rows of these customers, and who of them cannot be read.
    async fn rows_shown(
        &self,
        companies: &[&str],
        known: &[Option<KnownRow>],
    ) -> anyhow::Result<(Found, HashSet<String>)> {
        let writer = self.writer;
        let (client, recognition) = (&writer.vendor.client, self.recognition);
        let patience = Patience::new(PATIENCE);
        let shown = writer
            .readable_by_command(recognition, companies, &patience)
            .await;
        let Some(Shown {
            mut found,
            unreadable,
            ..
        }) = shown
        else {
            return Err(away(writer));
        };
        let mut unreadable: HashSet<String> = unreadable.into_iter().map(|(company, _)| company).collect();
        for (company, row) in companies.iter().zip(known) {
            let id = row.as_ref().filter(|row| !row.placed);
            let id = id.and_then(|row| row.id.as_deref()).unwrap_or_default();
            if !id.is_empty() && !found.contains_key(*company) && !unreadable.contains(*company) {
                // It is gone, or a person has touched its key.
                let row = self
                    .insist(move || async move {
                        let reply = client.row_by_id(id).await;
                        writer.vendor.about_rows(reply).await
                    })
                    .await?;
                let Ok(row) = row else {
                    unreadable.insert((*company).to_owned());
                    continue;
                };
                let row = row.and_then(|row| recognition.read_as(company, &row));
                found.extend(row.map(|row| ((*company).to_owned(), vec![row])));
            }
        }
        Ok((found, unreadable))
    }

    /// Repeats a call until it is answered.
    async fn insist<T, F, Fut>(&self, call: F) -> anyhow::Result<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Reply<T>>,
    {
        let patience = Patience::new(PATIENCE);
        match self.writer.vendor.insist_paused(&patience, call).await {
            Tried::Done(answer, _) => Ok(answer),
            Tried::Refused(refusal, _) => words::bail!(
                "Jiandaoyun answers {}; once that is mended, the next run goes on from here",
                refusal.describe()
            ),
            Tried::Lost | Tried::Held | Tried::Aside => Err(away(self.writer)),
        }
    }
}

fn away(writer: &Writer) -> anyhow::Error {
    anyhow::anyhow!(words::tr!(
        "the form cannot be read now: {}; the next run goes on from here",
        usable::reasons(writer)
    ))
}

/// What is wrong with a row.
enum Difference {
    Missing,
    Content,
    Behind,
}

fn differs(row: &KnownRow, shown: Option<&FoundRow>, published: Option<Version>) -> Option<Difference> {
    if row.batch.is_some() {
        return None;
    }
    let is_behind = published > row.version && row.version.is_some();
    match (&row.id, shown) {
        // On the list of those that are verified anyway.
        (Some(_), Some(_)) if row.hash.as_deref() == Some("") => None,
        (Some(_), None) => Some(Difference::Missing),
        (Some(_), Some(shown)) if Some(shown.hash()) != row.hash.as_deref() => Some(Difference::Content),
        _ if is_behind => Some(Difference::Behind),
        _ => None,
    }
}

async fn fetch_again(writer: &Writer, companies: &[&str]) -> anyhow::Result<()> {
    // Loaders read these rows again and forget what is not so, or the fresh copy would be called unchanged.
    let at_once = Duration::ZERO;
    writer
        .ledger
        .verify_later(companies, at_once)
        .await
        .with_context(|| words::tr!("have the rows read again"))?;
    writer.runtime.declare(Stage::Extract).await?;
    writer.ask_again("reconcile", companies).await?;
    Ok(())
}
