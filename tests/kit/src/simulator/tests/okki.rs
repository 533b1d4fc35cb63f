//! OKKI over HTTP: tokens, removals, limits.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Bench;
use crate::simulator::*;

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
async fn an_allowance_is_told_and_kept() {
    let bench = Bench::with(5).await;
    bench.simulator.set(|s| {
        s.okki.allowance = Some(Allowance {
            calls: 4,
            seconds: 3600,
        });
    });
    let mut told = Vec::new();
    loop {
        let answer = bench.okki("/v1/company/list").await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().parse::<u64>().unwrap();
        let (left, reset) = (header("x-ratelimit-remaining"), header("x-ratelimit-reset"));
        assert!((3000..=3600).contains(&reset), "{reset}");
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        told.push(left);
    }
    assert!(told.is_sorted_by(|before, after| before > after), "{told:?}");
    assert_eq!(told.last(), Some(&0));
}

#[tokio::test]
async fn a_listing_lies_when_it_is_told_to() {
    let bench = Bench::with(30).await;
    let id = bench.simulator.company_ids()[3];
    bench.simulator.set(|s| {
        s.okki.mixed_numbers = false;
        s.okki.listing.totals = Totals::Page;
        s.okki.listing.hide_now = true;
        s.okki.listing.ids.insert(id, "5.6e99".into());
    });
    let answer = bench.okki("/v1/company/list?count=7").await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["data"]["totalItem"], 7);
    assert_eq!(answer.get("now"), None);
    bench.simulator.set(|s| {
        s.okki.listing.totals = Totals::Capped(12);
        s.okki.listing.now_offset_s = 86_400;
        s.okki.listing.hide_now = false;
        s.okki.listing.bad_bytes = vec![id];
    });
    let answer = bench.okki("/v1/company/list?count=30").await.unwrap();
    let body = answer.bytes().await.unwrap();
    assert!(std::str::from_utf8(&body).is_err() && body.windows(6).any(|part| part == b"5.6e99"));
    assert!(String::from_utf8_lossy(&body).contains(r#""totalItem":12,"#));
    let tomorrow = (jiff::Timestamp::now().as_second() + 86_400 + 28_800).div_euclid(86_400);
    let date = jiff::Timestamp::from_second(tomorrow * 86_400)
        .unwrap()
        .strftime("%Y-%m-%d")
        .to_string();
    assert!(String::from_utf8_lossy(&body).contains(&format!(r#""now":"{date}"#)));
}

#[tokio::test]
async fn a_listing_may_honour_dates_only_and_hide_when_customers_went() {
    let bench = Bench::with(10).await;
    let changed = bench.simulator.touch(1);
    let gone = bench.simulator.remove(1);
    bench.simulator.set(|s| {
        s.okki.listing.dates_only = true;
        s.okki.listing.removed_without_time = true;
    });
    let now = jiff::Timestamp::now().as_second() + 28_800;
    let day = jiff::Timestamp::from_second(now)
        .unwrap()
        .strftime("%Y-%m-%d")
        .to_string();
    let window = format!("start_time={day} 00:00:00&end_time={day} 00:00:01").replace(' ', "%20");
    let list = bench.data(&format!("/v1/company/list?{window}")).await["list"].clone();
    let expected = usize::from(changed != gone);
    assert!(list.as_array().unwrap().len() >= expected, "{list}");
    let removed = bench.data("/v1/company/list?removed=1").await["list"].clone();
    assert_eq!(
        (&removed[0]["company_id"], removed[0].get("update_time")),
        (&json!(gone[0]), None)
    );
}

#[tokio::test]
async fn the_dictionary_of_fields_has_what_details_show() {
    let bench = Bench::with(9).await;
    let plain = bench.data("/v1/company/fields?type=company").await;
    assert_eq!(plain, bench.data("/v1/company/fields").await);
    let listed: Vec<(String, String)> = plain.as_array().unwrap().iter().map(described).collect();
    for id in bench.simulator.company_ids() {
        let detail = bench.data(&format!("/v1/company/info?company_id={id}")).await;
        for group in detail["company"].as_array().unwrap() {
            for field in group["fields"].as_array().unwrap() {
                assert!(listed.contains(&described(field)), "{field}");
            }
        }
    }
    let contacts = bench.data("/v1/company/fields?type=customer").await;
    assert_eq!(described(&contacts[1]), ("email".to_owned(), "邮箱".to_owned()));

    bench.simulator.set(|s| s.okki.fields = FieldList::Grouped);
    let grouped = bench.data("/v1/company/fields").await;
    assert_eq!(grouped[0]["name"], "基本信息");
    assert_eq!(grouped[0]["fields"][0]["name"], "公司名称");
    bench.simulator.set(|s| s.okki.fields = FieldList::Refused);
    let refused: Value = bench
        .okki("/v1/company/fields")
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(refused["code"], 403);
    assert_eq!(bench.simulator.stats().okki.calls_of("fields"), 5);
}

/// Id and caption of a field, whichever way its numbers are written.
fn described(field: &Value) -> (String, String) {
    let id = field["id"]
        .as_str()
        .map_or_else(|| field["id"].to_string(), str::to_owned);
    (id, field["name"].as_str().unwrap().to_owned())
}
