//! Where Redis is, as the address says: one server, the one that sentinels call the master, or the node of a cluster that
//! has our keys.

use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    RedisResult, TlsCertificates, TlsMode,
};
use url::Url;

use crate::setting::addresses;

const SENTINEL_PORT: u16 = 26379;
const PORT: u16 = 6379;

/// A checked address.
pub(crate) enum Place {
    /// It is what it names, or behind it.
    One(Client),
    /// Sentinels know it.
    Sentinel(Box<Sentinels>),
    /// One of the nodes that these ones know.
    Cluster(Vec<Client>),
}

/// Sentinels, and what they are asked for.
pub(crate) struct Sentinels {
    hosts: Vec<(String, u16)>,
    master: String,
    of_server: RedisConnectionInfo,
    of_sentinels: RedisConnectionInfo,
    tls: Option<Option<TlsCertificates>>,
}

/// Why an address is none; never holds a part of it.
#[derive(Debug)]
pub(crate) struct Wrong(pub(crate) String);

impl From<RedisError> for Wrong {
    /// The category is the client's own fixed text.
    fn from(error: RedisError) -> Self {
        Self(words::tr!("cannot be used ({})", error.category()))
    }
}

impl Place {
    /// Reads an address; these are the certificates for TLS.
    pub(crate) fn parse(text: &str, certificates: Option<TlsCertificates>) -> Result<Self, Wrong> {
        let urls = addresses(text).map_err(|error| Wrong(words::tr!("is not a URL ({error})")))?;
        let Some(first) = urls.first() else {
            return Err(Wrong(words::tr!("names no host")));
        };
        match first.scheme() {
            "redis" | "rediss" | "unix" | "redis+unix" | "valkey" | "valkeys" if urls.len() > 1 => {
                Err(Wrong(words::tr!(
                    "several hosts are for redis+sentinel:// and redis+cluster://"
                )))
            }
            "redis" | "rediss" | "unix" | "redis+unix" | "valkey" | "valkeys" => {
                Ok(Self::One(client(first.clone(), certificates)?))
            }
            "redis+sentinel" | "rediss+sentinel" => {
                Ok(Self::Sentinel(Box::new(Sentinels::parse(&urls, certificates)?)))
            }
            "redis+cluster" | "rediss+cluster" if !matches!(first.path(), "" | "/" | "/0") => {
                Err(Wrong(words::tr!("a cluster has database 0 only")))
            }
            "redis+cluster" | "rediss+cluster" => {
                let node = |url: &Url| Ok(client(plain(url, "", PORT)?, certificates.clone())?);
                let nodes: Result<_, Wrong> = urls.iter().map(node).collect();
                Ok(Self::Cluster(nodes?))
            }
            _ => Err(Wrong(words::tr!(
                "must begin with redis://, rediss://, redis+sentinel:// or redis+cluster://"
            ))),
        }
    }

    /// Whether the server behind the address may be another one tomorrow, and has to be looked for.
    pub(super) fn is_looked_for(&self) -> bool {
        !matches!(self, Self::One(_))
    }
}

impl Sentinels {
    fn parse(urls: &[Url], certificates: Option<TlsCertificates>) -> Result<Self, Wrong> {
        let [first, ..] = urls else {
            return Err(Wrong(words::tr!("names no host")));
        };
        let mut path = first.path().trim_matches('/').split('/');
        let master = path.next().unwrap_or_default().to_owned();
        if master.is_empty() {
            return Err(Wrong(words::tr!("names no master")));
        }
        let database = path.next().unwrap_or("0");
        if path.next().is_some() {
            return Err(Wrong(words::tr!("has more behind the master than a database")));
        }
        let of_server = plain(first, database, SENTINEL_PORT)?.into_connection_info()?;
        let of_server = of_server.redis_settings().clone();
        let mut of_sentinels = RedisConnectionInfo::default();
        for (name, value) in first.query_pairs() {
            of_sentinels = match &*name {
                "sentinel_user" => of_sentinels.set_username(value),
                "sentinel_password" => of_sentinels.set_password(value),
                "sentinel_auth" if value == "same" => of_server.clone().set_db(0),
                _ => {
                    let known = "sentinel_user, sentinel_password, sentinel_auth=same";
                    return Err(Wrong(words::tr!("asks for something else than {known}")));
                }
            };
        }
        let host = |url: &Url| (bare_host(url), url.port().unwrap_or(SENTINEL_PORT));
        Ok(Self {
            hosts: urls.iter().map(host).collect(),
            master,
            of_server,
            of_sentinels,
            tls: first.scheme().starts_with("rediss").then_some(certificates),
        })
    }

    /// What asks the sentinels, beginning with the one at this place.
    pub(super) fn client(&self, first: usize) -> RedisResult<SentinelClient> {
        let mut hosts = self.hosts.clone();
        let count = hosts.len().max(1);
        hosts.rotate_left(first % count);
        let addresses = hosts.into_iter().map(|(host, port)| match self.tls {
            None => ConnectionAddr::Tcp(host, port),
            Some(_) => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            },
        });
        let mut builder = SentinelClientBuilder::new(addresses, &self.master, SentinelServerType::Master)?
            .set_client_to_redis_db(self.of_server.db());
        if let Some(user) = self.of_server.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = self.of_server.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        if let Some(user) = self.of_sentinels.username() {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = self.of_sentinels.password() {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if let Some(certificates) = &self.tls {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_tls_mode(TlsMode::Secure);
            if let Some(certificates) = certificates {
                builder = builder
                    .set_client_to_redis_certificates(certificates.clone())
                    .set_client_to_sentinel_certificates(certificates.clone());
            }
        }
        builder.build()
    }
}

/// The same server's client at another node: `host:port`, without a host when it is the host that says so.
pub(super) fn at_node(client: &Client, node: &str) -> RedisResult<Client> {
    let unreadable = || RedisError::from((ErrorKind::Client, "a node without an address"));
    let (host, port) = node.rsplit_once(':').ok_or_else(unreadable)?;
    let port: u16 = port.parse().map_err(|_| unreadable())?;
    let info: &ConnectionInfo = client.get_connection_info();
    let named = |own: &str| match host.trim_matches(['[', ']']) {
        "" | "?" => own.to_owned(),
        host => host.to_owned(),
    };
    let address = match info.addr() {
        ConnectionAddr::Tcp(own, _) => ConnectionAddr::Tcp(named(own), port),
        ConnectionAddr::TcpTls {
            host: own,
            insecure,
            tls_params,
            ..
        } => ConnectionAddr::TcpTls {
            host: named(own),
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        other => return Err((ErrorKind::Client, "a cluster has no sockets", other.to_string()).into()),
    };
    Client::open(info.clone().set_addr(address))
}

fn client(url: Url, certificates: Option<TlsCertificates>) -> RedisResult<Client> {
    match certificates {
        Some(certificates) => Client::build_with_tls(url, certificates),
        None => Client::open(url),
    }
}

/// `redis://user:password@host:port/database` of an address with another scheme.
fn plain(url: &Url, database: &str, port: u16) -> Result<Url, Wrong> {
    let scheme = match url.scheme().starts_with("rediss") {
        true => "rediss",
        false => "redis",
    };
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| Wrong(words::tr!("names no host")))?;
    let credentials = match (url.username(), url.password()) {
        ("", None) => String::new(),
        (user, None) => format!("{user}@"),
        (user, Some(password)) => format!("{user}:{password}@"),
    };
    let port = url.port().unwrap_or(port);
    Url::parse(&format!("{scheme}://{credentials}{host}:{port}/{database}"))
        .map_err(|error| Wrong(words::tr!("is not a URL ({error})")))
}

fn bare_host(url: &Url) -> String {
    url.host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentinels(text: &str) -> Sentinels {
        match Place::parse(text, None) {
            Ok(Place::Sentinel(sentinels)) => *sentinels,
            _ => panic!("{text} is no address of sentinels"),
        }
    }

    #[test]
    fn sentinels_are_named_with_their_master() {
        let found = sentinels("redis+sentinel://u:p%40w@a:1,b,[::1]/main/3?sentinel_password=s%26t");
        let host = |name: &str, port| (name.to_owned(), port);
        assert_eq!(found.hosts, [host("a", 1), host("b", 26379), host("::1", 26379)]);
        assert_eq!((found.master.as_str(), found.of_server.db()), ("main", 3));
        assert_eq!(found.of_server.username(), Some("u"));
        assert_eq!(found.of_server.password(), Some("p@w"));
        assert_eq!(found.of_sentinels.username(), None);
        assert_eq!(found.of_sentinels.password(), Some("s&t"));
        assert!(found.tls.is_none() && found.client(2).is_ok());
        let same = sentinels("rediss+sentinel://:pw@a/main?sentinel_auth=same");
        assert_eq!(
            (same.of_sentinels.password(), same.of_sentinels.db()),
            (Some("pw"), 0)
        );
        assert!(same.tls.is_some());
    }

    #[test]
    fn a_node_is_reached_as_the_one_that_names_it() {
        let Ok(Place::Cluster(nodes)) = Place::parse("redis+cluster://:pw@a:1,b", None) else {
            panic!("no cluster")
        };
        let address = |client: &Client| client.get_connection_info().addr().to_string();
        assert_eq!(
            (address(&nodes[0]), address(&nodes[1])),
            ("a:1".into(), "b:6379".into())
        );
        for (node, found) in [("10.0.0.7:7", "10.0.0.7:7"), (":8", "b:8"), ("?:9", "b:9")] {
            let client = at_node(&nodes[1], node).unwrap();
            assert_eq!(address(&client), found);
            assert_eq!(
                client.get_connection_info().redis_settings().password(),
                Some("pw")
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("redis://a,b/0", "several hosts"),
            ("redis+sentinel://a,b", "names no master"),
            ("redis+sentinel://a/main/x", "cannot be used"),
            ("redis+sentinel://a/main/0/1", "more behind"),
            ("redis+sentinel://a/main?timeout=1", "something else"),
            ("redis+cluster://a/1", "database 0"),
            ("redis+cluster:///0", "names no host"),
            ("http://a", "must begin with"),
            ("a", "is not a URL"),
        ] {
            let wrong = Place::parse(text, None).err().unwrap();
            assert!(wrong.0.contains(said), "{text}: {}", wrong.0);
        }
    }
}
