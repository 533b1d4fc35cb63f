//! Help and errors of the command line in Chinese: our own texts from the catalogue, the library's by its phrases.
//!
//! The library has no languages. So the command line that has failed (asking for help is a failure, too) is parsed once
//! more by a copy of the command with Chinese texts, and what the library says by itself is replaced in what it prints.

use super::wrap;
use clap::{Arg, Command, builder::PossibleValuesParser, error::ErrorKind};
use regex::{Captures, Regex};
use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
};

/// Words of the library at places where no text of ours can be.
const FIXED: [(&str, &str); 8] = [
    ("[default: ", "[默认："),
    ("[env: ", "[环境变量："),
    ("[possible values: ", "[可选值："),
    ("[aliases: ", "[别名："),
    ("[subcommands: ", "[子命令："),
    ("Possible values:", "可选值："),
    ("error: ", "错误："),
    ("tip: ", "提示："),
];
/// Headings, in help and in manual pages.
const HEADINGS: [(&str, &str); 12] = [
    ("Usage", "用法"),
    ("Options", "选项"),
    ("Commands", "命令"),
    ("Arguments", "参数"),
    ("NAME", "名称"),
    ("SYNOPSIS", "概要"),
    ("DESCRIPTION", "说明"),
    ("OPTIONS", "选项"),
    ("SUBCOMMANDS", "子命令"),
    ("ENVIRONMENT", "环境变量"),
    ("EXTRA", "补充"),
    ("VERSION", "版本"),
];

/// Prints an error of the command line, or the help that was asked for, in Chinese.
pub(super) fn print(error: &clap::Error, command: Command, args: &[OsString]) {
    // Lines are broken afterwards, where Chinese may be.
    let again = told(command).term_width(0).try_get_matches_from(args);
    let rendered = again.err().map_or_else(|| error.render(), |it| it.render());
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    let stdout = error.kind() == ErrorKind::DisplayHelp || error.kind() == ErrorKind::DisplayVersion;
    let coloured = help
        && crate::telemetry::wants_colour()
        && if stdout {
            io::stdout().is_terminal()
        } else {
            io::stderr().is_terminal()
        };
    let text = match coloured {
        true => rendered.ansi().to_string(),
        false => rendered.to_string(),
    };
    let mut text = if help { in_help(&text) } else { in_error(&text) };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // Headings of our own end as those of the library do.
    text = text.replace("）:\n", "）：\n").replace("选项:\n", "选项：\n");
    if help {
        text = wrap::wrapped(&text, wrap::width());
    }
    // Nobody is left to read it when the output is closed.
    drop(match stdout {
        true => io::stdout().lock().write_all(text.as_bytes()),
        false => io::stderr().lock().write_all(text.as_bytes()),
    });
}

/// The same command with Chinese texts, for whatever shows them and does not parse.
pub(super) fn told(mut command: Command) -> Command {
    if let Some(about) = command.get_about().map(|it| paragraphs(&it.to_string())) {
        command = command.about(about);
    }
    if let Some(about) = command.get_long_about().map(|it| paragraphs(&it.to_string())) {
        command = command.long_about(about);
    }
    if let Some(after) = command.get_after_help().map(|it| paragraphs(&it.to_string())) {
        command = command.after_help(after);
    }
    if let Some(heading) = command.get_subcommand_help_heading().and_then(words::chinese) {
        command = command.subcommand_help_heading(heading);
    }
    let below: Vec<String> = command
        .get_subcommands()
        .map(|it| it.get_name().to_owned())
        .collect();
    command = command.mut_args(argument);
    for name in below {
        command = command.mut_subcommand(name, told);
    }
    command
}

fn argument(mut arg: Arg) -> Arg {
    if let Some(help) = arg.get_help().map(|it| paragraphs(&it.to_string())) {
        arg = arg.help(help);
    }
    if let Some(help) = arg.get_long_help().map(|it| paragraphs(&it.to_string())) {
        arg = arg.long_help(help);
    }
    if let Some(heading) = arg.get_help_heading().and_then(words::chinese) {
        arg = arg.help_heading(heading);
    }
    let values = arg.get_possible_values();
    if arg.get_num_args().is_none_or(|number| number.takes_values())
        && values.iter().any(|it| it.get_help().is_some())
    {
        let values = values
            .into_iter()
            .map(|value| match value.get_help().map(ToString::to_string) {
                Some(help) => value.help(paragraphs(&help)),
                None => value,
            });
        arg = arg.value_parser(PossibleValuesParser::new(values));
    }
    arg
}

/// Each paragraph is a text of its own.
fn paragraphs(text: &str) -> String {
    text.split("\n\n")
        .map(words::said)
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// What the library says in help.
fn in_help(text: &str) -> String {
    let phrases = words::PHRASES.iter().filter(|it| it.starts_with("Print "));
    let text = phrases.fold(text.to_owned(), |text, phrase| {
        text.replace(phrase, words::said(phrase))
    });
    values(&fixed(&headings(
        &text,
        "^((?:\u{1b}\\[[0-9;]*m)*)([A-Z][a-z]+): ?",
        "：",
    )))
}

/// The colon between a value and what it means.
fn values(text: &str) -> String {
    match Regex::new("(?m)^( +- [\\w-]+): +") {
        Ok(pattern) => pattern.replace_all(text, "$1：").into_owned(),
        Err(_) => text.to_owned(),
    }
}

/// Headings of a manual page.
pub(super) fn in_page(page: &str) -> String {
    let phrases = words::PHRASES.iter().filter(|it| it.starts_with("Print "));
    let escaped = |text: &str| text.replace('-', "\\-").replace('\'', "\\*(Aq");
    let page = phrases.fold(page.to_owned(), |page, phrase| {
        page.replace(&escaped(phrase), &escaped(words::said(phrase)))
    });
    let page = match Regex::new("May also be specified with the (\\S+) environment variable\\.") {
        Ok(pattern) => pattern
            .replace_all(&page, "也可用环境变量 $1 设置。")
            .into_owned(),
        Err(_) => page,
    };
    fixed(&headings(&page, "^(\\.SH \"?)([A-Z]+)", ""))
}

fn headings(text: &str, pattern: &str, end: &str) -> String {
    let Ok(pattern) = Regex::new(&format!("(?m){pattern}")) else {
        return text.to_owned();
    };
    let replaced = pattern.replace_all(text, |found: &Captures<'_>| {
        match HEADINGS.iter().find(|(english, _)| *english == &found[2]) {
            Some((_, chinese)) => format!("{}{chinese}{end}", &found[1]),
            None => found[0].to_owned(),
        }
    });
    replaced.into_owned()
}

fn fixed(text: &str) -> String {
    let all = FIXED.iter();
    all.fold(text.to_owned(), |text, (english, chinese)| {
        // The library may have broken the line behind it.
        let broken = format!("{}\n", english.trim_end());
        text.replace(english, chinese)
            .replace(&broken, &format!("{chinese}\n"))
    })
}

/// What the library says about a command line that it does not understand, line by line.
fn in_error(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let bare = line.trim_start();
        out.push_str(&line[..line.len() - bare.len()]);
        let (lead, rest) = ["error: ", "tip: "]
            .into_iter()
            .find_map(|lead| Some((lead, bare.strip_prefix(lead)?)))
            .unwrap_or(("", bare));
        out.push_str(&fixed(lead));
        out.push_str(&in_help(&words::retold(rest)));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use words::{Language, scoped};

    /// Print JSON
    #[derive(Debug, Parser)]
    #[command(name = "service")]
    struct Cli {
        /// Print JSON
        #[arg(long, default_value = "x", value_name = "FILE")]
        json: String,
    }

    fn said(args: &[&str]) -> String {
        scoped(Language::Chinese, || {
            let command = told(<Cli as clap::CommandFactory>::command());
            let error = command.try_get_matches_from(args).unwrap_err();
            match error.kind() {
                ErrorKind::DisplayHelp => in_help(&error.render().to_string()),
                _ => in_error(&error.render().to_string()),
            }
        })
    }

    #[test]
    fn help_has_no_english_words_of_the_library() {
        let help = said(&["service", "--help"]);
        for english in ["Usage", "Options", "Print", "default"] {
            assert!(!help.contains(english), "{english} in {help}");
        }
        assert!(help.contains("用法：service"), "{help}");
    }

    #[test]
    fn errors_of_the_command_line_are_chinese() {
        let error = said(&["service", "--jso", "1"]);
        assert!(error.starts_with("错误：无法识别的参数 '--jso'\n"), "{error}");
        for english in ["found", "similar", "For more"] {
            assert!(!error.contains(english), "{english} in {error}");
        }
    }
}
