//! `loader trace`: where a customer is, over all stages, in the ledger and in the form.

use anyhow::Context as _;

use super::index::tool;
use super::table::Facts;
use crate::cli::TraceCommandArgs;
use crate::jdy::types::Reply;
use crate::ledger::{LastTouch, Touch};
use crate::write::Writer;

/// Prints what the ledger knows and what the form shows.
///
/// What can be found out is shown, also when one of the three does not answer; then the command fails.
pub(crate) async fn trace(args: TraceCommandArgs) -> anyhow::Result<()> {
    let TraceCommandArgs { how, run } = args;
    how.prepare()?;
    let (writer, _) = tool(*run)?;
    let Some(company) = how.whom(&writer.runtime).await? else {
        return Ok(());
    };
    let traced = how.look(&writer.runtime, &company).await;
    let mut facts = known(&writer, &company).await?;
    let asked = show_form(&writer, &company, &mut facts).await;
    if how.json {
        let mut all = match &traced {
            Ok(traced) => serde_json::to_value(traced)?,
            Err(_) => serde_json::json!({"company_id": company}),
        };
        all["ledger_and_form"] = facts.json();
        pipeline::say!("{all:#}")?;
    } else {
        if let Ok(traced) = &traced {
            traced.show()?;
        }
        pipeline::say!("{facts}")?;
    }
    asked.and(traced.map(drop))
}

async fn show_form(writer: &Writer, company: &str, facts: &mut Facts) -> anyhow::Result<()> {
    let Some(recognition) = writer.index.recognition() else {
        facts.add("form", words::text!("not asked: set JDY_KEY_WIDGET and MAPPING"));
        return Ok(());
    };
    match writer.vendor.client.rows_of(&recognition, &[company]).await {
        Reply::Ok(shown) => {
            let rows = shown.rows.get(company).map_or(&[][..], Vec::as_slice);
            facts.add("form", words::tr!("{} row(s)", rows.len()));
            for row in rows {
                let written = time(row.written_ms);
                facts.add(
                    words::mark!("  row"),
                    words::tr!("{} written {written} hash {}", row.id, row.hash()),
                );
            }
            Ok(())
        }
        Reply::Refused(refusal) => words::bail!("Jiandaoyun answers {}", refusal.describe()),
        other => words::bail!("the form cannot be asked: {other:?}"),
    }
}

/// What the ledger knows of a customer.
pub(super) async fn known(writer: &Writer, company: &str) -> anyhow::Result<Facts> {
    let mut facts = Facts::default();
    let ledger = &writer.ledger;
    let rows = ledger
        .known_rows(&[company])
        .await
        .with_context(|| words::tr!("ask Redis"))?;
    let Some(row) = rows.into_iter().next().flatten() else {
        facts.add("ledger", words::tr!("knows nothing of {company}"));
        return Ok(facts);
    };
    facts.add(
        "ledger",
        words::tr!("row {}", row.id.as_deref().unwrap_or(words::text!("none"))),
    );
    let version = row.version.map(|version| version.to_string());
    facts.add("version", version.as_deref().unwrap_or(words::text!("not known")));
    let hash = row.hash.as_deref().unwrap_or(words::text!("none"));
    facts.add(
        "content",
        if hash.is_empty() {
            words::text!("not known")
        } else {
            hash
        },
    );
    if let Some(floor) = row.floor {
        // A sequence is Redis' clock in microseconds (`pipeline::sequence`).
        let before = time(i64::try_from(floor / 1000).unwrap_or(i64::MAX));
        facts.add(
            "floor",
            words::tr!("the form shows a version that is not known, fetched before {before}"),
        );
    }
    if let Some(last) = ledger
        .last_touch(company)
        .await
        .with_context(|| words::tr!("ask Redis"))?
    {
        facts.add("touched", touched(last));
    }
    if let Some(batch) = row.batch {
        let claim = match ledger
            .known_batch(&batch)
            .await
            .with_context(|| words::tr!("ask Redis"))?
        {
            Some(known) => words::tr!(
                "by {} in batch {batch}, lease until {}, {} rows left",
                known.owner,
                time(known.lease_ms),
                known.left
            ),
            None => words::tr!("in batch {batch}, which is gone"),
        };
        facts.add("claimed", claim);
    }
    Ok(facts)
}

/// What a person did to the row, as Jiandaoyun has told.
fn touched(last: LastTouch) -> String {
    let what = match last.touch {
        Touch::Gone => words::text!("deleted by a person"),
        Touch::Edited => words::text!("edited by a person"),
        Touch::Replaced => words::text!("replaced by another row by a person"),
    };
    let noticed = time(last.noticed_ms);
    match last.asked_ms {
        0 => words::tr!("{what}, noticed {noticed}, left"),
        asked => words::tr!("{what}, noticed {noticed}, customer asked for {}", time(asked)),
    }
}

fn time(ms: i64) -> String {
    replay::when::stamp(ms)
}
