//! The simulator over HTTP: that the answers mean what the judge expects, and that faults look real from outside.
#![allow(clippy::unwrap_used)]

mod control;
mod faults;
mod okki;
mod pushes;
mod throughput;
mod webhook;

use std::collections::HashMap;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use super::*;

struct Bench {
    simulator: Simulator,
    http: Client,
    token: String,
}

impl Bench {
    async fn start(options: Options) -> Bench {
        pipeline::tls::install_crypto();
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
            // Of two fields of one name, in whichever order, a text wins over a list, and either over nothing.
            let rank = |value: &Value| (!text(value).is_empty(), value.is_string());
            let value = field["value"].clone();
            let earlier = fields.remove(&key).filter(|earlier| rank(earlier) > rank(&value));
            fields.insert(key, earlier.unwrap_or(value));
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
