//! `loader trace`: where a customer is, in the ledger and in the form.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::Timestamp;

use super::index::tool;
use crate::cli::TraceCommandArgs;
use crate::jdy::types::Reply;
use crate::ledger::decode_version;
use crate::write::Writer;

/// Prints what the ledger knows and what the form shows.
pub async fn trace(args: TraceCommandArgs) -> anyhow::Result<()> {
    let (writer, _) = tool(*args.run)?;
    show_row(&writer, &args.company).await?;
    let Some(recognition) = writer.index.recognition() else {
        println!("form      not asked: set JDY_KEY_WIDGET and MAPPING");
        return Ok(());
    };
    match writer
        .vendor
        .client
        .rows_of(&recognition, &[args.company.as_str()])
        .await
    {
        Reply::Ok(found) => {
            let rows = found.get(&args.company).map_or(&[][..], Vec::as_slice);
            println!("form      {} row(s)", rows.len());
            for row in rows {
                println!(
                    "  row     {} written {} hash {}",
                    row.id,
                    time(row.written_ms),
                    row.hash
                );
            }
            Ok(())
        }
        Reply::Refused(refusal) => anyhow::bail!("Jiandaoyun answers {}", refusal.describe()),
        other => anyhow::bail!("the form cannot be asked: {other:?}"),
    }
}

/// What the ledger knows of a customer.
pub(super) async fn show_row(writer: &Writer, company: &str) -> anyhow::Result<()> {
    let mut connection = writer.ledger.store().connection().await.context("ask Redis")?;
    let key = writer.ledger.row_key(company);
    let row: BTreeMap<String, String> = redis::cmd("HGETALL")
        .arg(&key)
        .query_async(&mut *connection)
        .await?;
    if row.is_empty() {
        println!("ledger    knows nothing of {company}");
        return Ok(());
    }
    let text = |name: &str| row.get(name).map_or("none", String::as_str);
    println!("ledger    row {}", text("id"));
    let version = row.get("v").and_then(|version| decode_version(version));
    println!(
        "version   {}",
        version.map_or_else(|| "not known".to_owned(), |version| version.to_string())
    );
    println!(
        "content   {}",
        match text("h") {
            "" => "not known",
            hash => hash,
        }
    );
    if let Some(floor) = row.get("f").and_then(|floor| floor.parse().ok()) {
        println!(
            "floor     the form was written at {} by a version that is not known",
            time(floor)
        );
    }
    if let Some(batch) = row.get("b") {
        let key = writer.ledger.batch_key(batch);
        let held: Vec<Option<String>> = redis::cmd("HMGET")
            .arg(&key)
            .arg(&["owner", "lease", "n"])
            .query_async(&mut *connection)
            .await?;
        let field = |at: usize| held.get(at).and_then(Option::as_deref).unwrap_or("gone");
        let lease = field(1).parse().map_or_else(|_| field(1).to_owned(), time);
        println!(
            "claimed   by {} in batch {batch}, lease until {lease}, {} rows left",
            field(0),
            field(2)
        );
    }
    Ok(())
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}
