//! What a provider says about somebody: where the name and the role are in it.

use super::config::OidcConfig;
use crate::auth::Role;
use pipeline::mask::printable;
use serde_json::Value;

/// A longer name is cut; it stands in lines.
const LONGEST_NAME: usize = 64;

/// Somebody whom the provider has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// Who they are there, and stay.
    pub(crate) subject: String,
    /// What people call them.
    pub(crate) name: String,
    /// What they may do here.
    pub(crate) role: Role,
}

/// Where a claim is: its name, or a path through objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(String);

impl Path {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// What stands there. Names may hold points themselves, as those that are addresses do.
    pub(super) fn of<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        let whole = claims.get(&self.0);
        whole.or_else(|| {
            self.0
                .split('.')
                .try_fold(claims, |inside, name| inside.get(name))
        })
    }
}

/// Which values of which claim are which role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles {
    claim: Path,
    values: Vec<(String, Role)>,
    default: Option<Role>,
}

impl Roles {
    /// Reads `value=role` pairs.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn read(claim: &str, pairs: Option<&str>, default: Option<Role>) -> Result<Self, String> {
        let pairs = pairs.unwrap_or_default();
        let separator = if pairs.contains(';') { ';' } else { ',' };
        let mut values = Vec::new();
        for pair in pairs
            .split(separator)
            .map(str::trim)
            .filter(|pair| !pair.is_empty())
        {
            let (value, word) = pair
                .rsplit_once('=')
                .ok_or_else(|| words::tr!("`{pair}` is no VALUE=ROLE"))?;
            let role = Role::named(word.trim()).ok_or_else(|| words::tr!("`{word}` is no role"))?;
            match value.trim() {
                "" => return Err(words::tr!("`{pair}` is no VALUE=ROLE")),
                value => values.push((value.to_owned(), role)),
            }
        }
        match values.is_empty() && default.is_none() {
            true => Err(words::tr!("nobody would be let in")),
            false => Ok(Self {
                claim: Path::new(claim),
                values,
                default,
            }),
        }
    }

    /// Whether the provider has said anything about roles.
    pub(super) fn are_said(&self, claims: &Value) -> bool {
        self.values.is_empty() || self.claim.of(claims).is_some()
    }

    /// The highest role that the claims give; `None`: none.
    fn of(&self, claims: &Value) -> Option<Role> {
        let said: Vec<&str> = match self.claim.of(claims) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            // Roles as the names of members, as some providers write them.
            Some(Value::Object(members)) => members.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        let given = self
            .values
            .iter()
            .filter(|(value, _)| said.contains(&value.as_str()));
        given.map(|(_, role)| *role).max().or(self.default)
    }
}

impl Visitor {
    /// Who the claims speak of; `None`: somebody without a role here. `subject` is the one of the token.
    pub(super) fn of(config: &OidcConfig, subject: &str, claims: &Value) -> Option<Self> {
        let role = config.roles.of(claims)?;
        let email = Path::new("email");
        let named = [&config.name, &email];
        let mut names = named
            .into_iter()
            .filter_map(|path| line(path.of(claims)?.as_str()?));
        let name = names.next().or_else(|| line(subject))?;
        Some(Self {
            subject: subject.to_owned(),
            name,
            role,
        })
    }
}

/// A name that fits into a line of the audit log; `None`: it says nothing.
fn line(text: &str) -> Option<String> {
    let text = printable(text);
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(LONGEST_NAME).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn role(claims: &Value) -> Option<Role> {
        let pairs = "night=operator, it=admin,all=viewer";
        Roles::read("realm.roles", Some(pairs), None).unwrap().of(claims)
    }

    #[test]
    fn the_highest_role_that_is_given_counts() {
        for (said, given) in [
            (json!(["all", "it", "night"]), Some(Role::Admin)),
            (json!("night"), Some(Role::Operator)),
            (json!({"all": {"org": 1}}), Some(Role::Viewer)),
            (json!(["night-shift", "IT"]), None),
            (json!("all it"), None),
            (json!(7), None),
            (json!([["it"]]), None),
        ] {
            assert_eq!(role(&json!({"realm": {"roles": said}})), given, "{said}");
            assert_eq!(role(&json!({"realm.roles": said})), given, "{said}");
        }
        assert_eq!(role(&json!({"roles": ["it"]})), None);
        let open = Roles::read("g", None, Some(Role::Viewer)).unwrap();
        assert_eq!(open.of(&json!({})), Some(Role::Viewer));
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        let values = |pairs: &str| Roles::read("g", Some(pairs), None).map(|roles| roles.values);
        let ldap = values("CN=night,OU=it=operator;").unwrap();
        assert_eq!(ldap, [("CN=night,OU=it".to_owned(), Role::Operator)]);
        for wrong in ["", "night", "night=chief", "=admin", "a=admin,b", "a=admin;b=x"] {
            assert!(values(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_fits_into_a_line() {
        assert_eq!(line(" 王\n芳 \u{202e}x"), Some("王 芳 \u{fffd}x".to_owned()));
        assert_eq!(line(" \n"), None);
        assert_eq!(line(&"长".repeat(100)).unwrap().chars().count(), 64);
    }
}
