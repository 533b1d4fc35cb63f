//! TLS of its own: nobody is answered without it, and a renewed certificate is used without a restart.

use super::{LIMIT, Scene};
use kit::{pipeline::PipelineUnderTest, wait::eventually};
use std::path::Path;

/// Writes a certificate of nobody but itself with its key, and says it.
fn certificate(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
    made.cert.pem()
}

fn client(trusted: &str) -> reqwest::Client {
    kit::http::client();
    let root = reqwest::Certificate::from_pem(trusted.as_bytes()).unwrap();
    let builder = reqwest::Client::builder().tls_certs_only([root]);
    // Each call begins with a handshake.
    builder.pool_max_idle_per_host(0).build().unwrap()
}

#[tokio::test]
async fn a_desk_with_a_certificate_speaks_tls_and_takes_the_next_one() {
    let pipeline = PipelineUnderTest::for_test().customers(1).seed(495).start().await;
    let files = tempfile::tempdir().unwrap();
    let first = certificate(files.path());
    let path = |name: &str| files.path().join(name).display().to_string();
    let (cert, key) = (path("tls.crt"), path("tls.key"));
    let more = ["--tls-cert-file", &cert, "--tls-key-file", &key];
    let scene = Scene::beside(pipeline, &more).await;
    let me = scene.url("/api/v1/me");
    let answer = client(&first).get(&me).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let plain = me.replacen("https", "http", 1);
    assert!(
        kit::http::client().get(&plain).send().await.is_err(),
        "nobody is answered without TLS"
    );
    // Somebody who says nothing keeps nobody waiting.
    let address = me.trim_start_matches("https://").split('/').next().unwrap();
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let second = certificate(files.path());
    eventually(LIMIT, "the next certificate is used", async || {
        let asked = client(&second).get(&me).send().await;
        asked.map(drop).map_err(|error| error.to_string())
    })
    .await;
    assert!(client(&first).get(&me).send().await.is_err());
}
