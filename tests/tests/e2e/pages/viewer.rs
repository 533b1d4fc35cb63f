//! A viewer changes nothing and reads nothing of customers.

use super::{
    LIMIT, Scene,
    people::{json, signed_in, with_people},
};
use kit::wait::eventually;
use reqwest::{Client, StatusCode, header};

/// Letters, as an operator sees that they are there.
async fn letters(scene: &Scene, operator: &Client, count: usize) -> Vec<serde_json::Value> {
    eventually(LIMIT, "the desk knows the letters", async || {
        let answer = operator
            .get(scene.url("/api/v1/dead/load/letters?limit=500"))
            .send()
            .await;
        let page: serde_json::Value = answer
            .map_err(|error| error.to_string())?
            .json()
            .await
            .map_err(|error| error.to_string())?;
        let letters = page["letters"].as_array().cloned().unwrap_or_default();
        match letters.len() == count && page["known"]["unseen"] == 0 {
            true => Ok(letters),
            false => Err(page.to_string()),
        }
    })
    .await
}

#[tokio::test]
async fn a_viewer_changes_nothing_and_reads_nothing_of_customers() {
    let scene = with_people(422).await;
    let ids: Vec<String> = scene
        .pipeline
        .simulator
        .add(3)
        .iter()
        .map(ToString::to_string)
        .collect();
    // The form says whose row it refuses.
    for id in &ids {
        let customer = scene.pipeline.simulator.customer(id.parse().unwrap()).unwrap();
        let customer = serde_json::to_value(customer).unwrap();
        let refusal = kit::simulator::FaultKind::Code {
            code: 3005,
            message: format!("{} is there already", customer["name"].as_str().unwrap()),
            status: None,
        };
        let fault = kit::simulator::Fault::on(kit::simulator::Vendor::Jdy, "batch_create", refusal);
        scene.pipeline.simulator.fault(fault.containing(id));
    }
    let (operator, viewer) = (
        signed_in(&scene, "operator").await,
        signed_in(&scene, "viewer").await,
    );
    let known = letters(&scene, &operator, 3).await;
    // What nobody may see, as the form would have it.
    let mut secrets = Vec::new();
    for id in &ids {
        let id: i64 = id.parse().unwrap();
        let customer = serde_json::to_value(scene.pipeline.simulator.customer(id).unwrap()).unwrap();
        secrets.extend(customer["name"].as_str().map(str::to_owned));
        let cells = scene.pipeline.simulator.expected(id).unwrap();
        secrets.extend(cells.into_iter().filter(|cell| {
            cell.chars().count() > 3 && cell.parse::<f64>().is_err() && !cell.contains(&id.to_string())
        }));
    }
    assert!(secrets.len() > 6, "{secrets:?}");
    let (letter, group) = (
        known[0]["record"]["id"].as_str().unwrap(),
        known[0]["group"].as_str().unwrap(),
    );
    let mut paths = vec![
        "/".to_owned(),
        "/dead".into(),
        "/dead/load".into(),
        format!("/dead/load/{group}"),
        "/customers".into(),
        format!("/customers/{}", ids[0]),
        "/plans".into(),
        "/rules".into(),
        "/runs".into(),
        "/health".into(),
        "/audit".into(),
        "/wishes".into(),
    ];
    let letter_query: String = url::form_urlencoded::byte_serialize(letter.as_bytes()).collect();
    paths.push(format!("/dead/load/letter?id={letter_query}"));
    for path in [
        "me",
        "overview",
        "health",
        "runs",
        "dead/load/groups",
        "dead/load/letters",
        "customers",
        "plans",
        "rules",
        "audit",
        "wishes",
    ] {
        paths.push(format!("/api/v1/{path}"));
    }
    paths.push(format!("/api/v1/customers/{}", ids[0]));
    paths.push(format!(
        "/api/v1/dead/load/letters/{}",
        letter.rsplit('~').next().unwrap()
    ));
    // A plan whose samples show what changes, as an operator made it.
    let plan = repairing(&scene, &operator).await;
    paths.extend([format!("/plans/{plan}"), format!("/api/v1/plans/{plan}")]);
    for path in &paths {
        let answer = viewer.get(scene.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let text = answer.text().await.unwrap();
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{path} shows {secret}");
        }
    }
    for path in [
        "/live/",
        "/live/dead",
        "/live/health",
        &format!("/live/plans/{plan}"),
        &format!("/live/customers/{}", ids[0]),
    ] {
        let mut answer = viewer.get(scene.url(path)).send().await.unwrap();
        let chunk = answer.chunk().await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&chunk);
        assert!(
            text.contains("event: page") && secrets.iter().all(|secret| !text.contains(secret.as_str())),
            "{path}"
        );
    }
    // What letters say cannot be guessed, either.
    for path in [
        "/customers?q=a",
        "/dead/load?where=text~a",
        "/api/v1/dead/load/letters?where=not%20text~a",
        "/v1/letters?stage=load",
        "/v1/customer?id=1",
    ] {
        let answer = viewer.get(scene.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    refuses_every_post(&scene, &viewer).await;
    // An operator reads it, with e-mail addresses and phone numbers masked.
    let page = operator
        .get(scene.url(&format!("/dead/load/letter?id={letter_query}")))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        secrets.iter().any(|secret| page.contains(secret.as_str())),
        "{page}"
    );
    assert!(page.contains("is there already"), "{page}");
    assert!(!page.contains("@example") || page.contains("***@"), "{page}");
}

/// A plan that changes a value of every letter.
async fn repairing(scene: &Scene, operator: &Client) -> String {
    let me = json(scene, operator, "/api/v1/me").await;
    let label = kit::simulator::LABELS[0];
    let compute = format!("{label}={{{{{label}}}}} (checked)");
    let body = serde_json::json!({"where": "code=row-refused", "reason": "checked", "compute": [compute]});
    let sent = operator
        .post(scene.url("/api/v1/dead/load/plans"))
        .header("x-form-token", me["form_token"].as_str().unwrap());
    let made: serde_json::Value = sent.json(&body).send().await.unwrap().json().await.unwrap();
    let id = made["plan"].as_str().unwrap().to_owned();
    eventually(LIMIT, "the plan shows samples", async || {
        let asked = operator.get(scene.url(&format!("/plans/{id}"))).send().await;
        let page = asked.map_err(|error| error.to_string())?.text().await;
        let page = page.map_err(|error| error.to_string())?;
        match page.contains("(checked)") {
            true => Ok(()),
            false => Err(page),
        }
    })
    .await;
    id
}

async fn refuses_every_post(scene: &Scene, viewer: &Client) {
    let me = json(scene, viewer, "/api/v1/me").await;
    let token = me["form_token"].as_str().unwrap();
    for path in [
        "/dead/load/plan",
        "/dead/load/discard",
        "/dead/load/repair",
        "/dead/load/repair/plan",
        "/setup",
        "/mapping",
        "/customers/56000000000101/cells",
        "/plans/p-1/run",
        "/plans/p-1/pause",
        "/plans/p-1/cancel",
        "/operations/d-1/undo",
        "/dead/load/letter/reveal",
        "/dead/load/letter/edit",
        "/dead/load/edit",
        "/dead/load/edit/put-back",
        "/dead/load/export",
        "/dead/load/import",
        "/rules",
        "/rules/_try",
        "/rules/x/off",
    ] {
        let body = format!("form_token={token}&reason=x&which=all&where=code=row-refused");
        let sent = viewer
            .post(scene.url(path))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        assert_eq!(
            sent.send().await.unwrap().status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    for path in [
        "dead/load/plans",
        "dead/load/discards",
        "setup",
        "customers/56000000000101/cells",
        "plans/p-1/run",
        "plans/p-1/pause",
        "plans/p-1/cancel",
        "operations/d-1/undo",
        "dead/load/letters/1/reveal",
        "dead/load/letters/1/draft",
        "dead/load/letters/1/edit",
        "dead/load/exports",
        "dead/load/imports?reason=x",
        "rules",
        "rules/_try",
        "rules/x/off",
    ] {
        let body = serde_json::json!({"reason": "x", "all": true});
        let sent = viewer
            .post(scene.url(&format!("/api/v1/{path}")))
            .header("x-form-token", token)
            .json(&body);
        assert_eq!(
            sent.send().await.unwrap().status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let plans = json(scene, viewer, "/api/v1/plans").await;
    let of = |name: &str| plans[name].as_array().unwrap().len();
    assert_eq!((of("plans"), of("operations")), (1, 0), "only the operator's");
}
