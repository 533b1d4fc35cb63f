//! Variables that look like settings of ours and are none: `ALERT_DEADLETTERS`. One environment may serve all programs, so every
//! program knows the names of all of them.

use super::config::set_variables;
use crate::{
    setting::{self, Misspelt},
    setup::Settings,
};

/// Variables of the four programs, and with a star at the end how names begin that are meant for us, whatever follows. A test
/// compares them with the command lines.
const LISTED: &str = include_str!("variables.txt");

/// Names of all settings.
pub fn known() -> impl Iterator<Item = &'static str> {
    LISTED.lines().filter(|name| !name.ends_with('*'))
}

fn is_ours(name: &str) -> bool {
    LISTED
        .lines()
        .filter_map(|line| line.strip_suffix('*'))
        .any(|start| name.starts_with(start))
}

/// What is read elsewhere than in a command line.
const BESIDE: [&str; 4] = ["OKKI_LANG", "FAILPOINT", "TZ", "EDITOR"];

/// One letter wrong of so many is a slip of the finger; a shorter name may be that of another program.
const LETTERS: usize = 6;

/// Keeps for the log what is set in vain, in the environment and in files of settings.
pub(super) fn note(files: &Settings) {
    let set = set_variables();
    let mut found = misspelt(set.iter().map(String::as_str), false);
    found.extend(misspelt(files.keys().map(String::as_str), true));
    setting::note(found);
}

/// Which of these are none of ours and were probably meant to be, each with the name that is nearest. `all`: whatever is in a
/// file of settings is meant to be one.
pub(super) fn misspelt<'a>(names: impl IntoIterator<Item = &'a str>, all: bool) -> Vec<Misspelt> {
    let mut found: Vec<Misspelt> = names
        .into_iter()
        .filter(|name| known().all(|known| known != *name) && !BESIDE.contains(name))
        .filter_map(|name| nearest(name, all))
        .collect();
    found.sort_by(|a, b| a.variable.cmp(&b.variable));
    found
}

fn nearest(name: &str, all: bool) -> Option<Misspelt> {
    let bare = bare(name);
    let (nearest, slips) = known()
        .map(|known| (known, strsim::osa_distance(&bare, &self::bare(known))))
        .min_by_key(|(_, slips)| *slips)?;
    // Kubernetes and Docker put addresses of services called redis or amqp into variables of such names.
    let is_link = ["_SERVICE_HOST", "_PORT", "_ADDR", "_PROTO", "_TCP"]
        .iter()
        .any(|end| name.ends_with(end))
        || name.contains("_SERVICE_PORT");
    let is_slip = slips <= bare.len() / LETTERS;
    (all || (is_ours(name) || is_slip) && !is_link).then(|| Misspelt {
        variable: name.to_owned(),
        nearest,
    })
}

fn bare(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|char| char.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str) -> Option<&'static str> {
        misspelt([name], false).pop().map(|found| found.nearest)
    }

    #[test]
    fn a_slip_is_told_with_the_nearest_name() {
        assert_eq!(told("OKKI_PAGESIZE"), Some("OKKI_PAGE_SIZE"));
        assert_eq!(told("okki_page_size"), Some("OKKI_PAGE_SIZE"));
        assert_eq!(told("AMPQ_URL"), Some("AMQP_URL"));
        assert_eq!(told("ALERT_DEADLETTERS"), Some("ALERT_DEAD_LETTERS"));
        assert!(told("OKKI_FANCY").is_some(), "nothing else begins so");
    }

    #[test]
    fn settings_and_what_is_of_others_is_left_alone() {
        for name in known() {
            assert_eq!(told(name), None, "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "LANG",
            "OKKI_LANG",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "REDIS_SERVICE_HOST",
            "REDIS_PORT",
            "REDIS_PORT_6379_TCP_ADDR",
            "RABBITMQ_SERVICE_PORT",
            "KUBERNETES_SERVICE_HOST",
            "HOSTNAME",
            "EVERYTHING_ELSE",
            "MAIL",
            "SHELL",
            "LOGNAME",
            "POD_NAMESPACE",
            "SMART",
            "OTEL_SERVICE_NAME",
            "LISTEN_FDS",
            "SOURCE_DATE_EPOCH",
        ] {
            assert_eq!(told(name), None, "{name}");
        }
        assert_eq!(
            misspelt(["WHATEVER"], true).len(),
            1,
            "in a file of settings everything is meant"
        );
    }
}
