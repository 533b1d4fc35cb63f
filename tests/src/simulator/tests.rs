//! The simulator over HTTP: that the answers mean what the judge expects, and that faults look real from outside.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::*;

struct Bench {
    simulator: Simulator,
    http: Client,
    token: String,
}

impl Bench {
    async fn start(options: Options) -> Bench {
        pipeline::cli::install_crypto();
        let simulator = Simulator::start(options).await.unwrap();
        let http = Client::builder()
            .timeout(Duration::from_secs(10))
            .build()
            .unwrap();
        let mut bench = Bench {
            simulator,
            http,
            token: String::new(),
        };
        bench.token = bench.login().await["access_token"].as_str().unwrap().to_owned();
        bench
    }

    async fn with(customers: u32) -> Bench {
        let settings = Settings::default()
            .merged(&json!({"okki": {"per_second": null}, "jdy": {"company_per_second": null, "limits": {"batch_create": null}}}))
            .unwrap();
        Bench::start(Options {
            customers,
            settings,
            ..Options::default()
        })
        .await
    }

    async fn login(&self) -> Value {
        let settings = self.simulator.settings().okki;
        let body = json!({"grant_type": "client_credentials", "client_id": settings.client_id,
                          "client_secret": settings.client_secret, "scope": "company"});
        let url = format!("{}/v1/oauth2/access_token", self.simulator.url());
        self.http
            .post(url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn okki(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.http
            .get(format!("{}{path}", self.simulator.url()))
            .bearer_auth(&self.token)
            .send()
            .await
    }

    async fn data(&self, path: &str) -> Value {
        let answer: Value = self.okki(path).await.unwrap().json().await.unwrap();
        assert_eq!(answer["code"], 200, "{answer}");
        answer["data"].clone()
    }

    fn jdy(&self, operation: &str, mut body: Value) -> reqwest::RequestBuilder {
        body["app_id"] = APP_ID.into();
        body["entry_id"] = ENTRY_ID.into();
        let url = format!("{}/api/v5/app/entry/data/{operation}", self.simulator.url());
        self.http.post(url).bearer_auth("sim-jdy-key").json(&body)
    }

    fn batch(&self, transaction: &str, names: &[&str]) -> reqwest::RequestBuilder {
        let rows: Value = names
            .iter()
            .map(|name| json!({cell_widget(0): {"value": name}}))
            .collect();
        self.jdy(
            "batch_create",
            json!({"transaction_id": transaction, "data_list": rows}),
        )
    }

    fn fault(&self, vendor: Vendor, endpoint: &str, kind: Value) {
        let mut fault = json!({"vendor": vendor, "endpoint": endpoint, "times": 1});
        fault
            .as_object_mut()
            .unwrap()
            .extend(kind.as_object().unwrap().clone());
        self.simulator.fault(serde_json::from_value(fault).unwrap());
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => expected::clean(text),
        Value::Array(items) if items.is_empty() => String::new(),
        other => other.to_string(),
    }
}

fn dash(area: String, number: String) -> String {
    if area.is_empty() || number.is_empty() {
        number
    } else {
        format!("{area}-{number}")
    }
}

/// The 14 cells, read from the detail answer alone.
fn mapped(detail: &Value) -> Vec<String> {
    let mut fields = HashMap::new();
    for group in detail["company"].as_array().unwrap() {
        for field in group["fields"].as_array().unwrap() {
            let key = format!(
                "{}{}",
                group["name"].as_str().unwrap(),
                field["name"].as_str().unwrap()
            );
            fields.insert(key, field["value"].clone()); // the last one wins
        }
    }
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let tags: Vec<String> = (0..4).map(|i| text(&detail["tag"][i]["tag_name"])).collect();
    let last = (1..4).rev().find(|i| !tags[*i].is_empty()).unwrap_or(0);
    let contacts = detail["customers"].as_array().unwrap();
    let contact = contacts
        .iter()
        .find(|c| c["main_customer_flag"] == 1)
        .or(contacts.first())
        .cloned()
        .unwrap_or_default();
    let procurement = match text(&field("特征信息年采购额")).as_str() {
        "0" => "无采购额",
        "1" => "0~1千美元",
        "2" => "1千~5千美元",
        "3" => "5千美元~1万美元",
        "4" => "1万~3万美元",
        "5" => "3万~5万美元",
        "6" => "5~10万美元",
        "7" => "10万~30万美元",
        "8" => "30万~50万美元",
        "9" => "50~100万美元",
        "10" => "500万美元以上",
        _ => "",
    };
    let tel = field("联系信息座机");
    vec![
        text(&detail["name"]),
        text(&detail["short_name"]),
        text(&detail["country_name"]),
        text(&field("基本信息客户来源")),
        tags[..=last].join("、"),
        text(&field("管理信息客户分组")),
        text(&field("管理信息客户阶段")),
        format!("{}星", text(&field("管理信息客户星级"))),
        text(&detail["pool_name"]),
        dash(text(&tel["tel_area_code"]), text(&tel["tel"])),
        procurement.to_owned(),
        text(&contact["name"]),
        text(&contact["email"]),
        dash(text(&contact["tel_list"][0][0]), text(&contact["tel_list"][0][1])),
    ]
}

#[tokio::test]
async fn details_carried_over_by_hand_satisfy_the_judge() {
    let bench = Bench::with(600).await;
    bench.simulator.change(50);
    let mut rows = Vec::new();
    for page in 1.. {
        let list = bench
            .data(&format!(
                "/v1/company/updates?start_index={page}&count=200&removed=0&all=1"
            ))
            .await;
        let list = list["list"].as_array().unwrap().clone();
        if list.is_empty() {
            break;
        }
        for item in list {
            let detail = bench
                .data(&format!("/v1/company/info?company_id={}", item["company_id"]))
                .await;
            assert_eq!(detail["update_time"], item["update_time"]);
            let mut row = json!({KEY_WIDGET: {"value": item["company_id"].to_string()}});
            for (i, cell) in mapped(&detail).into_iter().enumerate() {
                row[cell_widget(i)] = json!({"value": cell});
            }
            rows.push(row);
        }
    }
    for chunk in rows.chunks(100) {
        let answer: Value = bench
            .jdy("batch_create", json!({"data_list": chunk}))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert_eq!(answer["success_count"], chunk.len());
    }
    let report = bench.simulator.judge().await;
    assert!(report.is_equal(), "{report:#?}");
    assert_eq!(
        (report.source_customers, report.form_rows, report.quota_violations),
        (600, 600, 0)
    );
    bench.simulator.change(7);
    assert_eq!(bench.simulator.judge().await.stale, 7);
}

#[tokio::test]
async fn tokens_expire_are_revoked_and_come_back() {
    let bench = Bench::with(5).await;
    assert_eq!(
        bench.okki("/v1/company/list").await.unwrap().status(),
        StatusCode::OK
    );
    assert_eq!(bench.simulator.revoke_tokens(), 1);
    let refused = bench.okki("/v1/company/list").await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"], "access_denied");
    bench.simulator.set(|s| s.okki.auth_answer = AuthAnswer::Body);
    let refused = bench.okki("/v1/company/list").await.unwrap();
    assert_eq!(refused.status(), StatusCode::OK);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"], "access_denied");
    // asking again does not prolong a session
    let first = bench.login().await["expires_in"].as_i64().unwrap();
    bench.simulator.set(|s| s.clock_offset_s = 1000);
    let second = bench.login().await["expires_in"].as_i64().unwrap();
    assert!((999..=1001).contains(&(first - second)), "{first} {second}");
    bench.simulator.set(|s| s.okki.client_secret = "rotated".into());
    assert!(
        bench.login().await["access_token"].is_string(),
        "the bench follows the settings"
    );
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "x"),
        ("client_secret", "y"),
        ("scope", "company"),
    ];
    let url = format!("{}/v1/oauth2/access_token", bench.simulator.url());
    let refused = bench
        .http
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded");
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let refused = refused.body(body).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"], "invalid_client");
}

#[tokio::test]
async fn removed_customers_move_to_the_other_list_and_their_details_vanish() {
    let bench = Bench::with(20).await;
    let gone = bench.simulator.remove(3);
    assert_eq!(
        bench.data("/v1/company/list").await["list"]
            .as_array()
            .unwrap()
            .len(),
        17
    );
    let list = bench.data("/v1/company/list?removed=1").await;
    assert_eq!(list["list"].as_array().unwrap().len(), 3);
    let path = format!("/v1/company/info?company_id={}", gone[0]);
    let answer: Value = bench.okki(&path).await.unwrap().json().await.unwrap();
    assert_eq!(
        (answer["code"].as_i64(), answer["message"].as_str()),
        (Some(404), Some("Not Found Resource"))
    );
    bench.simulator.set(|s| s.okki.matching_status = true);
    assert_eq!(bench.okki(&path).await.unwrap().status(), StatusCode::NOT_FOUND);
    bench.simulator.restore_one(gone[0]).unwrap();
    assert_eq!(
        bench.data("/v1/company/list").await["list"]
            .as_array()
            .unwrap()
            .len(),
        18
    );
}

#[tokio::test]
async fn okki_says_too_many_in_both_ways() {
    let settings = Settings::default()
        .merged(&json!({"okki": {"per_second": 1, "burst": 2}}))
        .unwrap();
    let bench = Bench::start(Options {
        settings,
        ..Options::default()
    })
    .await;
    bench.okki("/v1/company/list").await.unwrap();
    let refused = bench.okki("/v1/company/list").await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "1");
    bench
        .simulator
        .set(|s| s.okki.limit_answer = LimitAnswer::Code429);
    let refused: Value = bench
        .okki("/v1/company/list")
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(refused["code"], 429);
    assert_eq!(bench.simulator.stats().okki.quota_violations, 2);
    bench.simulator.set(|s| s.okki.enforce = false);
    assert!(
        bench
            .okki("/v1/company/list")
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap()["data"]
            .is_object()
    );
    assert_eq!(bench.simulator.stats().okki.quota_violations, 3);
}

#[tokio::test]
async fn writes_may_take_effect_behind_a_bad_answer() {
    let bench = Bench::with(0).await;
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "status", "status": 502, "commit": true}),
    );
    assert_eq!(
        bench.batch("a", &["a"]).send().await.unwrap().status(),
        StatusCode::BAD_GATEWAY
    );
    assert_eq!(bench.simulator.form_rows(), 1);
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "status", "status": 503}),
    );
    assert_eq!(
        bench.batch("b", &["b"]).send().await.unwrap().status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(bench.simulator.form_rows(), 1);
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "malformed"}));
    assert!(
        bench
            .batch("c", &["c"])
            .send()
            .await
            .unwrap()
            .json::<Value>()
            .await
            .is_err()
    );
    assert_eq!(bench.simulator.form_rows(), 2);
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "partial", "rows": 1}));
    let partial: Value = bench
        .batch("d", &["d", "e"])
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(partial["success_count"], 1);
    assert_eq!(bench.simulator.form_rows(), 3);
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "code", "code": 7212}));
    let refused = bench.batch("f", &["f"]).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], 7212);
    assert_eq!(
        bench
            .simulator
            .faults()
            .iter()
            .map(|f| f.fired)
            .collect::<Vec<_>>(),
        [1, 1, 1, 1, 1]
    );
}

#[tokio::test]
async fn connections_are_reset_before_or_after_the_work() {
    let bench = Bench::with(0).await;
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "reset", "commit": true}),
    );
    assert!(bench.batch("a", &["a"]).send().await.unwrap_err().is_request());
    assert_eq!(bench.simulator.form_rows(), 1);
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "reset"}));
    assert!(bench.batch("b", &["b"]).send().await.is_err());
    assert_eq!(bench.simulator.form_rows(), 1);
    let id = bench.simulator.outage(Vendor::Jdy);
    assert!(bench.batch("c", &["c"]).send().await.is_err());
    assert!(
        bench.okki("/v1/company/list").await.is_ok(),
        "the other vendor is up"
    );
    bench.simulator.clear_faults(Some(id));
    assert!(bench.batch("c", &["c"]).send().await.is_ok());
}

#[tokio::test]
async fn hanging_answers_stay_in_flight_until_the_client_gives_up() {
    let bench = Bench::with(0).await;
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "hang", "commit": true}),
    );
    let error = bench
        .batch("a", &["a"])
        .timeout(Duration::from_millis(200))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(bench.simulator.form_rows(), 1);
    let patience = Instant::now() + Duration::from_secs(5);
    while bench.simulator.stats().jdy.in_flight > 0 {
        assert!(Instant::now() < patience, "the hung request is still in flight");
        tokio::task::yield_now().await;
    }
    bench.fault(
        Vendor::Jdy,
        "batch_create",
        json!({"kind": "late_commit", "ms": 300}),
    );
    assert!(
        bench
            .batch("b", &["b"])
            .timeout(Duration::from_millis(100))
            .send()
            .await
            .is_err()
    );
    assert_eq!(bench.simulator.form_rows(), 1, "not yet");
    // a resend waits for the request that still runs, and then finds its row
    let answer: Value = bench
        .batch("b", &["b"])
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (
            answer["success_count"].as_i64(),
            answer["success_ids"].as_array().map(Vec::len)
        ),
        (Some(1), Some(0))
    );
    assert_eq!(bench.simulator.form_rows(), 2);
}

#[tokio::test]
async fn one_id_with_two_row_sets_is_reported_even_if_nothing_was_written() {
    let bench = Bench::with(0).await;
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "reset"}));
    assert!(bench.batch("a", &["a"]).send().await.is_err());
    bench.batch("a", &["b"]).send().await.unwrap();
    assert_eq!(bench.simulator.stats().transactions.conflicts, 1);
    // a refusal is certain: the id is free again
    bench.simulator.set(|s| {
        s.jdy.poison.push(Poison {
            marker: "☠".into(),
            code: 3005,
        })
    });
    assert_eq!(
        bench.batch("c", &["☠"]).send().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    bench.batch("c", &["c"]).send().await.unwrap();
    assert_eq!(bench.simulator.stats().transactions.conflicts, 1);
}

#[tokio::test]
async fn too_many_at_once_get_429() {
    let bench = Bench::with(0).await;
    bench.simulator.set(|s| {
        s.jdy.concurrency = Some(2);
        s.jdy.latency_ms = 400;
    });
    let calls = (0..4).map(|i| {
        let (id, name) = (format!("t{i}"), format!("n{i}"));
        let request = bench.batch(&id, &[&name]);
        async move { request.send().await.unwrap().status().as_u16() }
    });
    let mut statuses = futures::future::join_all(calls).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429, 429]);
    assert!(bench.simulator.stats().jdy.max_in_flight >= 3);
}

#[tokio::test]
async fn the_control_side_does_what_the_handle_does() {
    let bench = Bench::with(10).await;
    let url = bench.simulator.url();
    let post = async |path: &str, body: Value| -> Value {
        bench
            .http
            .post(format!("{url}{path}"))
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    assert_eq!(
        post("/sim/change", json!({"count": 3})).await["company_ids"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let id = bench.simulator.company_ids()[0];
    post(
        "/sim/change",
        json!({"company_id": id, "set": {"short_name": "set"}}),
    )
    .await;
    let shown: Value = bench
        .http
        .get(format!("{url}/sim/customers/{id}"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(shown["expected"][1], "set");
    assert!(
        post("/sim/change", json!({"company_id": id, "set": {"shrt": 1}})).await["error"]
            .as_str()
            .unwrap()
            .contains("shrt")
    );
    assert!(
        post("/sim/settings", json!({"jdy": {"nope": 1}})).await["error"]
            .as_str()
            .unwrap()
            .contains("nope")
    );
    assert!(
        post("/sim/faults", json!({"vendor": "sap"})).await["error"]
            .as_str()
            .unwrap()
            .contains("sap")
    );
    assert_eq!(
        post("/sim/settings", json!({"jdy": {"enforce": false}})).await["jdy"]["enforce"],
        false
    );
    post("/sim/rows", json!({KEY_WIDGET: {"value": "by hand"}})).await;
    let report: Value = bench
        .http
        .get(format!("{url}/sim/judge"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (report["foreign"].as_i64(), report["missing"].as_i64()),
        (Some(1), Some(10))
    );
    post("/sim/outage", json!({"vendor": "okki", "on": true})).await;
    assert!(bench.okki("/v1/company/list").await.is_err());
    post("/sim/outage", json!({"vendor": "okki", "on": false})).await;
    assert!(bench.okki("/v1/company/list").await.is_ok());
    assert_eq!(
        post(
            "/sim/reset",
            json!({"rows": true, "world": {"customers": 4, "seed": 2}})
        )
        .await["source_customers"],
        4
    );
    assert_eq!(bench.simulator.form_rows(), 0);
    let help = bench
        .http
        .get(format!("{url}/sim/"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(help, CONTROL_HELP);
}

#[tokio::test]
async fn churn_changes_customers_until_it_is_done() {
    let bench = Bench::with(50).await;
    bench.simulator.churn(Churn {
        per_second: 500.0,
        add: 1,
        remove: 1,
        total: Some(40),
        ..Churn::default()
    });
    let patience = Instant::now() + Duration::from_secs(10);
    loop {
        let newest = bench.data("/v1/company/list?count=500").await;
        let names = newest["list"].as_array().unwrap().iter();
        if names
            .filter(|item| item["short_name"].as_str().unwrap().starts_with('r'))
            .count()
            > 5
        {
            break;
        }
        assert!(Instant::now() < patience, "no churn to be seen");
    }
    bench.simulator.churn(Churn::default());
}

#[tokio::test]
async fn stopping_resets_what_hangs() {
    let bench = Bench::with(0).await;
    bench.fault(Vendor::Jdy, "batch_create", json!({"kind": "hang"}));
    let request = tokio::spawn(bench.batch("a", &["a"]).send());
    let patience = Instant::now() + Duration::from_secs(5);
    while bench.simulator.stats().jdy.in_flight == 0 {
        assert!(Instant::now() < patience, "the request never arrived");
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    bench.simulator.stop().await;
    assert!(request.await.unwrap().is_err());
    assert!(begun.elapsed() < Duration::from_secs(5));
}
