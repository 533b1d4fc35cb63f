//! Settings of the desk: where it listens, where its files lie, who is let in.

use clap::{Args, ValueEnum};
use pipeline::{
    setting::{ConfigError, Secret},
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

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Desk options")]
pub(crate) struct DeskArgs {
    /// Address of the page and its API; port 0 takes a free one and logs it
    #[arg(
        long,
        env = "DESK_LISTEN",
        default_value = "127.0.0.1:8088",
        value_name = "ADDR"
    )]
    listen: SocketAddr,
    /// Folder for the read model and the people who may sign in; only one process keeps it
    #[arg(long, env = "DESK_DATA", value_name = "FOLDER")]
    data: PathBuf,
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
    pub(crate) user_header: Option<axum::http::HeaderName>,
    pub(crate) tls: TlsFiles,
    pub(crate) walk_every: Duration,
    pub(crate) time_zone: String,
}

impl TryFrom<DeskArgs> for DeskConfig {
    type Error = ConfigError;

    fn try_from(args: DeskArgs) -> Result<Self, ConfigError> {
        let header = args.user_header.filter(|name| !name.trim().is_empty());
        let header = header.map(|name| name.trim().parse());
        let user_header = header.transpose().map_err(|error| {
            let remedy = words::text!("write the name of a header, such as X-Forwarded-User");
            ConfigError::new("DESK_USER_HEADER", error, remedy)
        })?;
        if user_header.is_some() && args.trusted_proxies.is_empty() {
            return Err(ConfigError::new(
                "DESK_USER_HEADER",
                words::text!("would be believed from anybody"),
                words::text!("name the proxy in DESK_TRUSTED_PROXIES"),
            ));
        }
        Ok(Self {
            asks_for_sign_in: args.sign_in == SignIn::Required || !args.listen.ip().is_loopback(),
            listen: args.listen,
            data: args.data,
            trusted_proxies: args.trusted_proxies,
            user_header,
            tls: TlsFiles::check("DESK_TLS", None, args.tls_cert_file, args.tls_key_file)?,
            walk_every: args.walk_every,
            time_zone: args.time_zone,
        })
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
