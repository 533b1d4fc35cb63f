//! `mapping check`: every problem at once, and the comparison with the form, saved to a file or as the loader read it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use mapping::Problem;
use pipeline::config::{SharedArgs, SharedConfig};
use pipeline::form::FormReading;
use pipeline::setting::ConfigError;
use pipeline::store::Store;

use super::DocumentArgs;
use super::compare::compare;
use crate::map::Extras;

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    document: DocumentArgs,
    /// Compare with a widget list of the form, as the form's server returns it (JSON)
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    form: Option<PathBuf>,
    /// Compare with the form as the loader read it last; needs Redis and the loader's namespace
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    shared: SharedArgs,
}

pub(super) async fn run(args: CheckArgs) -> anyhow::Result<()> {
    let mapping = args.document.load()?;
    let mut warnings: Vec<String> = mapping.warnings().iter().map(ToString::to_string).collect();
    let mut problems = Vec::new();
    let form = match (&args.form, args.live) {
        (Some(path), _) => Some(saved(path)?),
        (None, true) => Some(live(args.shared).await?),
        (None, false) => None,
    };
    if let Some((name, form)) = form {
        compare(&mapping, &form, &name, &mut problems, &mut warnings);
    }
    for warning in &warnings {
        pipeline::say!("warning: {warning}")?;
    }
    if problems.is_empty() {
        let fields = mapping.fields().len();
        pipeline::say!("ok: {fields} fields, fingerprint {}", mapping.fingerprint())?;
        return Ok(());
    }
    Err(ConfigError::message(problems.join("\n")).into())
}

/// The form of a file, and what problems call it.
fn saved(path: &Path) -> anyhow::Result<(String, Extras)> {
    let name = path.display().to_string();
    let form = Extras::parse(&super::read(path)?, &name).map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
        ConfigError::message(lines.join("\n"))
    })?;
    Ok((name, form))
}

/// The form as the loader read it last, and what problems call it.
async fn live(args: SharedArgs) -> anyhow::Result<(String, Extras)> {
    let SharedConfig { redis, namespace, .. } = args.try_into()?;
    let store = Store::connect(&redis)?;
    let reading = FormReading::last(&store, &namespace)
        .await
        .context("REDIS_URL: ask for the form that the loader read")?
        .ok_or_else(|| {
            let problem = format!("no loader of namespace {namespace} has read the form");
            let remedy = "run `loader check` once with the same NAMESPACE and REDIS_URL";
            ConfigError::new("--live", problem, remedy)
        })?;
    let name = format!("form {}", reading.entry_id);
    pipeline::say!(
        "{name} of app {}, read by the loader {} ago, {} widgets",
        reading.app_id,
        ago(reading.read_at_ms, jiff::Timestamp::now().as_millisecond()),
        reading.widgets.len()
    )?;
    Ok((name, Extras::of_form(&reading.widgets)))
}

/// The largest unit that says enough.
fn ago(then_ms: i64, now_ms: i64) -> String {
    let seconds = (now_ms - then_ms).max(0) / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_shown_in_the_largest_unit_that_says_enough() {
        let text = |seconds: i64| ago(0, seconds * 1000);
        assert_eq!(
            [
                text(-5),
                text(119),
                text(120),
                text(7_199),
                text(7_200),
                text(200_000)
            ],
            ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days"]
        );
    }
}
