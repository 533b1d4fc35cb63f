//! `loader reconcile`: what should be in the form against what is there, in bounded memory.
//!
//! What should be there is the ledger (what was written last) together with the transformer's watermarks (what went on to the
//! loader last). First the form is paged through for rows that nobody wrote, then the ledger for rows that are missing,
//! changed or behind. `--fix` has the customers in question fetched again; extra rows are never touched.

use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use pipeline::setting::ConfigError;
use pipeline::stage::Stage;
use serde::Serialize;

use super::index::tool;
use crate::cli::ReconcileArgs;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::Recognition;
use crate::jdy::types::{Reply, text};
use crate::ledger::decode_version;
use crate::write::Writer;

/// How many examples of each difference are printed.
const EXAMPLES: usize = 10;

/// The differences, counted, with some examples.
#[derive(Debug, Default, Serialize)]
struct Findings {
    /// Rows of the form.
    rows: usize,
    /// Rows without a company id.
    without_key: usize,
    /// Rows that nobody wrote, or that share their company id with an older row.
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
pub async fn reconcile(args: ReconcileArgs) -> anyhow::Result<()> {
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
        let known = ledger_rows(writer, rows.iter().map(|(key, _)| key.as_str())).await?;
        for ((company, id), row) in rows.iter().zip(known) {
            if row.id.as_ref() != Some(id) {
                findings.extra.add(&format!("{company} row {id}"));
            }
        }
        bar.set_message(format!("{} rows of the form read", findings.rows));
        let last = page
            .last()
            .map(|row| text(row, "_id").to_owned())
            .unwrap_or_default();
        if page.len() < LARGEST_BATCH || last <= cursor {
            return Ok(());
        }
        cursor = last;
    }
}

async fn read_ledger(
    writer: &Writer,
    recognition: &Recognition,
    findings: &mut Findings,
    bar: &ProgressBar,
    fix: bool,
) -> anyhow::Result<()> {
    let prefix = writer.ledger.row_key("");
    let (mut scan, mut checked) = (0u64, 0usize);
    loop {
        let mut connection = writer.ledger.store().connection().await?;
        let mut command = redis::cmd("SCAN");
        command
            .arg(scan)
            .arg("MATCH")
            .arg(format!("{prefix}*"))
            .arg("COUNT")
            .arg(500);
        let (next, keys): (u64, Vec<String>) = command.query_async(&mut *connection).await?;
        drop(connection);
        let companies: Vec<&str> = keys.iter().filter_map(|key| key.strip_prefix(&prefix)).collect();
        for companies in companies.chunks(LARGEST_BATCH) {
            check(writer, recognition, companies, findings, fix).await?;
            checked += companies.len();
            bar.set_message(format!("{checked} customers compared"));
        }
        if next == 0 {
            return Ok(());
        }
        scan = next;
    }
}

async fn check(
    writer: &Writer,
    recognition: &Recognition,
    companies: &[&str],
    findings: &mut Findings,
    fix: bool,
) -> anyhow::Result<()> {
    let found = match writer.vendor.client.rows_of(recognition, companies).await {
        Reply::Ok(found) => found,
        Reply::Refused(refusal) => bail!("Jiandaoyun answers {}", refusal.describe()),
        other => bail!("the form cannot be read: {other:?}"),
    };
    let known = ledger_rows(writer, companies.iter().copied()).await?;
    let published = writer.watermarks.published(companies).await?;
    let mut wrong = Vec::new();
    for ((company, row), published) in companies.iter().zip(known).zip(published) {
        let shown = found
            .get(*company)
            .into_iter()
            .flatten()
            .find(|shown| Some(&shown.id) == row.id.as_ref());
        let written = row.version.as_deref().and_then(decode_version);
        let newer = published.filter(|published| written.is_some_and(|written| published.version > written));
        match (&row.id, shown) {
            _ if row.batch.is_some() => continue,
            // On the list of those that are verified anyway.
            (Some(_), Some(_)) if row.hash.as_deref() == Some("") => continue,
            (Some(_), None) => findings.missing.add(company),
            (Some(_), Some(shown)) if Some(&shown.hash) != row.hash.as_ref() => {
                findings.different.add(company)
            }
            _ if newer.is_some() => findings.behind.add(company),
            _ => continue,
        }
        wrong.push(*company);
    }
    if fix && !wrong.is_empty() {
        findings.fixed += wrong.len();
        fetch_again(writer, &wrong).await?;
    }
    Ok(())
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

/// What the ledger knows of a customer.
#[derive(Default)]
struct Known {
    id: Option<String>,
    hash: Option<String>,
    version: Option<String>,
    batch: Option<String>,
}

async fn ledger_rows<'a>(
    writer: &Writer,
    companies: impl Iterator<Item = &'a str>,
) -> anyhow::Result<Vec<Known>> {
    let mut pipe = redis::pipe();
    let mut count = 0;
    for company in companies {
        pipe.cmd("HMGET")
            .arg(writer.ledger.row_key(company))
            .arg(&["id", "h", "v", "b"]);
        count += 1;
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut connection = writer.ledger.store().connection().await?;
    let rows: Vec<[Option<String>; 4]> = pipe.query_async(&mut *connection).await?;
    Ok(rows
        .into_iter()
        .map(|[id, hash, version, batch]| Known {
            id,
            hash,
            version,
            batch,
        })
        .collect())
}

fn print(findings: &Findings, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(findings)?);
        return Ok(());
    }
    println!(
        "rows in the form     {}, {} of them without a company id",
        findings.rows, findings.without_key
    );
    for (name, finding) in [
        ("extra rows", &findings.extra),
        ("missing rows", &findings.missing),
        ("different rows", &findings.different),
        ("rows behind", &findings.behind),
    ] {
        println!("{name:<20} {}  {}", finding.count, finding.examples.join(", "));
    }
    println!("fetched again        {}", findings.fixed);
    Ok(())
}
