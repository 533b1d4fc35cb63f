//! Settings of the desk: where it listens, where its files lie, who is let in.

use axum::http::HeaderName;
use clap::{Args, ValueEnum};
use pipeline::{
    setting::{ConfigError, Secret, parse_listen},
    settings,
    tls::TlsFiles,
};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

/// The zone of the people who use it, unless they say another one.
const ZONE: &str = "Asia/Shanghai";

/// Headers that name nobody, whoever sends them.
const MEANS_ELSE: [&str; 14] = [
    "accept",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "forwarded",
    "host",
    "origin",
    "referer",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-real-ip",
];

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Desk options")]
pub(crate) struct DeskArgs {
    /// Address of the page and its API; port 0 takes a free one and logs it
    #[arg(
        long,
        env = "DESK_LISTEN",
        default_value = "127.0.0.1:8088",
        value_name = "ADDR",
        value_parser = parse_listen
    )]
    listen: SocketAddr,
    /// Folder for the read model and the people who may sign in; only one process keeps it (required)
    #[arg(long, env = "DESK_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Whether people have to sign in: auto asks unless the address is a loopback one
    #[arg(long, env = "DESK_SIGN_IN", value_enum, default_value = "auto")]
    sign_in: SignIn,
    /// Addresses of proxies in front of it, such as 10.0.0.7 or 10.0.0.0/8; only what they say about others is believed
    #[arg(
        long,
        env = "DESK_TRUSTED_PROXIES",
        value_name = "NETS",
        value_delimiter = ','
    )]
    trusted_proxies: Vec<Net>,
    /// Header in which those proxies name the person whom they have signed in, such as X-Forwarded-User [default: none]
    #[arg(long, env = "DESK_USER_HEADER", value_name = "HEADER")]
    user_header: Option<String>,
    /// Certificate chain (PEM) to speak TLS with, read again when it changes [default: plain HTTP]
    #[arg(long, alias = "tls-cert", env = "DESK_TLS_CERT_FILE", value_name = "FILE")]
    tls_cert_file: Option<PathBuf>,
    /// Private key (PEM) of that certificate
    #[arg(long, alias = "tls-key", env = "DESK_TLS_KEY_FILE", value_name = "FILE")]
    tls_key_file: Option<PathBuf>,
    /// How often new dead letters are looked at in their queue, so that their text can be searched; nobody else can browse
    /// them meanwhile
    #[arg(long, env = "DESK_WALK_EVERY", default_value = "15m", value_name = "DURATION", value_parser = pipeline::setting::parse_duration)]
    walk_every: Duration,
    /// Time zone of the page
    #[arg(long, env = "DESK_TIME_ZONE", default_value = ZONE, value_name = "ZONE")]
    time_zone: String,
}

/// Vendors' keys on their way to the programs that need them, and where the desk keeps the rest.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Keys, handed over sealed and not kept")]
pub(crate) struct SetupKeys {
    /// Folder of the desk's files, as for `run`
    #[arg(long, env = "DESK_DATA", value_name = "FOLDER")]
    pub(crate) data: PathBuf,
    /// OKKI: client id from 企业管理 → 外部对接 → API对接
    #[arg(long, env = "OKKI_CLIENT_ID", value_name = "ID")]
    pub(crate) okki_client_id: Option<String>,
    /// OKKI: client secret from the same place
    #[arg(
        long,
        env = "OKKI_CLIENT_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub(crate) okki_client_secret: Option<Secret>,
    /// File that holds OKKI_CLIENT_SECRET
    #[arg(long, env = "OKKI_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub(crate) okki_client_secret_file: Option<PathBuf>,
    /// OKKI: address of the interface, if it is not the usual one
    #[arg(long, env = "OKKI_BASE_URL", value_name = "URL")]
    pub(crate) okki_base_url: Option<String>,
    /// Jiandaoyun: API key
    #[arg(long, env = "JDY_API_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) jdy_api_key: Option<Secret>,
    /// File that holds JDY_API_KEY
    #[arg(long, env = "JDY_API_KEY_FILE", value_name = "FILE")]
    pub(crate) jdy_api_key_file: Option<PathBuf>,
    /// Jiandaoyun: address of the interface, if it is not the usual one
    #[arg(long, env = "JDY_BASE_URL", value_name = "URL")]
    pub(crate) jdy_base_url: Option<String>,
}

/// Where people are kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct FolderArgs {
    /// Folder of the desk's files, as for `run`
    #[arg(long, env = "DESK_DATA", value_name = "FOLDER")]
    pub(crate) data: PathBuf,
    /// Namespace of the pipeline, as for `run`
    #[arg(long, env = "NAMESPACE", default_value = "okki", value_name = "NAME")]
    pub(crate) namespace: String,
}

/// Whether people have to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SignIn {
    /// Unless it listens on loopback only
    Auto,
    /// Always
    Required,
}

/// The same, checked.
#[derive(Debug, Clone)]
pub(crate) struct DeskConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) asks_for_sign_in: bool,
    pub(crate) trusted_proxies: Vec<Net>,
    pub(crate) user_header: Option<HeaderName>,
    pub(crate) tls: TlsFiles,
    pub(crate) walk_every: Duration,
    pub(crate) time_zone: String,
}

impl TryFrom<DeskArgs> for DeskConfig {
    type Error = ConfigError;

    fn try_from(args: DeskArgs) -> Result<Self, ConfigError> {
        let data = args.data.filter(|path| !path.to_string_lossy().trim().is_empty());
        settings! {
            data = data.ok_or_else(no_data);
            user_header = user_header(args.user_header, &args.trusted_proxies);
            tls = TlsFiles::check("DESK_TLS", None, args.tls_cert_file, args.tls_key_file);
        }
        Ok(Self {
            asks_for_sign_in: args.sign_in == SignIn::Required || !args.listen.ip().is_loopback(),
            listen: args.listen,
            data,
            trusted_proxies: args.trusted_proxies,
            user_header,
            tls,
            walk_every: args.walk_every,
            time_zone: args.time_zone,
        })
    }
}

fn no_data() -> ConfigError {
    let remedy = words::text!("name a folder of its own, for example /var/lib/okki-desk");
    ConfigError::new("DESK_DATA", words::text!("is required but not set"), remedy)
}

/// The header in which proxies name people, which others must not be able to set.
fn user_header(name: Option<String>, proxies: &[Net]) -> Result<Option<HeaderName>, ConfigError> {
    let refused = |problem: &str, remedy: &str| Err(ConfigError::new("DESK_USER_HEADER", problem, remedy));
    let remedy = words::text!("write the name of a header, such as X-Forwarded-User");
    let Some(name) = name.filter(|name| !name.trim().is_empty()) else {
        return Ok(None);
    };
    let name: HeaderName = match name.trim().parse() {
        Ok(name) => name,
        Err(error) => return Err(ConfigError::new("DESK_USER_HEADER", error, remedy)),
    };
    if MEANS_ELSE.contains(&name.as_str()) {
        let problem = words::tr!("`{name}` says something else than who somebody is");
        return refused(&problem, remedy);
    }
    if proxies.is_empty() {
        return refused(
            words::text!("would be believed from anybody"),
            words::text!("name the proxy in DESK_TRUSTED_PROXIES"),
        );
    }
    Ok(Some(name))
}

impl DeskConfig {
    /// Whoever reaches the desk may say who they are.
    pub(crate) fn believes_anybody(&self) -> bool {
        self.user_header.is_some() && self.trusted_proxies.iter().any(|net| net.bits == 0)
    }
}

/// An address, or all that begin as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Net {
    address: IpAddr,
    bits: u8,
}

impl FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text.trim(), None),
        };
        let wrong = || words::tr!("`{text}` is no address; write 10.0.0.7 or 10.0.0.0/8");
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(wrong)?,
            None => most,
        };
        Ok(Self { address, bits })
    }
}

impl Net {
    /// Whether the address lies within.
    pub(crate) fn holds(self, address: IpAddr) -> bool {
        let shifted = |bits: u128, width: u32| bits.checked_shr(width - u32::from(self.bits)).unwrap_or(0);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let of = |address: std::net::Ipv4Addr| shifted(u128::from(address.to_bits()), 32);
                of(net) == of(address)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                shifted(net.to_bits(), 128) == shifted(address.to_bits(), 128)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_names_people_is_none_that_says_something_else() {
        let proxies = ["10.0.0.7".parse().unwrap()];
        let of = |name: &str| user_header(Some(name.to_owned()), &proxies);
        assert_eq!(of(" X-Forwarded-User ").unwrap().unwrap(), "x-forwarded-user");
        assert_eq!(of(" ").unwrap(), None);
        for wrong in ["Cookie", "authorization", "Host", "a b"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert!(user_header(Some("Remote-User".into()), &[]).is_err());
    }

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        desk: DeskArgs,
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once_also_a_folder_that_is_not_set() {
        use clap::Parser;
        let flags = [
            "desk",
            "--data",
            " ",
            "--user-header",
            "Cookie",
            "--tls-cert-file",
            "x",
        ];
        let config = DeskConfig::try_from(Flags::try_parse_from(flags).unwrap().desk);
        let told = config.map(drop).unwrap_err().to_string();
        for name in ["DESK_DATA", "DESK_USER_HEADER", "DESK_TLS"] {
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn nets_hold_what_begins_as_they_do() {
        for (net, address, holds) in [
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "1.2.3.4", false),
        ] {
            let net: Net = net.parse().unwrap();
            assert_eq!(net.holds(address.parse().unwrap()), holds, "{net:?} {address}");
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "x", "fd00::/129"] {
            assert!(wrong.parse::<Net>().is_err(), "{wrong}");
        }
    }
}
