//! The client against a real HTTP server whose answers are scripted, odd ones included.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::okki::{error::Error, pace::Pace, token::Tokens, types::PageRequest};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Response, StatusCode, header},
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};
use std::time::Instant;

type Script = Arc<dyn Fn(u32, &Request) -> Response<Body> + Send + Sync>;

/// What arrived, in order: path and query.
type Seen = Arc<Mutex<Vec<String>>>;

pub(super) struct Vendor {
    base: Url,
    seen: Seen,
    tokens: Arc<AtomicU32>,
}

/// A server that grants tokens `t1`, `t2`, … and answers the n-th other call by the script.
pub(super) async fn vendor(
    script: impl Fn(u32, &Request) -> Response<Body> + Send + Sync + 'static,
) -> Vendor {
    let (script, seen): (Script, Seen) = (Arc::new(script), Arc::default());
    let (tokens, calls) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (log, granted) = (Arc::clone(&seen), Arc::clone(&tokens));
    let app = Router::new().fallback(move |request: Request| {
        let (script, log) = (Arc::clone(&script), Arc::clone(&log));
        let (granted, calls) = (Arc::clone(&granted), Arc::clone(&calls));
        async move {
            if request.uri().path() == "/v1/oauth2/access_token" {
                let n = granted.fetch_add(1, Ordering::SeqCst) + 1;
                return json(&format!(r#"{{"token_type":"Bearer","access_token":"t{n}"}}"#));
            }
            log.lock().unwrap().push(request.uri().to_string());
            script(calls.fetch_add(1, Ordering::SeqCst) + 1, &request)
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Vendor { base, seen, tokens }
}

pub(super) fn json(body: &str) -> Response<Body> {
    Response::new(Body::from(body.to_owned()))
}

pub(super) fn status(code: u16, body: &str) -> Response<Body> {
    let mut response = json(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

fn bearer(request: &Request) -> String {
    request.headers()[header::AUTHORIZATION]
        .to_str()
        .unwrap()
        .to_owned()
}

pub(super) fn client(vendor: &Vendor) -> Client {
    let options = ClientOptions {
        endpoints: Endpoints {
            base: vendor.base.clone(),
            source: Source::default(),
        },
        client_id: "id".into(),
        client_secret: Secret::new("secret"),
        timeout: Duration::from_millis(500),
        max_body: 100_000,
        concurrency: 8,
    };
    let http = pipeline::http::Client::new(pipeline::http::HttpConfig {
        connect_timeout: Duration::from_secs(5),
        tls: Default::default(),
    })
    .unwrap();
    Client::new(http, options, Tokens::alone(), Pace::alone(10_000.0))
}

const COMPANY: &str = r#"{"code":200,"now":"2026-01-21 16:02:22","data":{"company_id":7,"name":"x"}}"#;

#[tokio::test]
async fn a_listing_is_asked_with_beijing_times() {
    let vendor = vendor(|_, _| json(r#"{"data":{"list":[],"totalItem":0}}"#)).await;
    let request = PageRequest {
        start: Some(1_762_358_927),
        end: None,
        page: 3,
        count: 200,
        removed: true,
    };
    assert_eq!(
        client(&vendor).page(Lane::Live, &request).await.unwrap().total,
        Some(0)
    );
    assert_eq!(
        *vendor.seen.lock().unwrap(),
        ["/v1/company/list?all=1&start_index=3&count=200&removed=1&start_time=2025-11-06+00%3A08%3A47"]
    );
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all_workers() {
    let vendor = vendor(|_, request| match bearer(request).as_str() {
        "Bearer t2" => json(COMPANY),
        _ => status(401, r#"{"error":"access_denied","message":"expired"}"#),
    })
    .await;
    let client = client(&vendor);
    let all = futures::future::join_all((0..20).map(|_| client.detail(Lane::Live, "7"))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(vendor.tokens.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_call_is_repeated_at_most_once_after_a_renewal() {
    let vendor = vendor(|n, _| match n {
        1 => json(COMPANY),
        _ => json(r#"{"error":"access_denied"}"#),
    })
    .await;
    let client = client(&vendor);
    client.detail(Lane::Live, "7").await.unwrap();
    client.tokens.grow_up();
    let error = client.detail(Lane::Live, "7").await.unwrap_err();
    assert!(matches!(error, Error::Auth { .. }), "{error}");
    assert_eq!(
        (
            vendor.seen.lock().unwrap().len(),
            vendor.tokens.load(Ordering::SeqCst)
        ),
        (3, 2)
    );
}

#[tokio::test]
async fn a_token_without_the_scope_is_not_renewed() {
    let vendor = vendor(|_, _| status(403, r#"{"code":403,"message":"no permission company scopes"}"#)).await;
    let error = client(&vendor).detail(Lane::Live, "7").await.unwrap_err();
    assert!(matches!(error, Error::Permission { .. }), "{error}");
    assert!(error.to_string().contains("no permission company scopes"));
    assert_eq!(vendor.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_the_server_says() {
    let vendor = vendor(|call, _| match call {
        1 => {
            let mut refused = status(429, "");
            refused
                .headers_mut()
                .insert(header::RETRY_AFTER, "1".parse().unwrap());
            refused
        }
        _ => json(r#"{"data":{"list":[],"totalItem":0}}"#),
    })
    .await;
    let request = PageRequest {
        start: None,
        end: None,
        page: 1,
        count: 20,
        removed: false,
    };
    let started = Instant::now();
    client(&vendor).page(Lane::Live, &request).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

/// Commands that fetch a customer or two judge nothing: they wait.
#[tokio::test]
async fn a_detail_waits_for_the_rate_unless_its_caller_judges() {
    let vendor = vendor(|call, _| match call {
        1 => refused_for(429, "1"),
        _ => json(COMPANY),
    })
    .await;
    let started = Instant::now();
    client(&vendor).detail(Lane::Live, "7").await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

/// Whether it is everybody's, its caller asks another customer.
#[tokio::test]
async fn the_limit_of_one_customer_is_told_at_once() {
    let vendor = vendor(|_, _| refused_for(429, "30")).await;
    let started = Instant::now();
    let error = client(&vendor)
        .detail_to_judge(Lane::Live, "7")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::RateLimited { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_moment_of_silence_is_not_an_error() {
    let vendor = vendor(|call, _| {
        if call == 1 {
            status(502, "<html>")
        } else {
            json(COMPANY)
        }
    })
    .await;
    client(&vendor).detail(Lane::Live, "7").await.unwrap();
}

#[tokio::test]
async fn answers_that_are_no_answers_are_told_apart() {
    let vendor = vendor(|_, request| match request.uri().query().unwrap_or_default() {
        "company_id=1" => json("<!doctype html><p>maintenance</p>"),
        "company_id=2" => Response::new(Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(vec![b' '; 4096])
        }))),
        "company_id=3" => status(503, ""),
        "company_id=4" => Response::new(Body::from_stream(futures::stream::pending::<
            Result<Vec<u8>, std::io::Error>,
        >())),
        "company_id=5" => json(r#"{"code":200,"data":{"company_id":6}}"#),
        "company_id=6" => json(r#"{"code":404,"message":"Not Found Resource"}"#),
        _ => gzip(),
    })
    .await;
    let client = client(&vendor);
    let mut errors = Vec::new();
    for id in 1..=6 {
        errors.push(client.detail(Lane::Live, &id.to_string()).await.unwrap_err());
    }
    let codes: Vec<_> = errors.iter().map(Error::code).collect();
    let shape = "okki-unexpected-shape";
    assert_eq!(
        codes,
        [
            "okki-unreadable",
            shape,
            "okki-outage",
            "okki-outage",
            shape,
            "okki-not-found"
        ]
    );
    assert!(errors[0].to_string().contains("HTML"), "{}", errors[0]);
    assert!(
        errors[1].to_string().contains("larger than 100000 bytes"),
        "{}",
        errors[1]
    );
    assert!(
        client
            .detail(Lane::Live, "7")
            .await
            .unwrap()
            .json
            .get()
            .contains("gz")
    );
}

/// `{"data":{"company_id":7,"name":"gz"}}`, compressed.
fn gzip() -> Response<Body> {
    let mut response = Response::new(Body::from(GZIP.as_slice()));
    response
        .headers_mut()
        .insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
    response
}

const GZIP: [u8; 57] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 73, 44, 73, 84, 178, 170, 86, 74, 206, 207, 45, 72, 204,
    171, 140, 207, 76, 81, 178, 50, 215, 81, 202, 75, 204, 77, 85, 178, 82, 74, 175, 82, 170, 173, 5, 0, 214,
    246, 19, 2, 37, 0, 0, 0,
];

fn refused_for(code: u16, retry_after: &str) -> Response<Body> {
    let mut refused = status(code, "");
    refused
        .headers_mut()
        .insert(header::RETRY_AFTER, retry_after.parse().unwrap());
    refused
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_as_long_as_it_says() {
    let vendor = vendor(|call, _| match call {
        1 => refused_for(503, "1"),
        _ => json(COMPANY),
    })
    .await;
    let started = Instant::now();
    client(&vendor).detail(Lane::Live, "7").await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn nobody_waits_within_a_call_for_longer_than_a_minute() {
    for code in [429, 503] {
        let vendor = vendor(move |_, _| refused_for(code, "3600")).await;
        let error = client(&vendor).detail(Lane::Live, "7").await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)), "{error}");
        assert_eq!(vendor.seen.lock().unwrap().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn a_token_call_that_ends_in_an_unknown_code_is_no_work_for_a_person() {
    for (answer, transient) in [
        (r#"{"code":-1,"message":"系统繁忙"}"#, true),
        (r#"{"error":"server_error"}"#, true),
        (r#"{"error":"invalid_client"}"#, false),
        (r#"{"error":"access_denied"}"#, false),
    ] {
        let error = grant::read(400, None, answer.as_bytes(), 0).unwrap_err();
        assert_eq!(error.is_transient(), transient, "{answer}: {error}");
        assert_eq!(error.needs_person(), !transient, "{answer}: {error}");
    }
}

/// The servers that take tokens learn of one later than that it was granted.
#[tokio::test]
async fn a_token_that_is_accepted_a_moment_later_is_no_refused_one() {
    let vendor = vendor(|n, _| match n {
        0..=3 => status(401, r#"{"error":"access_denied","message":"not active"}"#),
        _ => json(COMPANY),
    })
    .await;
    let client = client(&vendor);
    client.detail(Lane::Live, "7").await.unwrap();
    assert_eq!(
        vendor.tokens.load(Ordering::SeqCst),
        1,
        "another one would be younger"
    );
    client.renew_token().await.unwrap();
    assert_eq!(
        vendor.tokens.load(Ordering::SeqCst),
        1,
        "nor does a probe ask for one"
    );
}

/// Renewed by its age, and the token of before is good for a while.
#[tokio::test]
async fn the_token_of_before_is_used_while_the_new_one_is_not_known_yet() {
    let vendor = vendor(|_, request| match bearer(request).as_str() {
        "Bearer t1" => json(COMPANY),
        _ => status(401, r#"{"error":"access_denied","message":"not active"}"#),
    })
    .await;
    let client = client(&vendor);
    client.detail(Lane::Live, "7").await.unwrap();
    client.tokens.age();
    client.detail(Lane::Live, "7").await.unwrap();
    assert_eq!(vendor.tokens.load(Ordering::SeqCst), 2);
}
