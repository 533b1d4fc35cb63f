//! From the list of causes to the letter, from the customer to its row: what a person follows at night.

use super::{LIMIT, Scene, browser, says};
use kit::wait::eventually;

#[tokio::test]
async fn the_list_of_causes_shows_the_last_day_and_a_customer_leads_to_its_row() {
    let scene = Scene::of(4, 491, &[]).await;
    let written = scene.pipeline.simulator.company_ids()[0].to_string();
    let refused = scene.refused(3).await;
    let browser = browser("en").await;
    // What has died just now is a bar at the end.
    eventually(LIMIT, "the list shows the last day", async || {
        browser.open(&scene.url("/dead")).await.unwrap();
        let label = browser
            .run("return document.querySelector('.trend')?.getAttribute('aria-label') ?? ''")
            .await
            .unwrap();
        match label == "3 in 24 hours, at most 3 in one" {
            true => Ok(()),
            false => Err(label.to_string()),
        }
    })
    .await;
    assert!(browser.count(".trend rect").await >= 1);
    let groups = scene.ask("dead/load/groups").await.unwrap();
    let trends = groups["trends"].as_object().unwrap();
    let bars: Vec<u64> = trends
        .values()
        .next()
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|bar| bar.as_u64().unwrap())
        .collect();
    assert_eq!((bars.len(), bars.iter().sum::<u64>()), (24, 3), "{groups}");

    // Whoever has a row is one click away from it; whoever has none is not.
    let page = eventually(LIMIT, "the desk knows the row", async || {
        let customer = scene.ask(&format!("customers/{written}")).await?;
        let page = customer["row_page"].as_str().map(str::to_owned);
        page.ok_or_else(|| customer.to_string())
    })
    .await;
    browser
        .open(&scene.url(&format!("/customers/{written}")))
        .await
        .unwrap();
    says(&browser, "a.row-page", "Open the row in the form").await;
    let href = browser
        .run("return document.querySelector('a.row-page').href")
        .await
        .unwrap();
    assert_eq!(href, page.as_str());
    assert!(
        page.contains("/dashboard/app/") && page.ends_with("/qr_link"),
        "{page}"
    );
    let rows = scene.pipeline.simulator.rows(10);
    let id = page
        .trim_end_matches("/qr_link")
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    assert!(
        rows.iter().any(|row| row["_id"] == id.as_str()),
        "{page}: {rows:?}"
    );
    let customer = scene.ask(&format!("customers/{}", refused[0])).await.unwrap();
    assert!(customer["row_page"].is_null(), "{customer}");
}
