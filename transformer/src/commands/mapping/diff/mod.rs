//! `mapping diff`: which cells of which customers change when one document, or its additions, takes the place of another.
//!
//! Exits 0 when nothing would change, 1 when something would, and 78 when that cannot be said.

mod compare;
mod settings;
mod show;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use pipeline::config::SharedArgs;
use pipeline::setting::ConfigError;

use super::{DocumentArgs, company};
use compare::{Report, State};

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The 轻易云 target document that is in use (JSON)
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The one that is to take its place; may be the same, with other additions
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Our additions to both documents (JSON)
    #[arg(long, value_name = "FILE")]
    extras: Option<PathBuf>,
    /// Our additions to OLD alone
    #[arg(long, value_name = "FILE", conflicts_with = "extras")]
    old_extras: Option<PathBuf>,
    /// Our additions to NEW, where they are not those of --extras
    #[arg(long, value_name = "FILE")]
    new_extras: Option<PathBuf>,
    /// Customers: a folder that `extractor record` has written, or a file (JSON: a detail answer, an array of them, or one a line)
    #[arg(long, value_name = "FOLDER|FILE")]
    records: PathBuf,
    /// Only these customers of the folder
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    id: Vec<String>,
    /// The time that expressions take for now, e.g. 2026-03-15T00:00:00Z [default: the clock]
    #[arg(long, value_name = "TIME", value_parser = super::point_of_time)]
    now: Option<Timestamp>,
    /// How many customers that differ are shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Show those behind the first N that differ
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: usize,
    /// Show e-mail addresses and phone numbers as they are
    #[arg(long)]
    reveal: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    shared: SharedArgs,
}

pub(super) async fn run(args: &DiffArgs) -> anyhow::Result<()> {
    let report = examined(args).await.map_err(trouble)?;
    let next = report.is_cut(args).then(|| args.next());
    let printed = match args.json {
        true => pipeline::say!("{}", show::json(&report, next.as_deref())),
        false => pipeline::say_text!("{}", show::text(&report, next.as_deref())),
    };
    printed.map_err(|error| trouble(error.into()))?;
    match report.is_same() {
        true => Ok(()),
        false => words::bail!("the documents give different rows"),
    }
}

/// What keeps the question from being answered is no difference, so its code is another one.
fn trouble(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<ConfigError>() {
        Ok(error) => error.into(),
        Err(error) => ConfigError::message(format!("{error:#}")).into(),
    }
}

async fn examined(args: &DiffArgs) -> anyhow::Result<Report> {
    let old = args.document(&args.old, args.old_extras.as_ref()).load()?;
    let new = args.document(&args.new, args.new_extras.as_ref()).load()?;
    super::seen::all_rows(&args.shared, &[&old, &new]).await?;
    let now = args.now.unwrap_or_else(Timestamp::now);
    let mut report = Report::new(&old, &new);
    report.settings = settings::differences(&old, &new);
    company::each(&args.records, &args.id, &mut |id, detail| {
        let states = detail.and_then(|detail| {
            let before = State::of(&old, detail.clone(), now)?;
            Ok((before, State::of(&new, detail, now)?))
        });
        match states {
            Ok((before, after)) => report.add(id, &before, &after, args.skip, args.limit),
            Err(error) => report.unusable(id, &format!("{error:#}"), args.limit),
        }
    })?;
    if report.compared() == 0 {
        let problem = match report.first_unusable() {
            Some(first) => words::tr!("holds no customer that can be mapped: {first}"),
            None => words::text!("holds no customer").to_owned(),
        };
        let remedy = words::text!("record some: `extractor record FOLDER`");
        return Err(ConfigError::new("--records", problem, remedy).into());
    }
    if !args.reveal {
        report.mask();
    }
    Ok(report)
}

impl DiffArgs {
    fn document(&self, document: &std::path::Path, own: Option<&PathBuf>) -> DocumentArgs {
        DocumentArgs {
            document: document.to_owned(),
            extras: own.or(self.extras.as_ref()).cloned(),
        }
    }

    /// The command that shows the customers behind those of this one.
    fn next(&self) -> String {
        let mut command = vec!["transformer mapping diff".to_owned()];
        let path = |path: &PathBuf| quoted(&path.display().to_string());
        command.extend([path(&self.old), path(&self.new)]);
        for (flag, file) in [
            ("--extras", &self.extras),
            ("--old-extras", &self.old_extras),
            ("--new-extras", &self.new_extras),
        ] {
            command.extend(file.iter().map(|file| format!("{flag} {}", path(file))));
        }
        command.push(format!("--records {}", path(&self.records)));
        if !self.id.is_empty() {
            command.push(format!("--id {}", quoted(&self.id.join(","))));
        }
        command.extend(self.now.map(|now| format!("--now {now}")));
        command.push(format!(
            "--skip {} --limit {}",
            self.skip + self.limit,
            self.limit.max(1)
        ));
        let flags = [("--reveal", self.reveal), ("--json", self.json)].into_iter();
        command.extend(flags.filter(|flag| flag.1).map(|flag| flag.0.to_owned()));
        command.join(" ")
    }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./,:@+=".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests;
