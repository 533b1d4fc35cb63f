//! Broker and Redis by host, user and password, each alone: the shape in which operators and secret stores keep them.

use std::path::PathBuf;

use crate::setting::{ConfigError, Secret, SecretArg, addresses};
use clap::Args;

/// RabbitMQ in parts.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Common options")]
pub struct AmqpPartsArgs {
    /// RabbitMQ without user and password, instead of AMQP_URL: host, host:5672/vhost or amqps://host:5671/vhost; several hosts,
    /// separated by commas, are tried in turn
    #[arg(long, env = "AMQP_HOST", value_name = "HOST")]
    pub amqp_host: Option<String>,
    /// User beside AMQP_HOST
    #[arg(long, env = "AMQP_USER", hide_env_values = true, value_name = "NAME")]
    pub amqp_user: Option<Secret>,
    /// File that holds AMQP_USER
    #[arg(long, env = "AMQP_USER_FILE", value_name = "FILE")]
    pub amqp_user_file: Option<PathBuf>,
    /// Password beside AMQP_HOST
    #[arg(long, env = "AMQP_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub amqp_password: Option<Secret>,
    /// File that holds AMQP_PASSWORD
    #[arg(long, env = "AMQP_PASSWORD_FILE", value_name = "FILE")]
    pub amqp_password_file: Option<PathBuf>,
}

/// Redis in parts.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Common options")]
pub struct RedisPartsArgs {
    /// Redis without user and password, instead of REDIS_URL: host, host:6379/0, rediss://host:6379/0,
    /// redis+sentinel://host1,host2/MASTER/0?sentinel_auth=same or redis+cluster://host1,host2
    #[arg(long, env = "REDIS_HOST", value_name = "HOST")]
    pub redis_host: Option<String>,
    /// User beside REDIS_HOST [default: the one that needs a password only]
    #[arg(long, env = "REDIS_USER", hide_env_values = true, value_name = "NAME")]
    pub redis_user: Option<Secret>,
    /// File that holds REDIS_USER
    #[arg(long, env = "REDIS_USER_FILE", value_name = "FILE")]
    pub redis_user_file: Option<PathBuf>,
    /// Password beside REDIS_HOST
    #[arg(long, env = "REDIS_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub redis_password: Option<Secret>,
    /// File that holds REDIS_PASSWORD
    #[arg(long, env = "REDIS_PASSWORD_FILE", value_name = "FILE")]
    pub redis_password_file: Option<PathBuf>,
}

/// What the parts of one server are called.
struct Names {
    url: &'static str,
    host: &'static str,
    user: &'static str,
    password: &'static str,
    scheme: &'static str,
}

impl AmqpPartsArgs {
    /// The URL as a whole: its own variable, or made of these parts.
    pub(super) fn url(&self, whole: SecretArg<'_>) -> Result<Secret, ConfigError> {
        let names = Names {
            url: "AMQP_URL",
            host: "AMQP_HOST",
            user: "AMQP_USER",
            password: "AMQP_PASSWORD",
            scheme: "amqp",
        };
        let user = SecretArg::new(
            names.user,
            self.amqp_user.as_ref(),
            self.amqp_user_file.as_deref(),
        );
        let password = SecretArg::new(
            names.password,
            self.amqp_password.as_ref(),
            self.amqp_password_file.as_deref(),
        );
        joined(&names, whole, self.amqp_host.as_deref(), user, password)
    }
}

impl RedisPartsArgs {
    /// The URL as a whole: its own variable, or made of these parts.
    pub(super) fn url(&self, whole: SecretArg<'_>) -> Result<Secret, ConfigError> {
        let names = Names {
            url: "REDIS_URL",
            host: "REDIS_HOST",
            user: "REDIS_USER",
            password: "REDIS_PASSWORD",
            scheme: "redis",
        };
        let user = SecretArg::new(
            names.user,
            self.redis_user.as_ref(),
            self.redis_user_file.as_deref(),
        );
        let password = SecretArg::new(
            names.password,
            self.redis_password.as_ref(),
            self.redis_password_file.as_deref(),
        );
        joined(&names, whole, self.redis_host.as_deref(), user, password)
    }
}

fn joined(
    names: &Names,
    whole: SecretArg<'_>,
    host: Option<&str>,
    user: SecretArg<'_>,
    password: SecretArg<'_>,
) -> Result<Secret, ConfigError> {
    let Some(host) = host.map(str::trim).filter(|host| !host.is_empty()) else {
        for (name, part) in [(names.user, user), (names.password, password)] {
            if part.is_given() {
                let problem = words::tr!("is set without {}", names.host);
                let remedy = words::tr!("set {} too, or {} alone", names.host, names.url);
                return Err(ConfigError::new(name, problem, remedy));
            }
        }
        return whole.required();
    };
    if whole.is_given() {
        let problem = words::tr!("stands beside {}", names.url);
        return Err(ConfigError::new(
            names.host,
            problem,
            words::tr!("keep one of them"),
        ));
    }
    let (user, password) = (user.optional()?, password.optional()?);
    if user.is_some() && password.is_none() {
        let problem = words::tr!("is not set, and {} is", names.user);
        let remedy = words::tr!("set {0}, or {0}_FILE to a file that holds it", names.password);
        return Err(ConfigError::new(names.password, problem, remedy));
    }
    Ok(Secret::from_parts(&address(names, host)?, user, password))
}

/// A host as people write it, or several, with a scheme or without one, as a URL.
fn address(names: &Names, host: &str) -> Result<String, ConfigError> {
    let remedy = words::tr!(
        "write host, host:port/…, host1,host2/… or {}s://host:port/…",
        names.scheme
    );
    let refuse = |problem: String| ConfigError::new(names.host, problem, &remedy);
    let text = match host.contains("://") {
        true => host.to_owned(),
        false => format!("{}://{host}", names.scheme),
    };
    let each = addresses(&text).map_err(|error| refuse(words::tr!("is not a URL ({error})")))?;
    let secret = |name: &str| name.ends_with("password");
    let has_credentials = |url: &url::Url| {
        !url.username().is_empty()
            || url.password().is_some()
            || url.query_pairs().any(|(name, _)| secret(&name))
    };
    match () {
        () if each.iter().any(|url| url.host_str().is_none_or(str::is_empty)) => {
            Err(refuse(words::tr!("names no host")))
        }
        () if each.iter().any(has_credentials) => Err(refuse(words::tr!("must not hold credentials"))),
        () if text.matches("://").count() > 1 => Err(refuse(words::tr!("names the scheme more than once"))),
        () => Ok(text),
    }
}
