//! The language of who started the process, from the environment: needed before there is a command line that clap could
//! read, for it decides in which words the help and the errors of the command line are.

use crate::language::Language;

/// In the order in which they decide; one that is empty says nothing.
const VARIABLES: [&str; 4] = ["OKKI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];

/// The language that the environment asks for.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "there is no command line yet that clap could read it for"
)]
pub fn of_environment() -> Language {
    decide(|name| std::env::var(name).ok())
}

fn decide(variable: impl Fn(&str) -> Option<String>) -> Language {
    VARIABLES
        .iter()
        .filter_map(|name| variable(name))
        .find(|value| !value.trim().is_empty())
        .map_or(Language::English, |value| Language::of_locale(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_says_anything_decides() {
        let of = |set: &[(&str, &str)]| {
            decide(|name| {
                let found = set.iter().find(|(it, _)| *it == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[]), Language::English);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]), Language::English);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")]), Language::Chinese);
        assert_eq!(
            of(&[("OKKI_LANG", "zh"), ("LC_ALL", "en_US.UTF-8")]),
            Language::Chinese
        );
        assert_eq!(of(&[("OKKI_LANG", "en"), ("LANG", "zh_TW")]), Language::English);
        assert_eq!(
            of(&[("LC_MESSAGES", "zh-Hans"), ("LANG", "en_GB")]),
            Language::Chinese
        );
    }
}
