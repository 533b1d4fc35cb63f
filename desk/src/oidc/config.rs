//! Settings of signing in at an OpenID provider.

use super::claims::{Path, Roles};
use crate::auth::Role;
use clap::Args;
use pipeline::setting::{ConfigError, Secret, SecretArg};
use std::path::PathBuf;
use url::{Host, Url};

/// Flags of signing in at a provider.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Signing in at an OpenID provider")]
pub(crate) struct OidcArgs {
    /// Address of the provider, as it stands before /.well-known/openid-configuration [default: nobody signs in elsewhere]
    #[arg(long, env = "DESK_OIDC_ISSUER", value_name = "URL")]
    oidc_issuer: Option<String>,
    /// What the desk is called there
    #[arg(long, env = "DESK_OIDC_CLIENT_ID", value_name = "ID")]
    oidc_client_id: Option<String>,
    /// The desk's secret there [default: a public client, which has PKCE only]
    #[arg(
        long,
        env = "DESK_OIDC_CLIENT_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    oidc_client_secret: Option<Secret>,
    /// File that holds DESK_OIDC_CLIENT_SECRET
    #[arg(long, env = "DESK_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    oidc_client_secret_file: Option<PathBuf>,
    /// What the provider is asked for beside openid, separated by blanks
    #[arg(
        long,
        env = "DESK_OIDC_SCOPES",
        default_value = "profile email",
        value_name = "SCOPES"
    )]
    oidc_scopes: String,
    /// Claim that gives the role: its name, or a path such as realm_access.roles
    #[arg(
        long,
        env = "DESK_OIDC_ROLE_CLAIM",
        default_value = "groups",
        value_name = "CLAIM"
    )]
    oidc_role_claim: String,
    /// Which values of it are which role, such as okki-admins=admin,okki-night=operator; separated by semicolons where a value
    /// has commas
    #[arg(long, env = "DESK_OIDC_ROLES", value_name = "VALUE=ROLE,…")]
    oidc_roles: Option<String>,
    /// Role of those whom no value gives one [default: they are not let in]
    #[arg(long, env = "DESK_OIDC_DEFAULT_ROLE", value_enum, value_name = "ROLE")]
    oidc_default_role: Option<Role>,
    /// Claim that names people in the audit log
    #[arg(
        long,
        env = "DESK_OIDC_NAME_CLAIM",
        default_value = "preferred_username",
        value_name = "CLAIM"
    )]
    oidc_name_claim: String,
    /// Address by which browsers reach the desk, if it is not the one that they call it by, such as https://HOST
    #[arg(long, env = "DESK_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

/// The same, checked.
#[derive(Debug, Clone)]
pub(crate) struct OidcConfig {
    /// The provider.
    pub(crate) issuer: Url,
    /// The same as it was written, for it has to be equal to what the provider says.
    pub(crate) issuer_text: String,
    /// What the desk is called there.
    pub(crate) client_id: String,
    /// The desk's secret there.
    pub(crate) client_secret: Option<Secret>,
    /// What is asked for beside `openid`.
    pub(crate) scopes: Vec<String>,
    /// Where the role is.
    pub(crate) roles: Roles,
    /// Where the name is.
    pub(crate) name: Path,
    /// By which address browsers reach the desk.
    pub(crate) public_url: Option<Url>,
}

impl OidcConfig {
    /// Who says what people may do here; it changes with the provider and with each rule of roles.
    pub(crate) fn who_says(&self) -> String {
        format!("{} {} {:?}", self.issuer_text, self.client_id, self.roles)
    }

    /// `None`: nobody signs in elsewhere.
    ///
    /// # Errors
    /// Names the variable at fault.
    pub(crate) fn check(args: OidcArgs) -> Result<Option<Self>, ConfigError> {
        let given = |text: Option<String>| {
            text.map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let secret = SecretArg::new(
            "DESK_OIDC_CLIENT_SECRET",
            args.oidc_client_secret.as_ref(),
            args.oidc_client_secret_file.as_deref(),
        );
        let (issuer, client_id, roles) = (
            given(args.oidc_issuer),
            given(args.oidc_client_id),
            given(args.oidc_roles),
        );
        let public_url = given(args.public_url).map(|text| address("DESK_PUBLIC_URL", &text));
        let public_url = public_url.transpose()?;
        let Some(issuer_text) = issuer else {
            let others = [
                ("DESK_OIDC_CLIENT_ID", client_id.is_some()),
                ("DESK_OIDC_CLIENT_SECRET", secret.is_given()),
                ("DESK_OIDC_ROLES", roles.is_some()),
            ];
            return match others.into_iter().find(|(_, is_given)| *is_given) {
                Some((name, _)) => Err(ConfigError::new(
                    name,
                    words::text!("serves nobody without DESK_OIDC_ISSUER"),
                    words::text!("set DESK_OIDC_ISSUER, or leave it away"),
                )),
                None => Ok(None),
            };
        };
        let default = args.oidc_default_role;
        named("DESK_OIDC_ROLE_CLAIM", &args.oidc_role_claim)?;
        named("DESK_OIDC_NAME_CLAIM", &args.oidc_name_claim)?;
        let roles = Roles::read(&args.oidc_role_claim, roles.as_deref(), default)
            .map_err(|problem| ConfigError::new("DESK_OIDC_ROLES", problem, roles_remedy()))?;
        let missing = || {
            let remedy = words::text!("set what the provider calls the desk");
            ConfigError::new("DESK_OIDC_CLIENT_ID", words::text!("is missing"), remedy)
        };
        Ok(Some(Self {
            issuer: address("DESK_OIDC_ISSUER", &issuer_text)?,
            issuer_text,
            client_id: client_id.ok_or_else(missing)?,
            client_secret: secret.optional()?,
            scopes: args
                .oidc_scopes
                .split([' ', ','])
                .map(str::trim)
                .filter(|scope| !scope.is_empty() && *scope != "openid")
                .map(str::to_owned)
                .collect(),
            roles,
            name: Path::new(&args.oidc_name_claim),
            public_url,
        }))
    }

    /// The provider's name, for people.
    pub(crate) fn host(&self) -> String {
        self.issuer.host_str().unwrap_or("OpenID").to_owned()
    }
}

/// A claim has a name, and so has each step of a path.
fn named(variable: &str, claim: &str) -> Result<(), ConfigError> {
    match claim.split('.').any(|part| part.trim().is_empty()) {
        true => {
            let remedy = words::text!("write its name, or a path such as realm_access.roles");
            Err(ConfigError::new(variable, words::text!("names no claim"), remedy))
        }
        false => Ok(()),
    }
}

fn roles_remedy() -> &'static str {
    words::text!(
        "write which values of DESK_OIDC_ROLE_CLAIM are viewer, operator or admin: okki-admins=admin,okki-night=operator"
    )
}

/// An address over TLS, or on this very machine.
fn address(name: &str, text: &str) -> Result<Url, ConfigError> {
    let wrong = |problem: &str| {
        let remedy = words::text!("write an address such as https://id.example.com");
        ConfigError::new(name, problem, remedy)
    };
    let url = Url::parse(text).map_err(|_| wrong(words::text!("is no address")))?;
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(wrong(words::text!("has more than a host and a path")));
    }
    match is_safe(&url) {
        true => Ok(url),
        false => Err(wrong(words::text!(
            "is no https:// address, and not on this machine either"
        ))),
    }
}

/// Whether secrets may travel there.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        oidc: OidcArgs,
    }

    fn check(flags: &[&str]) -> Result<Option<OidcConfig>, String> {
        let args = Only::parse_from(std::iter::once("desk").chain(flags.iter().copied()));
        OidcConfig::check(args.oidc).map_err(|error| error.to_string())
    }

    #[test]
    fn a_provider_is_named_in_full_or_not_at_all() {
        assert!(check(&[]).unwrap().is_none());
        let full = [
            "--oidc-issuer=https://id.example.com/realms/a",
            "--oidc-client-id=desk",
            "--oidc-roles=ops=operator",
        ];
        let config = check(&full).unwrap().unwrap();
        assert_eq!(
            (config.host().as_str(), config.scopes.len()),
            ("id.example.com", 2)
        );
        for (left_out, named) in [
            (0, "DESK_OIDC_CLIENT_ID"),
            (1, "DESK_OIDC_CLIENT_ID"),
            (2, "DESK_OIDC_ROLES"),
        ] {
            let mut some = full.to_vec();
            some.remove(left_out);
            let error = check(&some).unwrap_err();
            assert!(error.starts_with(named), "{left_out}: {error}");
        }
        let everybody = [full[0], full[1], "--oidc-default-role=viewer"];
        assert!(check(&everybody).unwrap().is_some());
    }

    #[test]
    fn claims_and_addresses_that_cannot_be_are_refused() {
        let full = [
            "--oidc-issuer=https://id.example.com",
            "--oidc-client-id=d",
            "--oidc-default-role=viewer",
        ];
        let with = |flag: &str| check(&[&full[..], &[flag]].concat());
        assert!(with("--oidc-role-claim=realm_access.roles").is_ok());
        for wrong in [
            "--oidc-role-claim= ",
            "--oidc-role-claim=a..b",
            "--oidc-name-claim=.a",
        ] {
            let told = with(wrong).unwrap_err();
            assert!(told.contains("names no claim"), "{told}");
        }
        assert!(
            check(&["--public-url=fnord"]).is_err(),
            "also where nobody signs in elsewhere"
        );
    }

    #[test]
    fn secrets_travel_over_tls_or_stay_on_this_machine() {
        for (issuer, is_fine) in [
            ("https://id.example.com", true),
            ("http://127.0.0.1:8000", true),
            ("http://[::1]:8000", true),
            ("http://localhost:8000", true),
            ("http://id.example.com", false),
            ("http://localhost.example.com", false),
            ("https://user:secret@id.example.com", false),
            ("https://id.example.com?x=y", false),
            ("ftp://127.0.0.1", false),
            ("id.example.com", false),
        ] {
            let issuer = format!("--oidc-issuer={issuer}");
            let checked = check(&[&issuer, "--oidc-client-id=d", "--oidc-default-role=viewer"]);
            assert_eq!(checked.is_ok(), is_fine, "{issuer}");
        }
    }
}
