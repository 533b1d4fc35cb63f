//! Somebody whose machine speaks Chinese gets no English sentence, but in the logs, which are for machines.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, routing::post};
use kit::pipeline::{PipelineUnderTest, Service, Settings, command};
use pipeline::stage::Stage;
use regex::Regex;
use serde_json::{Value, json};

use crate::loader::feed::Feed;

const SERVICES: [Service; 3] = [Service::Extractor, Service::Transformer, Service::Loader];

/// A run of Latin words that is no command, no quotation and no list of names.
fn english_sentence(text: &str) -> Option<String> {
    // What is quoted is data; a command is typed as it stands.
    let data = Regex::new(r#"`[^`]*`|"[^"]*"|“[^”]*”|'[^']{1,200}'"#).unwrap();
    let typed = Regex::new(r"\b(extractor|transformer|loader|simulator|dead)( [a-z]+)+").unwrap();
    let sentence = Regex::new(r"\b[A-Za-z]+(?: [a-z][a-z']*){2,}").unwrap();
    let text = data.replace_all(text, "“”");
    let text = typed.replace_all(&text, "命令");
    sentence.find(&text).map(|found| found.as_str().to_owned())
}

fn assert_chinese(what: &str, text: &str) {
    let sentence = english_sentence(text);
    assert!(sentence.is_none(), "{what}: {sentence:?} in\n{text}");
    let has_chinese = text.chars().any(|it| ('\u{4e00}'..'\u{a000}').contains(&it));
    assert!(
        has_chinese || text.trim().is_empty(),
        "{what} says nothing in Chinese:\n{text}"
    );
}

/// As the environment of somebody who has set nothing for this product.
fn chinese(settings: &mut Settings) {
    settings.insert("OKKI_LANG".into(), String::new());
    settings.insert("LANG".into(), "zh_CN.UTF-8".into());
}

#[test]
fn english_is_found_between_chinese_words() {
    assert_eq!(
        english_sentence("请设置 rows are not written，然后"),
        Some("rows are not written".into())
    );
    for fine in [
        "运行 loader removals keep --reason WHY",
        "用 `dead groups of the stage` 查看",
        "AMQP_URL：不是 URL",
        "RabbitMQ 4.1 with",
    ] {
        assert_eq!(english_sentence(fine), None, "{fine}");
    }
}

#[test]
fn every_help_is_chinese() {
    let mut settings = Settings::new();
    chinese(&mut settings);
    let mut seen = 0;
    for service in SERVICES {
        let mut open = vec![Vec::<String>::new()];
        while let Some(words) = open.pop() {
            let mut program = command(service, &settings).unwrap();
            let output = program.args(&words).arg("--help").output().unwrap();
            let help = String::from_utf8(output.stdout).unwrap();
            assert_chinese(&format!("{} {words:?} --help", service.name()), &help);
            seen += 1;
            let listed = help
                .lines()
                .skip_while(|line| !line.starts_with("命令："))
                .skip(1);
            for line in listed.take_while(|line| !line.is_empty()) {
                let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
                let name = name.and_then(|rest| rest.split_whitespace().next());
                if let Some(name) = name.filter(|name| *name != "help") {
                    open.push(words.iter().cloned().chain([name.to_owned()]).collect());
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} commands were found");
}

#[test]
fn errors_of_the_command_line_and_of_settings_are_chinese() {
    let mut settings = Settings::new();
    chinese(&mut settings);
    for (service, args) in [
        (Service::Loader, &["rum"][..]),
        (Service::Loader, &["run", "--nope"]),
        (Service::Loader, &["run"]),
        (Service::Extractor, &["fetch"]),
        (Service::Extractor, &["run", "--every", "often"]),
        (Service::Transformer, &["run"]),
        (Service::Transformer, &["mapping", "check", "/nowhere.json"]),
        (Service::Loader, &["notify", "--test"]),
    ] {
        let output = command(service, &settings).unwrap().args(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{args:?}");
        assert!(said.starts_with("错误："), "{args:?}: {said}");
        // The system's own words for a failure are not ours.
        assert_chinese(
            &format!("{args:?}"),
            &said.replace("No such file or directory", ""),
        );
    }
}

#[tokio::test]
async fn an_operator_gets_no_english_sentence_and_logs_get_nothing_else() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(1616)
        .start()
        .await;
    pipeline.set("OKKI_LANG", "");
    pipeline.set("LANG", "zh_CN.UTF-8");
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    feed.bury(Stage::Load, &feed.records(&pipeline, &customers)).await;
    let listed = pipeline
        .tool(Service::Loader, &["dead", "list", "--json"])
        .await
        .unwrap();
    let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let id = first["id"].as_str().unwrap().to_owned();
    let mapping = kit::config::mapping_document();
    let commands: [(Service, &[&str]); 16] = [
        (Service::Extractor, &["check"]),
        (Service::Extractor, &["doctor"]),
        (Service::Extractor, &["status"]),
        (Service::Transformer, &["doctor"]),
        (Service::Transformer, &["mapping", "check", &mapping]),
        (Service::Loader, &["check"]),
        (Service::Loader, &["doctor"]),
        (Service::Loader, &["removals", "show"]),
        (Service::Loader, &["dead", "groups"]),
        (Service::Loader, &["dead", "list"]),
        (Service::Loader, &["dead", "plan", "--all", "--reason", "测试"]),
        (Service::Loader, &["dead", "plans"]),
        (Service::Loader, &["dead", "operations"]),
        (Service::Loader, &["dead", "rule", "list"]),
        (Service::Loader, &["dead", "audit"]),
        (Service::Loader, &["dead", "show", &id]),
    ];
    for (service, args) in commands {
        let output = pipeline.tool_output(service, args).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_chinese(&format!("{} {args:?}", service.name()), &said);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        // Lines in JSON are the log.
        for line in errors.lines().filter(|line| !line.starts_with('{')) {
            assert_chinese(&format!("{} {args:?}", service.name()), line);
        }
    }
    let [_, _, _] = pipeline.run_all();
    pipeline.until_equal(std::time::Duration::from_secs(120)).await;
    for line in pipeline.logs(200).lines().filter(|line| line.starts_with('{')) {
        let entry: Value = serde_json::from_str(line).unwrap();
        for field in ["message", "error", "detail"] {
            let text = entry[field].as_str().unwrap_or_default();
            assert!(text.is_ascii(), "{field} is not English: {line}");
        }
    }
    pipeline.drain().await;
}

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
