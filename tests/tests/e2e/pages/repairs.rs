//! Changing values of many letters: shown before anything moves, one by one and all.

use super::{Scene, browser, says, tick};

#[tokio::test]
async fn fifty_letters_are_changed_by_a_formula_after_the_difference_was_seen() {
    let scene = Scene::buried(50, 441, &[]).await;
    let label = kit::simulator::LABELS[0];
    let browser = browser("en").await;
    browser.open(&scene.url("/dead/load")).await.unwrap();
    // One by its tick.
    tick(&browser, 1).await;
    browser
        .fill("form[action='/dead/load/plan'] input[name=reason]", "first")
        .await
        .unwrap();
    browser
        .click("button[formaction='/dead/load/repair']")
        .await
        .unwrap();
    change(&browser, label, "compute", &format!("{{{{{label}}}}} (checked)")).await;
    says(&browser, "#preview .diff", "(checked)").await;
    says(&browser, "#preview", "1 letters fit, 0 stay as they are").await;
    assert_eq!(
        scene.pipeline.simulator.form_rows(),
        0,
        "nothing moves before it was seen"
    );
    browser.click("#actions button.primary").await.unwrap();
    says(&browser, ".plan-state", "complete").await;
    scene.letters("load", 49).await;
    // All that are meant.
    browser.open(&scene.url("/dead/load")).await.unwrap();
    browser.click("input[name=which][value=all]").await.unwrap();
    browser
        .fill("form[action='/dead/load/plan'] input[name=reason]", "all of them")
        .await
        .unwrap();
    browser
        .click("button[formaction='/dead/load/repair']")
        .await
        .unwrap();
    change(&browser, label, "compute", &format!("{{{{{label}}}}} (checked)")).await;
    says(&browser, "#preview", "49 letters fit, 0 stay as they are").await;
    browser.click("#actions button.primary").await.unwrap();
    says(&browser, ".plan-state", "complete").await;
    scene.letters("load", 0).await;
    let rows = scene.pipeline.simulator.rows(100);
    let checked = rows
        .iter()
        .filter(|row| row.to_string().contains("(checked)"))
        .count();
    assert_eq!((rows.len(), checked), (50, 50));
}

async fn change(browser: &kit::browser::Browser, field: &str, kind: &str, value: &str) {
    says(browser, "h1", "Change values").await;
    browser.fill("input[name=field0]", field).await.unwrap();
    browser
        .click(&format!("select[name=kind0] option[value={kind}]"))
        .await
        .unwrap();
    browser.fill("input[name=value0]", value).await.unwrap();
    browser
        .fill("input[name=reason]", "checked by hand")
        .await
        .unwrap();
    browser.click("button.primary").await.unwrap();
}
