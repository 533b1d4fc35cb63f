//! A customer beside its row, and the mapping in use.

use super::{Scene, browser, says};
use kit::simulator::{KEY_WIDGET, cell_widget};
use serde_json::json;

#[tokio::test]
async fn a_customer_stands_beside_its_row_cell_by_cell() {
    let scene = Scene::of(6, 461, &[]).await;
    let id = scene.pipeline.simulator.company_ids()[0];
    let browser = browser("en").await;
    browser
        .open(&scene.url(&format!("/customers/{id}")))
        .await
        .unwrap();
    let compare = format!("form[action='/customers/{id}/cells'] button");
    browser.click(&compare).await.unwrap();
    says(
        &browser,
        "main .good",
        "The form shows what would be written now.",
    )
    .await;
    let name = scene.pipeline.simulator.expected(id).unwrap()[0].clone();
    says(&browser, "#cells tbody tr:first-child", &format!("name = {name}")).await;
    says(&browser, "#cells tbody tr:first-child td:last-child", &name).await;

    // Somebody has changed the row.
    let rows = scene.pipeline.simulator.rows(100);
    let key = id.to_string();
    let row = rows.iter().find(|row| row[KEY_WIDGET] == key).unwrap();
    let row_id = row["_id"].as_str().unwrap().to_owned();
    let typed = json!({cell_widget(0): {"value": "Somebody's own name"}});
    scene.pipeline.simulator.edit_row(&row_id, &typed).unwrap();
    browser
        .open(&scene.url(&format!("/customers/{id}")))
        .await
        .unwrap();
    browser.click(&compare).await.unwrap();
    says(&browser, "main .bad", "1 cells differ").await;
    says(&browser, "#cells tr.differs ins", "Somebody's own name").await;

    // A look at the mapping asks nobody: no wish, and nothing in the audit log.
    let asked = |wishes: serde_json::Value| wishes["wishes"].as_array().unwrap().len();
    let before = asked(scene.ask("wishes").await.unwrap());
    browser.open(&scene.url("/mapping")).await.unwrap();
    says(&browser, "main", "14 widgets are filled").await;
    says(&browser, "main .good", "Mapping and form fit together.").await;
    assert_eq!(asked(scene.ask("wishes").await.unwrap()), before);
    browser
        .fill("form[action='/mapping'] input[name=id]", &id.to_string())
        .await
        .unwrap();
    browser.click("form[action='/mapping'] button").await.unwrap();
    says(&browser, "#mapping tbody tr:first-child", &name).await;
    let complaints = browser.complaints().await.unwrap();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[tokio::test]
async fn a_program_that_is_away_is_named() {
    let mut scene = Scene::of(2, 462, &[]).await;
    let id = scene.pipeline.simulator.company_ids()[0];
    scene.pipeline.drain().await;
    let me = scene.ask("me").await.unwrap();
    let answer = kit::http::client()
        .post(scene.url(&format!("/api/v1/customers/{id}/cells")))
        .header("x-form-token", me["form_token"].as_str().unwrap())
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 422);
    let said = answer.text().await.unwrap();
    assert!(said.contains("runs, and only a running one can do it"), "{said}");
}
