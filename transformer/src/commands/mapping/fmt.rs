//! `mapping fmt`: documents, additions and tests in one layout, which changes nothing that they say.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use mapping::{Problem, canonical};
use pipeline::setting::ConfigError;

/// Arguments of `fmt`.
#[derive(Debug, Args)]
pub(super) struct FmtArgs {
    /// Documents, additions or tests (JSON)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only say which files are laid out otherwise, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
    /// Write the files anew instead of printing one
    #[arg(long, conflicts_with = "check")]
    write: bool,
}

pub(super) fn run(args: &FmtArgs) -> anyhow::Result<()> {
    if !args.check && !args.write && args.files.len() > 1 {
        let problem = words::text!("only one file can be printed");
        let remedy = words::text!("add --write or --check");
        return Err(ConfigError::new("FILE", problem, remedy).into());
    }
    // Every file is read before the first one is written.
    let read: anyhow::Result<Vec<_>> = args.files.iter().map(|file| laid_out(file)).collect();
    let mut other = 0;
    for (file, (before, after)) in args.files.iter().zip(read?) {
        if !args.check && !args.write {
            pipeline::cli::output::write(format_args!("{after}"))?;
        } else if before != after {
            other += 1;
            if args.write {
                replace(file, &after).with_context(|| words::tr!("write {}", file.display()))?;
                pipeline::say!("{} written", file.display())?;
            } else {
                pipeline::say!(
                    "{}:{}: laid out otherwise",
                    file.display(),
                    first_difference(&before, &after)
                )?;
            }
        }
    }
    words::ensure!(
        !args.check || other == 0,
        "{other} files are laid out otherwise; next: transformer mapping fmt --write FILE"
    );
    Ok(())
}

/// A file as it is, and as it should be.
fn laid_out(file: &Path) -> anyhow::Result<(String, String)> {
    let before = super::read(file)?;
    let after = canonical(&before, &file.display().to_string()).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        ConfigError::message(lines.join("\n"))
    })?;
    Ok((before, after))
}

/// The first line that is not alike.
fn first_difference(before: &str, after: &str) -> usize {
    let lines = before.split('\n').zip(after.split('\n'));
    1 + lines.take_while(|(one, other)| one == other).count()
}

/// Whoever reads the file meanwhile reads the old one or the new one; links and permissions stay.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let file = file.canonicalize()?;
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let fresh = file.with_file_name(name);
    let written = std::fs::write(&fresh, text)
        .and_then(|()| std::fs::set_permissions(&fresh, std::fs::metadata(&file)?.permissions()))
        .and_then(|()| std::fs::rename(&fresh, &file));
    if written.is_err() {
        drop(std::fs::remove_file(&fresh));
    }
    written
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn args(files: &[&Path], check: bool, write: bool) -> FmtArgs {
        FmtArgs {
            files: files.iter().map(|file| (*file).to_owned()).collect(),
            check,
            write,
        }
    }

    #[test]
    fn check_tells_and_write_repairs() {
        let folder = tempfile::tempdir().unwrap();
        let [odd, good, link] = ["odd.json", "good.json", "link.json"].map(|name| folder.path().join(name));
        std::fs::write(&odd, "{\"a\":[1.0 ,2]}").unwrap();
        std::fs::write(&good, "{\n  \"a\": 1\n}\n").unwrap();
        std::os::unix::fs::symlink(&odd, &link).unwrap();
        let error = run(&args(&[&good, &link], true, false)).unwrap_err();
        assert!(error.downcast_ref::<ConfigError>().is_none(), "{error:#}");
        assert!(error.to_string().starts_with("1 files"), "{error:#}");
        run(&args(&[&link, &good], false, true)).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            std::fs::read_to_string(&odd).unwrap(),
            "{\n  \"a\": [1.0, 2]\n}\n"
        );
        run(&args(&[&odd, &good], true, false)).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_is_no_json_keeps_every_file_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (odd, bad) = (folder.path().join("odd.json"), folder.path().join("bad.json"));
        std::fs::write(&odd, "{\"a\":1}").unwrap();
        std::fs::write(&bad, "{\"a\":‘1’}").unwrap();
        let error = run(&args(&[&odd, &bad], false, true)).unwrap_err();
        assert!(error.downcast_ref::<ConfigError>().is_some(), "{error:#}");
        assert!(error.to_string().contains("bad.json:1:6"), "{error:#}");
        assert_eq!(std::fs::read_to_string(&odd).unwrap(), "{\"a\":1}");
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\nc", "a\nx\nc"), 2);
        assert_eq!(first_difference("a\n", "a"), 2);
    }
}
