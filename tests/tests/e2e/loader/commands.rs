//! The loader's commands: what they say about a form that is right, wrong, or different from what was written.

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use pipeline::stage::Stage;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);

#[tokio::test]
async fn commands_say_where_a_customer_is_and_what_differs() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(12)
        .seed(71)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.quiet(LIMIT, 0).await;
    pipeline[loader].process().stop(LIMIT).await.unwrap();

    let said = pipeline.tool(Service::Loader, &["check"]).await.unwrap();
    assert!(said.contains("14 of them mapped"), "{said}");
    let id = pipeline.simulator.company_ids()[3].to_string();
    let said = pipeline.tool(Service::Loader, &["trace", &id]).await.unwrap();
    assert!(said.contains("form      1 row(s)"), "{said}");
    let said = pipeline
        .tool(Service::Loader, &["index", "rebuild"])
        .await
        .unwrap();
    assert!(said.contains("12 rows"), "{said}");
    let said = pipeline
        .tool(Service::Loader, &["index", "show", &id])
        .await
        .unwrap();
    assert!(said.contains("ledger    row "), "{said}");
    let said = pipeline.tool(Service::Loader, &["reconcile"]).await.unwrap();
    assert!(said.contains("12, 0 of them without a company id"), "{said}");

    // A person deletes one row, edits nothing else, and types in another one by hand.
    let rows = pipeline.simulator.rows(1);
    pipeline.simulator.delete_rows(rows[0]["_id"].as_str());
    let hand_made = serde_json::json!({ kit::simulator::KEY_WIDGET: {"value": id} });
    pipeline.simulator.insert_row(&hand_made).unwrap();
    let refused = pipeline
        .tool(Service::Loader, &["reconcile", "--json"])
        .await
        .unwrap_err();
    assert!(
        format!("{refused:#}").contains("1 customers differ"),
        "{refused:#}"
    );
    // The verdict and the doctors know of it until a comparison is clean.
    let told = async || {
        let mut told = Vec::new();
        for (service, command) in [
            (Service::Transformer, "status"),
            (Service::Loader, "doctor"),
            (Service::Extractor, "doctor"),
        ] {
            let output = pipeline.tool_output(service, &[command]).await.unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let open = "the comparison with the form of ";
            told.push(said.contains(open) && said.contains("`loader reconcile --fix`"));
        }
        told
    };
    assert_eq!(told().await, [true; 3]);
    let said = pipeline
        .tool(Service::Loader, &["reconcile", "--fix", "--json"])
        .await
        .unwrap();
    assert_eq!(told().await, [false; 3]);
    let found: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&found["missing"]["count"], &found["extra"]["count"]),
        (&1.into(), &1.into()),
        "{said}"
    );
    assert_eq!(pipeline.queues.waiting(Stage::Extract).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_form_that_does_not_fit_stops_the_loader_by_name() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(5)
        .seed(72)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .simulator(|options| {
            if let Some(form) = options.forms.first_mut() {
                form.widgets
                    .retain(|widget| widget.name != kit::simulator::cell_widget(7));
            }
        })
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    feed.put_all(&pipeline).await;
    pipeline[loader].pauses_for("客户星级").await;
    assert_eq!(pipeline.simulator.form_rows(), 0);
    let refused = pipeline.tool(Service::Loader, &["check"]).await.unwrap_err();
    assert!(format!("{refused:#}").contains("客户星级"), "{refused:#}");
}
