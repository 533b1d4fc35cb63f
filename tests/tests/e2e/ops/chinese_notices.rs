//! Notices and what becomes of them, in the language of who reads: a test notice that looks like no problem, and refusals
//! that say what to do.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, routing::post};
use kit::pipeline::{Service, Settings, command};
use serde_json::{Value, json};

use super::chinese::left_in;

type Bodies = Arc<Mutex<Vec<Value>>>;

/// A robot that takes everything, in the manner of all three.
async fn robot(answer: Value) -> (String, Bodies) {
    let bodies = Bodies::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let take = async |State((bodies, answer)): State<(Bodies, Value)>, Json(body): Json<Value>| {
        bodies.lock().unwrap().push(body);
        Json(answer)
    };
    let router = Router::new()
        .route("/hook", post(take))
        .with_state((Arc::clone(&bodies), answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, bodies)
}

async fn notify(url: &str, kind: &str, more: &[(&str, &str)]) -> std::process::Output {
    let mut settings = Settings::new();
    settings.insert("ALERT_URL".into(), url.to_owned());
    settings.insert("ALERT_KIND".into(), kind.to_owned());
    for (name, value) in more {
        settings.insert((*name).to_owned(), (*value).to_owned());
    }
    let program = command(Service::Loader, &settings).unwrap();
    let mut program = tokio::process::Command::from(program);
    program.args(["notify", "--test"]).output().await.unwrap()
}

#[tokio::test]
async fn a_test_notice_is_chinese_for_robots_and_english_when_asked() {
    let (url, bodies) = robot(json!({ "errcode": 0, "code": 0 })).await;
    for kind in ["dingtalk", "wecom", "feishu"] {
        assert!(notify(&url, kind, &[]).await.status.success(), "{kind}");
        let body = bodies.lock().unwrap().pop().unwrap().to_string();
        assert!(
            body.contains("测试通知") && body.contains("有人在测试通知能否送达"),
            "{kind}: {body}"
        );
        // Nothing is wrong, and nothing has lasted.
        assert!(!body.contains('✗') && !body.contains("已持续"), "{kind}: {body}");
        assert!(notify(&url, kind, &[("ALERT_LANG", "en")]).await.status.success());
        let body = bodies.lock().unwrap().pop().unwrap().to_string();
        assert!(
            body.contains("a test notice") && body.contains("nothing is wrong"),
            "{kind}: {body}"
        );
    }
    assert!(notify(&url, "generic", &[]).await.status.success());
    let body = bodies.lock().unwrap().pop().unwrap();
    assert_eq!(body["summary"], "a test notice");
    assert!(
        notify(&url, "generic", &[("ALERT_LANG", "zh")])
            .await
            .status
            .success()
    );
    assert_eq!(bodies.lock().unwrap().pop().unwrap()["summary"], "测试通知");
}

#[tokio::test]
async fn a_refused_test_notice_says_what_to_do() {
    let (url, _bodies) = robot(json!({ "errcode": 310000, "errmsg": "sign not match" })).await;
    let output = notify(&url, "dingtalk", &[]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.contains("310000: sign not match") && said.contains("ALERT_SECRET"),
        "{said}"
    );
    let output = notify(&url, "dingtalk", &[("OKKI_LANG", "zh")]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("测试通知没有送达") && said.contains("加签"),
        "{said}"
    );
}

#[tokio::test]
async fn every_refusal_of_a_test_notice_is_chinese_and_says_what_to_do() {
    for (kind, answer) in [
        (
            "dingtalk",
            json!({ "errcode": 310_000, "errmsg": "sign-not-match" }),
        ),
        ("dingtalk", json!({ "errcode": 7, "errmsg": "x" })),
        ("wecom", json!({ "errcode": 8, "errmsg": "x" })),
        ("feishu", json!({ "code": 9, "msg": "x" })),
        ("feishu", json!({ "answer": "x" })),
    ] {
        let (url, _bodies) = robot(answer).await;
        let output = notify(&url, kind, &[("OKKI_LANG", "zh")]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains("ALERT_"),
            "{kind}: {said}"
        );
        let left = left_in(kind, &output);
        assert!(left.is_empty(), "{}", left.join("\n"));
    }
    // Nobody is at this path, and nobody at this port.
    let (url, _bodies) = robot(json!({})).await;
    for url in [
        url.replace("/hook", "/other"),
        "http://127.0.0.1:9/hook".to_owned(),
    ] {
        let output = notify(&url, "generic", &[("OKKI_LANG", "zh")]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("ALERT_URL"), "{said}");
        let first = said.lines().next().unwrap_or_default();
        assert!(first.starts_with("错误：测试通知没有送达"), "{said}");
    }
}
