//! The rows without a key, page by page: brought into the catalogue, judged, and given their keys.

use anyhow::Context as _;

use super::Adoption;
use super::compare::hash;
use super::judge::{HAS_ROW, Owner, SEVERAL_ROWS};
use super::report::{Report, Verdict};
use super::told::Told;
use crate::jdy::lookup::{Turn, turn};
use crate::jdy::types::text;
use crate::keyless::{self, Left, Row, is_keyless, page};

/// A row that was judged.
struct Judged {
    id: String,
    contents: Option<Vec<String>>,
    owner: Owner,
}

/// Brings every row into the catalogue.
pub(super) async fn read(adoption: &Adoption<'_>) -> anyhow::Result<()> {
    let (mut cursor, mut count) = (String::new(), 0usize);
    while let Some(rows) = next(adoption, &mut cursor).await? {
        let pairs = rows.iter().filter_map(|row| {
            let contents = adoption.compared.of_row(row)?;
            Some((hash(&contents), text(row, "_id").to_owned()))
        });
        let pairs: Vec<(String, String)> = pairs.collect();
        adoption.catalogue.add_rows(&pairs).await?;
        count += rows.len();
        (adoption.tell)(words::kept!("{count} rows without a key read"));
    }
    Ok(())
}

/// Says of every row whose it is.
pub(super) async fn judge(adoption: &Adoption<'_>, report: &mut Report) -> anyhow::Result<()> {
    let mut cursor = String::new();
    while let Some(rows) = next(adoption, &mut cursor).await? {
        let judged = judged(adoption, &rows).await?;
        let companies: Vec<&str> = judged.iter().filter_map(|row| row.owner.company()).collect();
        let with_rows = keyless::with_rows(&adoption.writer.vendor, &adoption.key_widget, &companies)
            .await
            .context(Told(|| words::tr!("look up which customers have a row")))?;
        for row in judged {
            let has_row = row
                .owner
                .company()
                .is_some_and(|company| with_rows.contains_key(company));
            let verdict = match row.owner {
                _ if has_row => Verdict::Unclear(HAS_ROW),
                Owner::Known(company) => Verdict::Known(company),
                Owner::Exact(company) => Verdict::Exact(company),
                Owner::Unclear(why) => Verdict::Unclear(why),
                Owner::Nobody => Verdict::Nobody,
                Owner::Blank => Verdict::Blank,
            };
            let contents = row.contents.unwrap_or_default();
            let contents = adoption.compared.describe(&contents, adoption.reveal);
            report.add(&row.id, &contents, verdict);
        }
        (adoption.tell)(words::kept!("{} rows compared", report.rows()));
    }
    Ok(())
}

/// Writes the keys of those rows whose customers are known or exact.
pub(super) async fn write(adoption: &Adoption<'_>, all: usize, report: &mut Report) -> anyhow::Result<()> {
    let mut cursor = String::new();
    let mut done = 0;
    let mut left = Left::default();
    while let Some(rows) = next(adoption, &mut cursor).await? {
        let pairs = judged(adoption, &rows).await?;
        let pairs = pairs
            .iter()
            .filter_map(|row| Some((row.id.clone(), row.owner.company()?.to_owned())));
        let pairs: Vec<(String, String)> = pairs.collect();
        if pairs.is_empty() {
            continue;
        }
        let written = keyless::write(
            &adoption.writer.runtime,
            &adoption.writer.vendor,
            &adoption.key_widget,
            &pairs,
            &mut left,
        )
        .await;
        (report.written, report.unseen, report.refused) = (left.written, left.unseen, left.refused);
        let Left {
            written: so_far,
            unseen,
            ..
        } = left;
        written
            .context(Told(|| words::tr!("write keys")))
            .context(Told(move || {
                words::tr!("{so_far} keys are written; run the command again for the rest")
            }))?;
        if so_far == 0 && unseen > 0 {
            return Err(anyhow::Error::msg(Told(move || {
                words::tr!(
                    "Jiandaoyun has accepted {unseen} keys, and none of them is in the form: look whether the key widget is \
                     a text that the API may write, and run the command again"
                )
            })));
        }
        done += pairs.len();
        (adoption.tell)(words::kept!("{done} of {all} keys written"));
    }
    Ok(())
}

/// The next rows without a key; `None` when there are none behind the cursor.
async fn next(adoption: &Adoption<'_>, cursor: &mut String) -> anyhow::Result<Option<Vec<Row>>> {
    let rows = page(&adoption.writer.vendor, Some(&adoption.key_widget), cursor).await;
    let rows = rows.context(Told(|| {
        words::tr!("read the rows without a key; run the command again when the form can be read")
    }))?;
    let (turn, last) = turn(&rows, cursor);
    if turn != Turn::Next {
        return Ok(None);
    }
    *cursor = last;
    let keyless = rows
        .into_iter()
        .filter(|row| is_keyless(row, &adoption.key_widget));
    Ok(Some(keyless.collect()))
}

async fn judged(adoption: &Adoption<'_>, rows: &[Row]) -> anyhow::Result<Vec<Judged>> {
    let contents: Vec<Option<Vec<String>>> = rows.iter().map(|row| adoption.compared.of_row(row)).collect();
    let ids = rows.iter().map(|row| text(row, "_id").to_owned());
    let asked: Vec<(String, Option<String>)> = ids
        .zip(contents.iter().map(|one| one.as_deref().map(hash)))
        .collect();
    let entries = adoption.catalogue.entries(&asked).await?;
    let rows = asked.into_iter().zip(contents).zip(entries);
    let mut judged: Vec<Judged> = rows
        .map(|(((id, _), contents), entry)| {
            let owner = Owner::of(entry, contents.is_some());
            Judged { id, contents, owner }
        })
        .collect();
    // Different rows may show what one customer has written at different times.
    let taken = judged
        .iter()
        .filter_map(|row| Some((row.owner.company()?.to_owned(), row.id.clone())));
    let taken: Vec<(String, String)> = taken.collect();
    let mut only = adoption.catalogue.take(&taken).await?.into_iter();
    for row in judged.iter_mut().filter(|row| row.owner.company().is_some()) {
        if only.next() == Some(false) {
            row.owner = Owner::Unclear(SEVERAL_ROWS);
        }
    }
    Ok(judged)
}
