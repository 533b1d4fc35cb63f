//! What callers of the listener for webhooks get: the vendor, strangers, and floods.

use kit::wait::{eventually, expect};
use pipeline::{
    admin::StatusBoard,
    setting::Secret,
    shutdown::Shutdown,
    tls::TlsFiles,
    webhook::{Limits, Listener, Push, Receiver, Verdict, WebhookConfig, path},
};
use reqwest::Response;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Semaphore, task::JoinHandle};

const WAIT: Duration = Duration::from_secs(60);
const TOKEN: &str = "token-of-the-tests";

/// Keeps what it gets, and answers as it is told.
struct Desk {
    pushes: Mutex<Vec<Push>>,
    verdict: Verdict,
    /// Calls may be answered.
    answers: Semaphore,
    waiting: AtomicBool,
}

impl Desk {
    async fn has_one(&self) {
        eventually(WAIT, "a call under way", async || {
            expect(self.waiting.load(Ordering::SeqCst), || "none".into())
        })
        .await;
    }
}

impl Receiver for Desk {
    async fn receive(&self, push: Push) -> Verdict {
        self.pushes.lock().unwrap().push(push);
        self.waiting.store(true, Ordering::SeqCst);
        self.answers.acquire().await.unwrap().forget();
        self.verdict
    }
}

struct Open {
    url: String,
    desk: Arc<Desk>,
    status: StatusBoard,
    shutdown: Shutdown,
    served: JoinHandle<()>,
    client: reqwest::Client,
}

impl Open {
    async fn new(limits: Limits, verdict: Verdict, answers: usize) -> Self {
        Self::with(
            limits,
            verdict,
            answers,
            TlsFiles::default(),
            reqwest::Client::builder(),
        )
        .await
    }

    async fn with(
        limits: Limits,
        verdict: Verdict,
        answers: usize,
        tls: TlsFiles,
        client: reqwest::ClientBuilder,
    ) -> Self {
        pipeline::tls::install_crypto();
        let scheme = if tls.is_empty() { "http" } else { "https" };
        let config = WebhookConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            token: Secret::new(TOKEN),
            tls,
            limits,
        };
        let (status, shutdown) = (StatusBoard::default(), Shutdown::manual(Duration::from_secs(30)));
        let listener = Listener::bind(config, &status).await.unwrap();
        let port = listener.addr().port();
        let desk = Arc::new(Desk {
            pushes: Mutex::default(),
            verdict,
            answers: Semaphore::new(answers),
            waiting: AtomicBool::new(false),
        });
        let served = tokio::spawn(listener.serve(Arc::clone(&desk), shutdown.clone()));
        Self {
            url: format!("{scheme}://localhost:{port}"),
            desk,
            status,
            shutdown,
            served,
            client: client.build().unwrap(),
        }
    }

    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.client.post(format!("{}{path}", self.url)).body(body);
        request.header("x-event", "e").send().await.unwrap()
    }

    fn calls(&self) -> Value {
        self.status.snapshot()["webhook"]["calls"].clone()
    }
}

#[tokio::test]
async fn whoever_knows_the_path_is_heard_and_nobody_else() {
    let open = Open::new(Limits::default(), Verdict::Accepted, 9).await;
    let right = path(TOKEN);
    let answer = open.post(&format!("{right}?a=%20b"), r#"{"x":1}"#).await;
    assert_eq!(answer.status(), 200);
    for wrong in ["/", "/hook/", "/hook", "/hook/token-of-the-test", "/status"] {
        assert_eq!(open.post(wrong, "{}").await.status(), 404, "{wrong}");
    }
    assert_eq!(open.post(&format!("{right}/"), "{}").await.status(), 404);
    let url = format!("{}{right}", open.url);
    assert_eq!(open.client.get(&url).send().await.unwrap().status(), 200);
    assert_eq!(open.client.delete(&url).send().await.unwrap().status(), 405);
    let pushes = std::mem::take(&mut *open.desk.pushes.lock().unwrap());
    assert_eq!(pushes.len(), 1);
    assert_eq!(
        (&*pushes[0].query, &*pushes[0].body),
        ("a=%20b", &br#"{"x":1}"#[..])
    );
    assert_eq!(pushes[0].headers["x-event"], "e");
    let status = open.status.snapshot()["webhook"].clone();
    assert!(
        open.url
            .ends_with(status["listen"].as_str().unwrap().rsplit_once(':').unwrap().1)
    );
    let expected = json!({ "accepted": 1, "forged": 6, "malformed": 1, "busy": 0, "failed": 0 });
    assert_eq!(open.calls(), expected);
    assert!(!status.to_string().contains(TOKEN));
}

#[tokio::test]
async fn a_verdict_is_a_status() {
    for (verdict, status) in [
        (Verdict::Forged, 401),
        (Verdict::Malformed, 400),
        (Verdict::Busy, 429),
        (Verdict::Failed, 503),
    ] {
        let open = Open::new(Limits::default(), verdict, 9).await;
        assert_eq!(open.post(&path(TOKEN), "{}").await.status(), status);
        assert_eq!(open.calls()[verdict.name()], 1);
    }
}

#[tokio::test]
async fn bodies_calls_and_rates_are_bounded() {
    let limits = Limits {
        body: 100,
        calls: 1,
        rate: 4,
        ..Limits::default()
    };
    let open = Open::new(limits, Verdict::Accepted, 0).await;
    let right = path(TOKEN);
    assert_eq!(open.post(&right, vec![b'x'; 101]).await.status(), 413);
    let chunks = futures::stream::iter((0..3).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 50])));
    assert_eq!(
        open.post(&right, reqwest::Body::wrap_stream(chunks))
            .await
            .status(),
        413
    );
    assert!(open.desk.pushes.lock().unwrap().is_empty());
    let first = open.post(&right, "1");
    let others = async {
        open.desk.has_one().await;
        let at_once = open.post(&right, "2").await;
        open.desk.answers.add_permits(9);
        at_once.status()
    };
    let (first, at_once) = tokio::join!(first, others);
    assert_eq!((first.status().as_u16(), at_once.as_u16()), (200, 503));
    assert_eq!(first.headers().get("retry-after"), None);
    let mut limited = 0;
    for _ in 0..40 {
        limited += u32::from(open.post(&right, "3").await.status() == 429);
    }
    assert!(limited > 0);
    assert_eq!(open.calls()["busy"], 1 + limited);
    // A flood of forged calls takes nothing from the rate of those who know the path.
    assert_eq!(open.post("/hook/forged", "").await.status(), 404);
}

#[tokio::test]
async fn a_slow_caller_is_not_waited_for() {
    let limits = Limits {
        time: Duration::from_millis(300),
        ..Limits::default()
    };
    let open = Open::new(limits, Verdict::Accepted, 0).await;
    // The receiver takes too long.
    assert_eq!(open.post(&path(TOKEN), "{}").await.status(), 503);
    // The body does.
    let mut stream = TcpStream::connect(open.url.trim_start_matches("http://"))
        .await
        .unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nab",
        path(TOKEN)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer)
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    // The head does.
    let mut stream = TcpStream::connect(open.url.trim_start_matches("http://"))
        .await
        .unwrap();
    stream.write_all(b"POST /hook").await.unwrap();
    answer.clear();
    let _closed = tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_call_under_way_is_answered_before_the_listener_ends() {
    let open = Open::new(Limits::default(), Verdict::Accepted, 0).await;
    let call = tokio::spawn(
        open.client
            .post(format!("{}{}", open.url, path(TOKEN)))
            .body("{}")
            .send(),
    );
    open.desk.has_one().await;
    open.shutdown.trigger();
    let url = open.url.clone();
    eventually(WAIT, "no new calls", async || {
        let refused = reqwest::Client::new().get(&url).send().await.is_err();
        expect(refused, || "answered".into())
    })
    .await;
    assert!(!open.served.is_finished());
    open.desk.answers.add_permits(1);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    open.served.await.unwrap();
}

#[tokio::test]
async fn it_speaks_tls_with_a_certificate_of_its_own_and_takes_up_a_renewed_one() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let certificate = || rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let trust = |made: &rcgen::CertifiedKey<rcgen::KeyPair>| {
        let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
        reqwest::Client::builder().tls_certs_only([root])
    };
    let (first, second) = (certificate(), certificate());
    let put = |made: &rcgen::CertifiedKey<rcgen::KeyPair>| {
        let cert = write("cert", &made.cert.pem());
        (cert, write("key", &made.signing_key.serialize_pem()))
    };
    pipeline::tls::install_crypto();
    let (cert, key) = put(&first);
    let files = TlsFiles::check("HOOK", None, cert, key).unwrap();
    let open = Open::with(Limits::default(), Verdict::Accepted, 9, files, trust(&first)).await;
    assert_eq!(open.post(&path(TOKEN), "{}").await.status(), 200);
    write("cert", "half of a certif");
    assert_eq!(open.post(&path(TOKEN), "{}").await.status(), 200);
    put(&second);
    let renewed = trust(&second).build().unwrap();
    let answer = renewed.post(format!("{}{}", open.url, path(TOKEN))).send().await;
    assert_eq!(answer.expect("the renewed certificate").status(), 200);
    let plain = open.url.replace("https", "http");
    assert!(renewed.get(plain).send().await.is_err());
}
