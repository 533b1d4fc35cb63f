//! `extractor fields`: the fields that customers of the account have, for a person who writes a mapping, or as JSON for
//! `transformer mapping draft`.

use super::brief::{self, Place};
use crate::{cli::FieldsArgs, dictionary, okki::chain, settings::OkkiConfig, table::columns};
use pipeline::{
    http::HttpConfig,
    setup::{Dictionary, Field},
};

/// Asks and prints; with JSON the customers, too, so it goes nowhere else.
pub(crate) async fn fields(args: FieldsArgs) -> anyhow::Result<()> {
    pipeline::settings! {
        http = HttpConfig::try_from(args.http);
        okki = OkkiConfig::try_from(args.okki);
    }
    let client = brief::client(&okki, &http, Place::named(args.shared)?).await?;
    let found = dictionary::dictionary(&client, args.customers.into())
        .await
        .map_err(|error| words::failure!("ask for the fields: {}", chain(&error)))?;
    for left in &found.left_out {
        let left = words::retold(left);
        pipeline::remark!("left out: {left}");
    }
    if args.json {
        pipeline::say!("{}", serde_json::to_string(&found)?)?;
        return Ok(());
    }
    pipeline::say!("{}", table(&found))?;
    pipeline::say!(
        "next: extractor fields --json > fields.json; transformer mapping draft --form form.json --fields fields.json"
    )?;
    Ok(())
}

fn table(found: &Dictionary) -> String {
    let head = [
        words::text!("caption"),
        words::text!("group"),
        words::text!("type"),
        words::text!("in a mapping"),
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for (field, reference) in found.fields.iter().zip(dictionary::references(found)) {
        rows.push([
            shown(field),
            match field.contact {
                true => words::text!("contact").to_owned(),
                false => field.group.clone(),
            },
            kind(field.kind),
            reference.unwrap_or_else(|| words::text!("(no path leads to it)").to_owned()),
        ]);
    }
    columns(&rows)
}

fn shown(field: &Field) -> String {
    match field.disabled {
        true => words::tr!("{} (switched off)", field.label),
        false => field.label.clone(),
    }
}

/// The vendor's `field_type` in words (docs/okki-api.md §6).
fn kind(kind: i64) -> String {
    let known = match kind {
        1 => words::text!("text"),
        2 => words::text!("long text"),
        3 => words::text!("choice"),
        4 => words::text!("date"),
        5 => words::text!("number"),
        6 => words::text!("picture"),
        7 => words::text!("several choices"),
        8 => words::text!("file"),
        9 => words::text!("relation"),
        10 => words::text!("date with time"),
        11 => words::text!("computed"),
        12 => words::text!("roll-up"),
        13 => words::text!("yes or no"),
        17 => words::text!("state"),
        18 => words::text!("stage of sales"),
        21 => words::text!("span of time"),
        22 => words::text!("formatted text"),
        23 => words::text!("reference"),
        other => return words::tr!("type {other}"),
    };
    known.to_owned()
}
