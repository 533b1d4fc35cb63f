//! TLS with a private CA and client certificates, for broker, Redis and HTTP; and secrets that change in their files.
//!
//! A proxy that ends TLS stands before the plain broker and Redis and lets only clients with a certificate through.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use pipeline::{
    broker::Broker,
    config::CommonConfig,
    gate::Gate,
    http::{self, HttpConfig},
    setting::Secret,
    shutdown::Shutdown,
    stage::Stage,
    store::{RedisConfig, Store},
    tls::TlsFiles,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::support;
use kit::config::common;

/// A certificate authority of our own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Certificate and key for a name.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (
            params.signed_by(&key, &self.issuer).unwrap().pem(),
            key.serialize_pem(),
        )
    }
}

/// Ends TLS and passes on; clients need a certificate of the same authority.
async fn proxy(authority: &Authority, target: String) -> SocketAddr {
    pipeline::tls::install_crypto();
    let (cert, key) = authority.sign("localhost");
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap())
        .unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let server = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, target) = (acceptor.clone(), target.clone());
            tokio::spawn(async move {
                let mut inner = TcpStream::connect(target).await?;
                let mut outer = acceptor.accept(stream).await?;
                copy_bidirectional(&mut outer, &mut inner).await
            });
        }
    });
    addr
}

/// Files of a client.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn put(&self, name: &str, text: &str) -> Option<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        Some(path)
    }

    /// Trust in `server`, and a certificate by `client`.
    fn trust(&self, server: &Authority, client: &Authority) -> TlsFiles {
        let (cert, key) = client.sign("client");
        TlsFiles::check(
            "AMQP",
            self.put("ca", &server.pem),
            self.put("cert", &cert),
            self.put("key", &key),
        )
        .unwrap()
    }
}

fn address(url: &Secret, port: u16) -> String {
    let url = Url::parse(url.expose()).unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(port))
}

fn behind(url: &Secret, scheme: &str, proxy: SocketAddr) -> Secret {
    let plain = Url::parse(url.expose()).unwrap();
    let credentials = match (plain.username(), plain.password()) {
        ("", None) => String::new(),
        (user, password) => format!("{user}:{}@", password.unwrap_or_default()),
    };
    Secret::new(format!(
        "{scheme}://{credentials}localhost:{}{}",
        proxy.port(),
        plain.path()
    ))
}

fn broker(common: &CommonConfig, url: &Secret, tls: TlsFiles) -> Broker {
    let (name, shutdown) = ("tls".to_owned(), Shutdown::manual(Duration::from_secs(1)));
    let broker = Broker::new(
        url,
        name,
        common.namespace.clone(),
        common.retry.clone(),
        Gate::new(),
        shutdown,
    );
    broker.unwrap().with_tls(tls)
}

#[tokio::test]
async fn the_broker_is_reached_by_a_private_ca_and_a_client_certificate() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let common = common(&support::namespace().to_string());
    let proxy = proxy(&ours, address(&common.amqp.url, 5672)).await;
    let url = behind(&common.amqp.url, "amqps", proxy);
    let files = Files::new();
    broker(&common, &url, files.trust(&ours, &ours))
        .declare(Stage::Load)
        .await
        .expect("trusted by both sides");
    assert!(
        broker(&common, &url, TlsFiles::default())
            .declare(Stage::Load)
            .await
            .is_err(),
        "an unknown CA"
    );
    assert!(
        broker(&common, &url, Files::new().trust(&foreign, &ours))
            .declare(Stage::Load)
            .await
            .is_err()
    );
    let no_client = TlsFiles::check("AMQP", files.put("ca", &ours.pem), None, None).unwrap();
    assert!(
        broker(&common, &url, no_client)
            .declare(Stage::Load)
            .await
            .is_err(),
        "no client certificate"
    );
}

#[tokio::test]
async fn a_renewed_certificate_is_used_from_the_next_connection_on() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let common = common(&support::namespace().to_string());
    let proxy = proxy(&ours, address(&common.amqp.url, 5672)).await;
    let url = behind(&common.amqp.url, "amqps", proxy);
    let files = Files::new();
    let broker = broker(&common, &url, files.trust(&ours, &foreign));
    assert!(broker.declare(Stage::Load).await.is_err());
    files.trust(&ours, &ours);
    broker
        .declare(Stage::Load)
        .await
        .expect("the renewed certificate");
}

#[tokio::test]
async fn redis_is_reached_by_a_private_ca_and_a_client_certificate() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let plain = kit::config::redis();
    let proxy = proxy(&ours, address(&plain.url, 6379)).await;
    let store = |tls| {
        let url = behind(&plain.url, "rediss", proxy);
        Store::connect(&RedisConfig {
            url,
            namespace: support::namespace(),
            pool_size: 2,
            tls,
        })
        .unwrap()
    };
    let files = Files::new();
    store(files.trust(&ours, &ours))
        .ping()
        .await
        .expect("trusted by both sides");
    assert!(
        store(TlsFiles::default()).ping().await.unwrap_err().is_outage(),
        "a wrong certificate pauses the stage"
    );
    assert!(store(Files::new().trust(&ours, &foreign)).ping().await.is_err());
    let renewed = Files::new();
    let waiting = store(renewed.trust(&ours, &foreign));
    assert!(waiting.ping().await.is_err());
    renewed.trust(&ours, &ours);
    waiting.ping().await.expect("the renewed certificate");
}

#[tokio::test]
async fn http_trusts_a_private_ca_and_shows_its_certificate() {
    let ours = Authority::new();
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = plain.local_addr().unwrap();
    let router = axum::Router::new().route("/", axum::routing::get(async || "hello"));
    tokio::spawn(async move { axum::serve(plain, router).await });
    let proxy = proxy(&ours, target.to_string()).await;
    let get = |tls| {
        let client = http::Client::new(HttpConfig {
            connect_timeout: Duration::from_secs(5),
            tls,
        })
        .unwrap();
        let url = format!("https://localhost:{}/", proxy.port());
        async move { client.get(url).send().await }
    };
    let files = Files::new();
    let answer = get(files.trust(&ours, &ours))
        .await
        .expect("trusted by both sides");
    assert_eq!(answer.text().await.unwrap(), "hello");
    assert!(get(TlsFiles::default()).await.is_err());
    let no_client = TlsFiles::check("HTTP", files.put("ca", &ours.pem), None, None).unwrap();
    assert!(get(no_client).await.is_err());
}

#[tokio::test]
async fn http_reads_its_certificates_again_when_their_files_change() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = plain.local_addr().unwrap();
    let router = axum::Router::new().route("/", axum::routing::get(async || "hello"));
    tokio::spawn(async move { axum::serve(plain, router).await });
    let proxy = proxy(&ours, target.to_string()).await;
    let files = Files::new();
    let client = http::Client::new(HttpConfig {
        connect_timeout: Duration::from_secs(5),
        tls: files.trust(&foreign, &foreign),
    })
    .unwrap();
    let get = async || {
        client
            .get(format!("https://localhost:{}/", proxy.port()))
            .send()
            .await
    };
    assert!(get().await.is_err(), "a foreign CA and a foreign client");
    // Half a renewal changes nothing for the worse, and the other half is taken up.
    files.put("ca", "half a certif");
    assert!(get().await.is_err());
    files.trust(&ours, &ours);
    let answer = get().await.expect("the renewed certificates");
    assert_eq!(answer.text().await.unwrap(), "hello");
    files.put("ca", "half a certif");
    get().await.expect("the certificates that were good before");
}

#[tokio::test]
async fn a_password_that_changes_in_its_file_is_picked_up() {
    let common = common(&support::namespace().to_string());
    let right = common.amqp.url.expose().to_owned();
    let files = Files::new();
    let path = files
        .put("url", &right.replace("guest:guest", "guest:old"))
        .unwrap();
    let url = Secret::from_file(fs::read_to_string(&path).unwrap(), &path);
    let broker = broker(&common, &url, TlsFiles::default());
    assert!(broker.declare(Stage::Load).await.is_err(), "the old password");
    files.put("url", &format!("{right}\n"));
    broker.declare(Stage::Load).await.expect("the new password");
}
