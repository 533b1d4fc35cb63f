//! The rows that go, whole, in a file that is on the disk before the first of them is deleted.

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::ProgressBar;
use serde_json::{Map, Value};

use super::bounds::Listed;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::canonical::hash_row;
use crate::jdy::lookup::Recognition;
use crate::jdy::types::text;
use crate::vendor::{Patience, Tried};
use crate::write::Writer;

/// One look-up may take this long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Cells that two rows of one customer must both have before they can be too different.
const FEWEST_CELLS: usize = 2;

/// A customer whose extra rows stand in the file.
pub(super) struct Exported {
    pub(super) company: String,
    /// The row that stays.
    pub(super) kept: String,
    /// Row id and content of those that go.
    pub(super) extras: Vec<(String, String)>,
}

/// Writes the rows to `path`; what is returned is in the file.
pub(super) async fn run(
    writer: &Writer,
    recognition: &Recognition,
    customers: &[Listed],
    path: &Path,
    bar: &ProgressBar,
) -> anyhow::Result<Vec<Exported>> {
    // Customers' data: only for the owner. Never over another file.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = BufWriter::new(file.with_context(|| words::tr!("create {}", path.display()))?);
    let mut exported = Vec::new();
    for customers in customers.chunks(LARGEST_BATCH) {
        let companies: Vec<&str> = customers
            .iter()
            .map(|customer| customer.company.as_str())
            .collect();
        let rows = whole_rows(writer, recognition, &companies).await?;
        for customer in customers {
            exported.extend(take(recognition, customer, &rows, &mut file)?);
        }
        bar.set_message(words::tr!("{} customers exported", exported.len()));
    }
    let file = file
        .into_inner()
        .with_context(|| words::tr!("write the exported rows"))?;
    file.sync_all()
        .with_context(|| words::tr!("write the exported rows to the disk"))?;
    // The file's name has to survive a crash, too.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new(".")))
        .with_context(|| words::tr!("open the folder of the file"))?;
    folder
        .sync_all()
        .with_context(|| words::tr!("write the folder of the file to the disk"))?;
    Ok(exported)
}

async fn whole_rows(
    writer: &Writer,
    recognition: &Recognition,
    companies: &[&str],
) -> anyhow::Result<Vec<Map<String, Value>>> {
    let client = &writer.vendor.client;
    let patience = Patience::new(PATIENCE);
    let tried = writer
        .vendor
        .insist_paused(&patience, move || client.whole_rows_of(recognition, companies))
        .await;
    match tried {
        Tried::Done(Some(rows), _) => Ok(rows),
        Tried::Done(None, _) => {
            words::bail!("the vendor ignores the filter by key widget; nothing was deleted")
        }
        Tried::Refused(refusal, _) => {
            words::bail!("Jiandaoyun answers {}; nothing was deleted", refusal.describe())
        }
        Tried::Lost | Tried::Held | Tried::Aside => {
            words::bail!("the form cannot be read now; nothing was deleted, try again later")
        }
    }
}

/// Writes the extra rows of a customer; `None` when its rows are not what was listed.
fn take(
    recognition: &Recognition,
    listed: &Listed,
    rows: &[Map<String, Value>],
    file: &mut impl std::io::Write,
) -> anyhow::Result<Option<Exported>> {
    let own = |row: &&Map<String, Value>| text(row, &recognition.key_widget) == listed.company;
    let own: Vec<&Map<String, Value>> = rows.iter().filter(own).collect();
    if own
        .first()
        .is_none_or(|oldest| text(oldest, "_id") != listed.kept)
    {
        tracing::warn!(
            company_id = listed.company,
            "rows of this customer have changed since they were listed, they are left alone"
        );
        return Ok(None);
    }
    let mut extras = Vec::new();
    let oldest = own.first().copied();
    for row in own.into_iter().skip(1) {
        let Some((_, found)) = recognition.read(row) else {
            continue;
        };
        if !listed.extras.contains(&found.id) {
            continue;
        }
        if let Some(oldest) = oldest
            && let (equal, both) = compare(recognition, oldest, row)
            && both >= FEWEST_CELLS
            && equal * 2 < both
        {
            println!(
                "{}",
                words::tr!(
                    "left alone: row {} has the key {} of row {}, and other content in {} of {both} cells: it may be another \
                 customer's, whose key was damaged; put its key right, or delete it by hand",
                    found.id,
                    listed.company,
                    listed.kept,
                    both - equal
                )
            );
            continue;
        }
        serde_json::to_writer(&mut *file, row).with_context(|| words::tr!("write an exported row"))?;
        file.write_all(b"\n")
            .with_context(|| words::tr!("write an exported row"))?;
        extras.push((found.id.clone(), found.hash().to_owned()));
    }
    Ok(Some(Exported {
        company: listed.company.clone(),
        kept: listed.kept.clone(),
        extras,
    }))
}

/// In how many of the mapped cells that both rows fill they are equal, and how many those are.
fn compare(
    recognition: &Recognition,
    one: &Map<String, Value>,
    other: &Map<String, Value>,
) -> (usize, usize) {
    let kinds = recognition.kinds.get().unwrap_or_default();
    let content = |row: &Map<String, Value>, widget: &str| {
        let filled = row.get(widget).is_some_and(|value| !is_empty(value));
        filled.then(|| hash_row(row, [widget], &kinds))
    };
    let widgets = recognition.widgets.iter().map(String::as_str);
    let both = widgets
        .filter(|widget| *widget != recognition.key_widget)
        .filter_map(|widget| content(one, widget).zip(content(other, widget)));
    both.fold((0, 0), |(equal, both), (one, other)| {
        (equal + usize::from(one == other), both + 1)
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
