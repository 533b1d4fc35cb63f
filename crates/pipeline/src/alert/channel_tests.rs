//! Bodies and signatures, against values that were computed with openssl from the vendors' own recipes.

use super::*;
use crate::{alert::Severity, setting::Secret};
use words::Language;

fn notice(news: News) -> Notice {
    let problem = Problem {
        key: "paused:credentials".into(),
        severity: Severity::Critical,
        summary: "paused: credentials".into(),
        detail: "the key is refused".into(),
        patience: Duration::ZERO,
    };
    Notice {
        problem,
        news,
        since_ms: 1_700_000_000_000,
        now_ms: 1_700_000_120_000,
    }
}

fn sent(kind: AlertKind, secret: Option<&str>, resolved: bool) -> Request {
    sent_in(Language::English, kind, secret, resolved)
}

fn sent_in(language: Language, kind: AlertKind, secret: Option<&str>, resolved: bool) -> Request {
    let news = if resolved { News::Over } else { News::Stands };
    told(language, kind, secret, news)
}

fn told(language: Language, kind: AlertKind, secret: Option<&str>, news: News) -> Request {
    let receiver = Receiver {
        url: Secret::new("https://receiver.example/hook?token=t"),
        kind,
        secret: secret.map(Secret::new),
        language,
    };
    let origin = Origin {
        namespace: "okki".into(),
        service: "loader",
        instance: "host-1".into(),
    };
    request(&receiver, &notice(news), &origin).unwrap()
}

#[test]
fn dingtalk_is_signed_in_the_query() {
    let request = sent(AlertKind::Dingtalk, Some("SECabc"), false);
    let query: std::collections::BTreeMap<_, _> = request.url.query_pairs().into_owned().collect();
    assert_eq!(query["token"], "t");
    assert_eq!(query["timestamp"], "1700000120000");
    assert_eq!(query["sign"], "3NMq3tMUXVy2Dj/m6b4yxfACBvGUZTWWSx8cQygaspQ=");
    assert_eq!(
        request.body["markdown"]["title"],
        "[okki] ✗ loader: paused: credentials"
    );
    let text = request.body["markdown"]["text"].as_str().unwrap();
    assert!(
        text.contains("the key is refused") && text.contains("for 2 min"),
        "{text}"
    );
}

#[test]
fn feishu_is_signed_in_the_body() {
    let request = sent(AlertKind::Feishu, Some("SECabc"), false);
    assert_eq!(request.body["timestamp"], "1700000120");
    assert_eq!(
        request.body["sign"],
        "MfEJ/BzwthY9oRst7Jk1yeOYQteCFfuEVVQunLR7tYE="
    );
    assert_eq!(request.body["msg_type"], "text");
}

#[test]
fn wecom_gets_markdown_and_no_signature() {
    let request = sent(AlertKind::Wecom, None, true);
    let text = request.body["markdown"]["content"].as_str().unwrap();
    assert_eq!(text, "[okki] ✓ over loader: paused: credentials\nlasted 2 min");
    assert_eq!(request.url.query(), Some("token=t"));
}

#[test]
fn a_generic_receiver_gets_facts_and_a_signature_over_the_body() {
    let request = sent(AlertKind::Generic, Some("s"), true);
    assert_eq!(request.body["status"], "resolved");
    assert_eq!(request.body["severity"], "critical");
    assert_eq!(request.body["since"], "2023-11-14T22:13:20Z");
    let expected = format!("sha256={}", hex(&sign("s", request.body.to_string().as_bytes())));
    assert_eq!(request.signature, Some(expected));
    assert_eq!(sent(AlertKind::Generic, None, true).signature, None);
}

#[test]
fn a_chinese_receiver_gets_chinese_whatever_the_process_speaks() {
    let content = |resolved| {
        let request = sent_in(Language::Chinese, AlertKind::Wecom, None, resolved);
        request.body["markdown"]["content"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        content(true),
        "[okki] ✓ 已恢复 loader：已暂停：凭据或权限被拒绝\n持续了 2 分钟"
    );
    assert_eq!(
        content(false),
        "[okki] ✗ loader：已暂停：凭据或权限被拒绝\nthe key is refused\n位于 host-1，已持续 2 分钟"
    );
}

#[test]
fn a_test_notice_looks_like_no_problem() {
    let content = |language| {
        let request = told(language, AlertKind::Wecom, None, News::Test);
        request.body["markdown"]["content"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        content(Language::English),
        "[okki] ✉ loader: paused: credentials\nthe key is refused\nsent from host-1"
    );
    let chinese = content(Language::Chinese);
    assert!(
        chinese.starts_with("[okki] ✉ loader：") && chinese.ends_with("\n由 host-1 发出"),
        "{chinese}"
    );
}
