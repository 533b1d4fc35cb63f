//! `mapping check`: every problem at once, and the comparison with the form, saved to a file or as the loader read it, and
//! with the keys that customers have: of files, or as the transformers saw them, where Redis is at hand.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use mapping::Problem;
use pipeline::config::{SharedArgs, SharedConfig};
use pipeline::form::FormReading;
use pipeline::names::Namespace;
use pipeline::setting::ConfigError;
use pipeline::store::Store;

use super::DocumentArgs;
use super::compare::compare;
use crate::known::{Known, remarks};
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
    /// Compare the keys with these customers (JSON: a detail answer, an array of them, or one a line); may be repeated
    #[arg(long, value_name = "FILE")]
    company: Vec<PathBuf>,
    #[command(flatten)]
    shared: SharedArgs,
}

pub(super) async fn run(args: CheckArgs) -> anyhow::Result<()> {
    let mapping = args.document.load()?;
    let name = args.document.name();
    let mut warnings: Vec<Problem> = mapping.warnings().to_vec();
    let (mut problems, mut of_form) = (Vec::new(), Vec::new());
    let mut known = super::seen::of_files(&args.company, mapping.zone())?;
    let mut form = args.form.as_deref().map(saved).transpose()?;
    let no_files = args.company.is_empty();
    let is_at_hand = args.shared.names_redis();
    if args.live {
        let SharedConfig { redis, namespace, .. } = args.shared.try_into()?;
        let store = Store::connect(&redis)?;
        crate::tables::ask(&store, &namespace, &mapping).await?;
        let profile = super::seen::lately(&store, &namespace).await?;
        if let Some(profile) = profile.filter(|_| no_files) {
            known = Known::with(profile);
        }
        form = Some(live(&store, &namespace).await?);
    } else if no_files && is_at_hand {
        match super::seen::at_hand(args.shared, &mapping).await {
            Ok(Some(profile)) => known = Known::with(profile),
            Ok(None) => {}
            // A look that nobody asked for fails nothing.
            Err(error) => pipeline::remark!("not compared with what customers have had lately: {error:#}"),
        }
    }
    if let Some((name, form)) = form {
        compare(&mapping, &form, &name, &mut problems, &mut of_form);
    }
    warnings.extend(remarks(&mapping, &known, &name));
    warnings.extend(super::judged::files(&mapping, &args.company, &name)?);
    let warned = warnings.iter().filter(|warning| !warning.without_effect);
    for warning in warned.map(ToString::to_string).chain(of_form) {
        pipeline::say!("warning: {warning}")?;
    }
    let idle: Vec<&Problem> = warnings.iter().filter(|warning| warning.without_effect).collect();
    if !idle.is_empty() {
        pipeline::say!("without effect ({}):", idle.len())?;
        for one in idle {
            pipeline::say!("  {one}")?;
        }
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
async fn live(store: &Store, namespace: &Namespace) -> anyhow::Result<(String, Extras)> {
    let reading = FormReading::last(store, namespace)
        .await
        .with_context(|| words::tr!("REDIS_URL: ask for the form that the loader read"))?
        .ok_or_else(|| {
            let problem = words::tr!("no loader of namespace {namespace} has read the form");
            let remedy = words::text!("run `loader check` once with the same NAMESPACE and REDIS_URL");
            ConfigError::new("--live", problem, remedy)
        })?;
    let name = words::tr!("form {}", reading.entry_id);
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
        120..7_200 => words::tr!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => words::tr!("{} days", seconds / 86_400),
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
