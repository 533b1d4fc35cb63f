//! `kill -9` of the desk in the middle of a replay: nothing is lost, and it goes on.

use super::{LIMIT, Scene};
use kit::{desk::Desk, wait::eventually};
use serde_json::json;

#[tokio::test]
async fn a_desk_that_is_killed_in_the_middle_of_a_replay_goes_on_after_its_start() {
    let mut scene = Scene::buried(40, 411, &["--replay-adopt-after", "3s"]).await;
    let me = scene.ask("me").await.unwrap();
    let client = kit::http::client();
    let post = async |scene: &Scene, path: &str, body: serde_json::Value| -> serde_json::Value {
        let sent = client
            .post(scene.url(&format!("/api/v1/{path}")))
            .header("x-form-token", me["form_token"].as_str().unwrap());
        sent.json(&body).send().await.unwrap().json().await.unwrap()
    };
    let made = post(
        &scene,
        "dead/load/plans",
        json!({"all": true, "reason": "fixed", "rate": "5/s"}),
    )
    .await;
    let id = made["plan"].as_str().unwrap().to_owned();
    let plan = async |scene: &Scene| scene.ask(&format!("plans/{id}")).await;
    eventually(LIMIT, "the plan is made", async || {
        let plan = plan(&scene).await?;
        match plan["plan"]["state"] == "planned" {
            true => Ok(()),
            false => Err(plan.to_string()),
        }
    })
    .await;
    post(&scene, &format!("plans/{id}/run"), json!({})).await;
    eventually(LIMIT, "some letters are back", async || {
        let plan = plan(&scene).await?;
        match plan["plan"]["sent"].as_u64().unwrap_or(0) >= 3 {
            true => Ok(()),
            false => Err(plan["plan"].to_string()),
        }
    })
    .await;
    scene.desk.process.kill9().unwrap();
    scene.desk = Desk::start(
        &scene.pipeline,
        scene.folder.path(),
        &["--replay-adopt-after", "3s"],
    )
    .await
    .unwrap();
    eventually(LIMIT, "the replay has come to its end", async || {
        let plan = plan(&scene).await?;
        let plan = &plan["plan"];
        match plan["state"] == "complete" && plan["outcomes"]["loaded"] == 40 {
            true => Ok(()),
            false => Err(plan.to_string()),
        }
    })
    .await;
    scene.pipeline.until_equal(LIMIT).await;
    assert_eq!(scene.pipeline.simulator.form_rows(), 40);
}
