//! Settings of the listener for webhooks.

use super::secret::token_of;
use crate::{
    setting::{ConfigError, Secret, SecretArg},
    tls::TlsFiles,
};
use clap::Args;
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// A shorter token could be guessed.
const SHORTEST_TOKEN: usize = 16;

/// Flags of the listener.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Webhook options")]
pub struct WebhookArgs {
    /// Address at which the vendor's webhook arrives; port 0 takes a free one and logs it [default: none]
    #[arg(long, env = "HOOK_LISTEN", value_name = "ADDR")]
    pub hook_listen: Option<String>,
    /// Secret end of the webhook's path /hook/TOKEN: 16 or more letters, digits, - and _ (required with HOOK_LISTEN, here
    /// or as a file)
    #[arg(long, env = "HOOK_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub hook_token: Option<Secret>,
    /// File that holds HOOK_TOKEN
    #[arg(long, env = "HOOK_TOKEN_FILE", value_name = "FILE")]
    pub hook_token_file: Option<PathBuf>,
    /// Certificate chain (PEM) to speak TLS with; without one an ingress has to [default: plain HTTP]
    #[arg(long, env = "HOOK_CERT_FILE", value_name = "FILE")]
    pub hook_cert_file: Option<PathBuf>,
    /// Private key (PEM) of that certificate
    #[arg(long, env = "HOOK_KEY_FILE", value_name = "FILE")]
    pub hook_key_file: Option<PathBuf>,
    /// Webhook calls per second that each replica takes; more are answered 429
    #[arg(long, env = "HOOK_RATE", default_value = "50", value_name = "CALLS")]
    pub hook_rate: String,
}

/// Checked settings of a listener that is wanted.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// End of the path.
    pub token: Secret,
    /// Certificate and key; plain HTTP when empty.
    pub tls: TlsFiles,
    /// What it takes.
    pub limits: Limits,
}

/// What a listener takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls per second.
    pub rate: u32,
    /// Calls under way.
    pub calls: usize,
    /// Open connections.
    pub connections: usize,
    /// Largest body in bytes.
    pub body: usize,
    /// From a call's first byte to its answer.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate: 50,
            calls: 64,
            connections: 256,
            body: 64 * 1024,
            time: Duration::from_secs(10),
        }
    }
}

impl WebhookArgs {
    /// The listener, if one is wanted.
    ///
    /// # Errors
    /// Names the variable at fault.
    pub fn check(self) -> Result<Option<WebhookConfig>, ConfigError> {
        let wanted = self.hook_listen.as_deref().map(str::trim);
        let Some(listen) = wanted.filter(|listen| !listen.is_empty()) else {
            return Ok(None);
        };
        let listen = listen.parse().map_err(|error| {
            let remedy = words::text!("write an IP address and a port, for example 0.0.0.0:8081");
            ConfigError::new("HOOK_LISTEN", error, remedy)
        })?;
        let problem = words::text!("is not a whole number above zero");
        let remedy = words::text!("write calls per second, for example 50");
        let rate = self.hook_rate.trim().parse().ok().filter(|rate| *rate > 0);
        Ok(Some(WebhookConfig {
            listen,
            token: token(self.hook_token.as_ref(), self.hook_token_file.as_deref())?,
            tls: TlsFiles::check("HOOK", None, self.hook_cert_file, self.hook_key_file)?,
            limits: Limits {
                rate: rate.ok_or_else(|| ConfigError::new("HOOK_RATE", problem, remedy))?,
                ..Limits::default()
            },
        }))
    }
}

fn token(value: Option<&Secret>, file: Option<&std::path::Path>) -> Result<Secret, ConfigError> {
    let token = SecretArg::new("HOOK_TOKEN", value, file).required()?;
    let text = token.expose();
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let problem = match () {
        () if token_of(text).is_some() || !is_plain => {
            words::text!("holds other characters than letters, digits, - and _")
        }
        () if text.len() < SHORTEST_TOKEN => words::text!("is shorter than 16 characters"),
        () => return Ok(token),
    };
    Err(ConfigError::new(
        "HOOK_TOKEN",
        problem,
        words::tr!("write a random one, for example from `openssl rand -hex 24`"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(listen: &str, token: Option<&str>) -> WebhookArgs {
        WebhookArgs {
            hook_listen: Some(listen.to_owned()),
            hook_token: token.map(Secret::new),
            hook_rate: "50".to_owned(),
            ..WebhookArgs::default()
        }
    }

    #[test]
    fn there_is_no_listener_without_an_address() {
        assert!(args(" ", None).check().unwrap().is_none());
        assert!(WebhookArgs::default().check().unwrap().is_none());
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let good = "0123456789abcdef-_";
        assert!(args("127.0.0.1:0", Some(good)).check().unwrap().is_some());
        let rate = WebhookArgs {
            hook_rate: "0".to_owned(),
            ..args("127.0.0.1:0", Some(good))
        };
        for (wrong, named) in [
            (args("here", Some(good)), "HOOK_LISTEN"),
            (args("127.0.0.1:0", None), "HOOK_TOKEN"),
            (args("127.0.0.1:0", Some("short")), "HOOK_TOKEN"),
            (args("127.0.0.1:0", Some("0123456789abcdef/0")), "HOOK_TOKEN"),
            (rate, "HOOK_RATE"),
        ] {
            let error = wrong.check().unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
            assert!(!error.contains("0123456789"), "{error}");
        }
    }
}
