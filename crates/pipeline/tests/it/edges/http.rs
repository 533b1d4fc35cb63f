//! A vendor that answers strangely cannot lead the client astray.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::{Router, routing};
use clap::Parser;
use pipeline::http::{Client, Error, departing, read_capped};
use pipeline::http::{HttpArgs, HttpConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    http: HttpArgs,
}

fn vendor_client() -> pipeline::http::Client {
    let flags = Flags::parse_from(["test", "--http-connect-timeout", "2s"]);
    Client::new(HttpConfig::try_from(flags.http).unwrap()).unwrap()
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    addr
}

fn redirect(to: String) -> Router {
    Router::new().route(
        "/",
        routing::get(async move || (StatusCode::FOUND, [(header::LOCATION, to)])),
    )
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let endless = async || {
        let chunks =
            futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 4096])));
        Body::from_stream(chunks).into_response()
    };
    let addr = serve(Router::new().route("/", routing::get(endless))).await;
    let answer = vendor_client()
        .get(format!("http://{addr}/"))
        .send()
        .await
        .unwrap();
    let error = read_capped(answer, 100_000).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 100_000 }), "{error:?}");
}

#[tokio::test]
async fn the_limit_itself_is_allowed() {
    let addr = serve(Router::new().route("/", routing::get(async || "x".repeat(1000)))).await;
    let get = async || {
        vendor_client()
            .get(format!("http://{addr}/"))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(read_capped(get().await, 1000).await.unwrap().len(), 1000);
    assert!(read_capped(get().await, 999).await.is_err());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_without_the_url() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        assert!(socket.read(&mut request).await.unwrap() > 0);
        socket
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            .await
            .unwrap();
    });
    let answer = vendor_client()
        .get(format!("http://{addr}/?token=s3cret"))
        .send()
        .await
        .unwrap();
    let error = anyhow::Error::from(read_capped(answer, 1000).await.unwrap_err());
    assert!(!format!("{error:#} {error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn redirects_to_another_origin_are_not_followed() {
    let elsewhere = serve(Router::new().route("/", routing::get(async || "your key, please"))).await;
    let addr = serve(redirect(format!("http://{elsewhere}/"))).await;
    let answer = vendor_client()
        .get(format!("http://{addr}/"))
        .bearer_auth("key")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn redirects_within_the_origin_are() {
    let router = redirect("/there".to_owned()).route("/there", routing::get(async || "arrived"));
    let addr = serve(router).await;
    let answer = vendor_client()
        .get(format!("http://{addr}/"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.text().await.unwrap(), "arrived");
    let looping = serve(redirect("/".to_owned())).await;
    let answer = vendor_client()
        .get(format!("http://{looping}/"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn the_vendor_sees_who_calls() {
    let agent = async |headers: HeaderMap| headers[header::USER_AGENT].to_str().unwrap().to_owned();
    let addr = serve(Router::new().route("/", routing::get(agent))).await;
    let answer = vendor_client()
        .get(format!("http://{addr}/"))
        .send()
        .await
        .unwrap();
    assert!(answer.text().await.unwrap().starts_with("okki-pipeline/"));
}

/// Reads one request, answers, and returns what it read.
async fn one_request(listener: tokio::net::TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut read = String::new();
    while !(read.contains("\r\n\r\n") && (read.starts_with("GET") || read.ends_with("{}"))) {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "{read}");
        read += std::str::from_utf8(&buffer[..count]).unwrap();
    }
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    read.to_lowercase()
}

#[tokio::test]
async fn a_request_tells_when_it_leaves_and_looks_like_any_other() {
    for (content, head) in [("", "get / http/1.1"), ("{}", "post / http/1.1")] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (body, left) = departing(content);
        let client = vendor_client();
        let request = match content.is_empty() {
            true => client.get(url),
            false => client.post(url),
        };
        let asked = std::time::Instant::now();
        let (read, answer) = tokio::join!(one_request(listener), request.body(body).send());
        assert_eq!(answer.unwrap().status(), 200);
        let left = left.await.unwrap();
        assert!(left >= asked && left <= std::time::Instant::now());
        assert!(read.starts_with(head), "{read}");
        assert!(!read.contains("transfer-encoding"), "{read}");
        assert_eq!(read.contains("content-length: 2"), !content.is_empty(), "{read}");
        assert_eq!(read.contains("content-length"), !content.is_empty(), "{read}");
    }
}

#[tokio::test]
async fn content_that_never_leaves_tells_nothing() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let (body, left) = departing("{}");
    assert!(vendor_client().post(url).body(body).send().await.is_err());
    assert!(left.await.is_err());
}
