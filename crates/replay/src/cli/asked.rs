//! `dead list`, `dead groups` and `dead show` as the read model answers them; they look like those of the queue.

use super::{
    config::DeskArgs,
    desk::{Desk, tell_fallback},
    print,
    spool::Spool,
};
use crate::{
    browse::{Filter, Group},
    letter::Letter,
};
use anyhow::Context;
use bytes::Bytes;
use pipeline::{failure::record::FailureRecord, message::Envelope, stage::Stage};
use serde_json::{Value, json};
use std::io::{self, Write};

/// `false`: the queue has to be asked.
pub(super) async fn list(stage: Stage, args: &DeskArgs, filter: &Filter, json: bool) -> anyhow::Result<bool> {
    let Some(desk) = Desk::of(args)? else {
        return Ok(false);
    };
    let mut out = Spool::new();
    let (mut shown, mut first_id) = (0, None);
    let visit = |listed: Value| {
        let record: FailureRecord = read(&listed["record"])?;
        let group = listed["group"].as_str().unwrap_or_default();
        if json {
            let mut line = serde_json::to_value(&record)?;
            line["group"] = group.into();
            if let Some(life) = listed["restored_by"].as_str() {
                line["restored_by"] = life.into();
            }
            writeln!(out, "{line}")?;
        } else {
            print::row(&mut out, &record, group, None, shown == 0)?;
        }
        first_id.get_or_insert(record.id);
        shown += 1;
        Ok(!filter.is_full(shown))
    };
    if !desk.letters(stage, &filter.query.source(), visit).await? {
        tell_fallback(&desk);
        return Ok(false);
    }
    if !json {
        print::listed(
            &mut out,
            stage,
            words::text!("dead letters"),
            shown,
            first_id.as_deref(),
        )?;
    }
    answered(&desk, &mut out, json)?;
    out.show()?;
    Ok(true)
}

/// `false`: the queue has to be asked.
pub(super) async fn groups(
    stage: Stage,
    args: &DeskArgs,
    filter: &Filter,
    json: bool,
) -> anyhow::Result<bool> {
    let Some(desk) = Desk::of(args)? else {
        return Ok(false);
    };
    // The first letters are those of the queue.
    if filter.limit.is_some() {
        return Ok(false);
    }
    let Some(answer) = desk.groups(stage, &filter.query.source()).await? else {
        tell_fallback(&desk);
        return Ok(false);
    };
    let groups: Vec<Group> = read(&answer)?;
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&groups)?)?;
    } else {
        print::groups(&mut out, stage, &groups)?;
    }
    answered(&desk, &mut out, json)?;
    Ok(true)
}

/// `false`: the queue has to be asked, also for a letter that the read model does not know.
pub(super) async fn show(stage: Stage, args: &DeskArgs, id: &str, json: bool) -> anyhow::Result<bool> {
    let Some(desk) = Desk::of(args)? else {
        return Ok(false);
    };
    let Some(found) = desk.letter(stage, id).await? else {
        tell_fallback(&desk);
        return Ok(false);
    };
    let record: FailureRecord = read(&found["record"])?;
    let group = found["group"].as_str().unwrap_or_default();
    let mut out = io::stdout().lock();
    if json {
        let mut all = serde_json::to_value(&record)?;
        all["group"] = group.into();
        all["type"] = found["type"].clone();
        all["archived"] = json!(null);
        all["restored_by"] = found["restored_by"].clone();
        all["body"] = found["body"].clone();
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
    } else {
        let letter = Letter {
            record,
            body: Bytes::new(),
            envelope: Envelope {
                life: found["restored_by"].as_str().map(str::to_owned),
                ..Envelope::default()
            },
        };
        print::letter(&mut out, &letter, group)?;
        print::body(&mut out, &found["body"])?;
        print::next_of_letter(&mut out, &letter, group)?;
    }
    answered(&desk, &mut out, json)?;
    Ok(true)
}

fn read<T: serde::de::DeserializeOwned>(answer: &Value) -> anyhow::Result<T> {
    serde_json::from_value(answer.clone())
        .with_context(|| words::tr!("the desk is of another version; unset DESK_URL"))
}

/// Says who answered: below what is shown, or beside the JSON.
fn answered(desk: &Desk, out: &mut impl Write, json: bool) -> io::Result<()> {
    let text = words::tr!("answered by the read model at {}", desk.url());
    match json {
        true => pipeline::remark!("{text}"),
        false => writeln!(out, "{text}")?,
    }
    Ok(())
}
