//! The three roles; each may do what the one before may.

use clap::ValueEnum;
use serde::Serialize;
use utoipa::ToSchema;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Reads, with customers' data hidden
    Viewer,
    /// Also replays, discards, lists and pauses
    Operator,
    /// The same, for what needs more trust
    Admin,
}

impl Role {
    /// Its word in the file.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this word.
    pub(crate) fn named(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Admin]
            .into_iter()
            .find(|role| role.name() == word)
    }

    /// As people of any language read it.
    pub(crate) fn told(self) -> &'static str {
        words::sense(match self {
            Self::Viewer => words::mark!("role: viewer"),
            Self::Operator => words::mark!("role: operator"),
            Self::Admin => words::mark!("role: admin"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_includes_the_one_before() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            assert_eq!(Role::named(role.name()), Some(role));
        }
        assert_eq!(Role::named("root"), None);
    }
}
