//! The error of every setting: what is wrong with which variable, and what to do.

use std::fmt::Display;

/// Any fault of the configuration; wherever it stands in an error's chain, the program exits with 78.
///
/// Wrap it with `#[source]` or `context`, not with `#[error(transparent)]`, which would hide it from the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// `name` is the variable or file at fault; neither text may quote a secret.
    pub fn new(name: impl Display, problem: impl Display, remedy: impl Display) -> Self {
        let (problem, remedy) = (problem.to_string(), remedy.to_string());
        let (problem, remedy) = (words::said(&problem), words::said(&remedy));
        Self(format!(
            "{name}{}{problem}{}{remedy}",
            words::text!(": "),
            words::text!("; ")
        ))
    }

    /// Several faults, each on a line of its own; one that is said twice is said once.
    pub fn all(faults: impl IntoIterator<Item = Self>) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for fault in faults {
            for line in fault.0.lines() {
                if lines.iter().all(|said| said != line) {
                    lines.push(line.to_owned());
                }
            }
        }
        Self(lines.join("\n"))
    }

    /// Each fault by itself.
    pub(crate) fn each(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }

    /// A fault that belongs to no single variable, in own words.
    pub fn message(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
