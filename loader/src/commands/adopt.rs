//! `loader adopt`: shows whose the rows without a key are, asks, and has the keys written (`adoption`).

use std::time::Duration;

use indicatif::ProgressBar;
use pipeline::setting::ConfigError;

use super::confirm::confirmed;
use super::index::tool;
use super::table::Facts;
use super::usable;
use crate::adoption::{Adopted, Asked, Report, adopt as adopt_rows};
use crate::cli::AdoptArgs;

/// What rows without a key mean, and what to do.
const LEFT: &str = words::mark!(
    "while there are any, loaders make no new rows: match by other widgets, type the customers' ids into the key \
     widget, delete the rows, or start the loaders with IGNORE_KEYLESS=true"
);

/// How often the sign of life moves.
const TICK: Duration = Duration::from_millis(200);

/// Shows whose the rows are, asks, and writes the keys.
pub(crate) async fn adopt(args: AdoptArgs) -> anyhow::Result<()> {
    let (writer, config) = tool(args.run)?;
    if config.expected.key_widget.is_none() || config.expected.fields.is_empty() {
        let missing = words::tr!(
            "JDY_KEY_WIDGET and MAPPING are needed to tell whose the rows are; set both, as for `loader run`"
        );
        return Err(ConfigError::message(missing).into());
    }
    if let Err(misfit) = usable::read(&writer).await? {
        return Err(ConfigError::message(misfit.to_string()).into());
    }
    let (dry_run, yes, json) = (args.dry_run, args.yes, args.json);
    let asked = Asked {
        widgets: args.widgets,
        reveal: args.reveal,
    };
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(TICK);
    let tell = |progress: String| bar.set_message(words::retold(&progress));
    let agree = |preview: &Report| {
        // Nothing may write over the question.
        bar.disable_steady_tick();
        bar.finish_and_clear();
        let agreed = !dry_run && agreed(preview, yes, json)?;
        bar.reset();
        bar.enable_steady_tick(TICK);
        Ok(agreed)
    };
    let done = adopt_rows(&writer, &asked, &tell, agree).await;
    bar.finish_and_clear();
    writer.runtime.events.finish().await;
    let Adopted { preview, written } = done?;
    print(written.as_ref().unwrap_or(&preview), json)
}

/// Whether the operator wants what would be done.
fn agreed(preview: &Report, yes: bool, json: bool) -> anyhow::Result<bool> {
    if !json {
        print(preview, false)?;
    }
    let question = words::tr!(
        "Write the keys of {} customers into their rows?",
        preview.to_write()
    );
    words::ensure!(confirmed(&question, yes)?, "not confirmed; nothing was written");
    Ok(true)
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        pipeline::say!("{}", serde_json::to_string(report)?)?;
        return Ok(());
    }
    match report.left {
        None => print_preview(report),
        Some(left) => print_done(report, left),
    }
}

fn print_preview(report: &Report) -> anyhow::Result<()> {
    let mut facts = Facts::default();
    facts.add(words::mark!("records that wait"), report.waiting.to_string());
    facts.add(words::mark!("rows without a key"), report.rows().to_string());
    for (name, kind) in [
        ("known", &report.known),
        ("exact", &report.exact),
        ("ambiguous", &report.ambiguous),
        ("none", &report.none),
    ] {
        facts.add(&format!("  {name}"), kind.count.to_string());
        for example in &kind.examples {
            facts.add("", example);
        }
    }
    pipeline::say!("{facts}")?;
    if report.to_write() == 0 && report.rows() > 0 {
        pipeline::say!(
            "no row would get a key: wait until the customers' records have come (`transformer` and `extractor` run), \
             or match by other widgets; {}",
            LEFT
        )?;
    }
    Ok(())
}

fn print_done(report: &Report, left: usize) -> anyhow::Result<()> {
    pipeline::say!("{} rows have got their keys", report.written)?;
    if report.unseen > 0 {
        pipeline::say!(
            "{} keys were accepted by Jiandaoyun and are not in the form; run the command again",
            report.unseen
        )?;
    }
    if report.refused > 0 {
        pipeline::say!(
            "{} rows take no key, Jiandaoyun refuses it (the log says why); put it in by hand, or delete them",
            report.refused
        )?;
    }
    match left {
        0 => pipeline::say!("no row is without a key; the loaders go on by themselves")?,
        _ => pipeline::say!("at least {left} rows are left without a key; {LEFT}")?,
    }
    Ok(())
}
