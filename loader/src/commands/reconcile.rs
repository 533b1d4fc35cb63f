//! `loader reconcile`: what should be in the form against what is there, in bounded memory.
//!
//! What should be there is the ledger (what was written last) together with the transformer's watermarks (what went on to the
//! loader last). First the form is paged through for rows that no loader wrote, then the ledger for rows that are missing,
//! changed or behind. `--fix` has the customers in question fetched again; extra rows are never touched.

use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use pipeline::setting::ConfigError;
use pipeline::stage::Stage;
use pipeline::version::Version;
use serde::Serialize;

use super::index::tool;
use super::table::Facts;
use crate::cli::ReconcileArgs;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::{FoundRow, Recognition, STUCK, Turn, turn};
use crate::jdy::types::Reply;
use crate::ledger::KnownRow;
use crate::write::Writer;

/// How many examples of each difference are printed.
const EXAMPLES: usize = 10;
/// About how many customers of the ledger are taken at once.
const SCAN: usize = 500;

/// The differences, counted, with some examples.
#[derive(Debug, Default, Serialize)]
struct Findings {
    /// Rows of the form.
    rows: usize,
    /// Rows without a company id.
    without_key: usize,
    /// Rows that no loader wrote, or that share their company id with an older row.
    extra: Finding,
    /// Customers whose row is gone.
    missing: Finding,
    /// Customers whose row shows something else than was written.
    different: Finding,
    /// Customers of whom a newer version is on its way, or was lost.
    behind: Finding,
    /// Customers that are fetched again.
    fixed: usize,
}

#[derive(Debug, Default, Serialize)]
struct Finding {
    count: usize,
    examples: Vec<String>,
}

impl Finding {
    fn add(&mut self, example: &str) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example.to_owned());
        }
    }
}

/// Compares, prints, and fails when there is a difference that was not fixed.
pub(crate) async fn reconcile(args: ReconcileArgs) -> anyhow::Result<()> {
    let (writer, config) = tool(*args.run)?;
    let known = writer
        .index
        .recognition()
        .filter(|_| !config.expected.fields.is_empty());
    let Some(recognition) = known else {
        return Err(
            ConfigError::message("JDY_KEY_WIDGET and MAPPING are needed to compare rows; set both").into(),
        );
    };
    writer
        .index
        .build()
        .await
        .context("wait for the index of the form")?;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut findings = Findings::default();
    read_form(&writer, &recognition, &mut findings, &bar).await?;
    read_ledger(&writer, &recognition, &mut findings, &bar, args.fix).await?;
    bar.finish_and_clear();
    print(&findings, args.json)?;
    let open = findings.missing.count + findings.different.count + findings.behind.count - findings.fixed;
    anyhow::ensure!(
        open == 0,
        "{open} customers differ; `--fix` has them fetched again"
    );
    Ok(())
}

async fn read_form(
    writer: &Writer,
    recognition: &Recognition,
    findings: &mut Findings,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let mut cursor = String::new();
    loop {
        let page = match writer.vendor.client.list(Some(&cursor), None).await {
            Reply::Ok(page) => page,
            Reply::Refused(refusal) => bail!("Jiandaoyun answers {}", refusal.describe()),
            other => bail!("the form cannot be read: {other:?}"),
        };
        let rows: Vec<(String, String)> = page
            .iter()
            .filter_map(|row| recognition.read(row))
            .map(|(key, row)| (key, row.id))
            .collect();
        findings.rows += page.len();
        findings.without_key += page.len() - rows.len();
        let companies: Vec<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
        let known = writer.ledger.known_rows(&companies).await?;
        for ((company, id), row) in rows.iter().zip(known) {
            if row.and_then(|row| row.id).as_ref() != Some(id) {
                findings.extra.add(&format!("{company} row {id}"));
            }
        }
        bar.set_message(format!("{} rows of the form read", findings.rows));
        cursor = match turn(&page, &cursor) {
            (Turn::Next, last) => last,
            (Turn::End, _) => return Ok(()),
            (Turn::Stuck, _) => bail!("the form cannot be read: {STUCK}"),
        };
    }
}

async fn read_ledger(
    writer: &Writer,
    recognition: &Recognition,
    findings: &mut Findings,
    bar: &ProgressBar,
    fix: bool,
) -> anyhow::Result<()> {
    let (mut cursor, mut checked) = (0, 0usize);
    loop {
        let (next, companies) = writer.ledger.scan(cursor, SCAN).await?;
        let companies: Vec<&str> = companies.iter().map(String::as_str).collect();
        for companies in companies.chunks(LARGEST_BATCH) {
            check(writer, recognition, companies, findings, fix).await?;
            checked += companies.len();
            bar.set_message(format!("{checked} customers compared"));
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}

async fn check(
    writer: &Writer,
    recognition: &Recognition,
    companies: &[&str],
    findings: &mut Findings,
    fix: bool,
) -> anyhow::Result<()> {
    let mut found = match writer.vendor.client.rows_of(recognition, companies).await {
        Reply::Ok(found) => found,
        Reply::Refused(refusal) => bail!("Jiandaoyun answers {}", refusal.describe()),
        other => bail!("the form cannot be read: {other:?}"),
    };
    let known = writer.ledger.known_rows(companies).await?;
    for (company, row) in companies.iter().zip(&known) {
        let id = row.as_ref().and_then(|row| row.id.as_deref()).unwrap_or_default();
        if !id.is_empty() && !found.contains_key(*company) {
            let row = row_by_id(writer, recognition, company, id).await?;
            found.extend(row.map(|row| ((*company).to_owned(), vec![row])));
        }
    }
    let published = writer.watermarks.published(companies).await?;
    let mut wrong = Vec::new();
    for ((company, row), published) in companies.iter().zip(known).zip(published) {
        let row = row.unwrap_or_default();
        let shown = found.get(*company).into_iter().flatten();
        let shown = shown.into_iter().find(|shown| Some(&shown.id) == row.id.as_ref());
        let published = published.map(|published| published.version);
        match differs(&row, shown, published) {
            None => continue,
            Some(Difference::Missing) => findings.missing.add(company),
            Some(Difference::Content) => findings.different.add(company),
            Some(Difference::Behind) => findings.behind.add(company),
        }
        wrong.push(*company);
    }
    if fix && !wrong.is_empty() {
        findings.fixed += wrong.len();
        fetch_again(writer, &wrong).await?;
    }
    Ok(())
}

/// A row that is not found by its key: it is gone, or a person has touched its key.
async fn row_by_id(
    writer: &Writer,
    recognition: &Recognition,
    company: &str,
    id: &str,
) -> anyhow::Result<Option<FoundRow>> {
    match writer.vendor.client.row_by_id(id).await {
        Reply::Ok(row) => Ok(row.and_then(|row| recognition.read_as(company, &row))),
        Reply::Refused(refusal) => bail!("Jiandaoyun answers {}", refusal.describe()),
        other => bail!("the form cannot be read: {other:?}"),
    }
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
        (Some(_), Some(shown)) if Some(&shown.hash) != row.hash.as_ref() => Some(Difference::Content),
        _ if is_behind => Some(Difference::Behind),
        _ => None,
    }
}

async fn fetch_again(writer: &Writer, companies: &[&str]) -> anyhow::Result<()> {
    // Loaders read these rows again and forget what is not so, or the fresh copy would be called unchanged.
    let at_once = std::time::Duration::ZERO;
    writer
        .ledger
        .verify_later(companies, at_once)
        .await
        .context("have the rows read again")?;
    writer.runtime.declare(Stage::Extract).await?;
    writer.ask_again("reconcile", companies).await?;
    Ok(())
}

fn print(findings: &Findings, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(findings)?);
        return Ok(());
    }
    let mut facts = Facts::default();
    let (rows, without_key) = (findings.rows, findings.without_key);
    facts.add(
        "rows in the form",
        format!("{rows}, {without_key} of them without a company id"),
    );
    for (name, finding) in [
        ("extra rows", &findings.extra),
        ("missing rows", &findings.missing),
        ("different rows", &findings.different),
        ("rows behind", &findings.behind),
    ] {
        facts.add(
            name,
            format!("{}  {}", finding.count, finding.examples.join(", ")),
        );
    }
    facts.add("fetched again", findings.fixed.to_string());
    println!("{facts}");
    Ok(())
}
