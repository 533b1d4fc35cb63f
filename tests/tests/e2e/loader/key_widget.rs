//! A key widget that cannot hold the company ids ends every program with 78, before anything is written.

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{KEY_WIDGET, WidgetSpec, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::json;

use super::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);
/// Everything that looks for rows by their key.
const COMMANDS: [&[&str]; 7] = [
    &["run"],
    &["check"],
    &["doctor"],
    &["index", "rebuild"],
    &["reconcile"],
    &["reconcile", "--fix"],
    &["adopt", "--match", "客户公司名称", "--yes"],
];

async fn with_key_widget(seed: u64, key: WidgetSpec) -> PipelineUnderTest {
    PipelineUnderTest::for_test()
        .customers(5)
        .seed(seed)
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .simulator(|options| {
            let form = options.forms.first_mut().unwrap();
            *form = form.clone().with(key);
        })
        .start()
        .await
}

async fn all_refuse(pipeline: &PipelineUnderTest, words: &str) {
    for command in COMMANDS {
        let output = pipeline.tool_output(Service::Loader, command);
        let output = tokio::time::timeout(LIMIT, output)
            .await
            .expect("ends by itself")
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{command:?}: {said}");
        let error = said
            .lines()
            .rfind(|line| line.starts_with("error: "))
            .unwrap_or_default();
        assert!(
            error.contains("JDY_KEY_WIDGET") && error.contains(words),
            "{command:?}: {said}"
        );
    }
}

#[tokio::test]
async fn a_key_widget_that_cannot_hold_ids_is_a_wrong_setting() {
    let plain = WidgetSpec::new(KEY_WIDGET, "OKKI ID", "text");
    let shows = |name: &str, member: serde_json::Value| WidgetSpec {
        members: [(name.to_owned(), member)].into_iter().collect(),
        ..plain.clone()
    };
    let cases = [
        (
            WidgetSpec {
                hidden: true,
                ..plain.clone()
            },
            "as the API shows it",
        ),
        (WidgetSpec::new(KEY_WIDGET, "OKKI ID", "number"), "of type number"),
        (WidgetSpec::new(KEY_WIDGET, "OKKI ID", "phone"), "of type phone"),
        (
            WidgetSpec::new(KEY_WIDGET, "OKKI ID", "textarea"),
            "of type textarea",
        ),
        (
            shows("defaultValue", json!("1")),
            "filled by the form itself (defaultValue)",
        ),
        (
            shows("formula", json!("CONCATENATE()")),
            "filled by the form itself (formula)",
        ),
    ];
    for (key, words) in cases {
        let pipeline = with_key_widget(131, key).await;
        let feed = Feed::new(&pipeline).await;
        feed.put_all(&pipeline).await;
        all_refuse(&pipeline, words).await;
        assert_eq!(pipeline.simulator.form_rows(), 0);
    }
}

#[tokio::test]
async fn a_key_widget_that_is_mapped_too_is_known_without_any_server() {
    let key = WidgetSpec::new(KEY_WIDGET, "OKKI ID", "text");
    let mut pipeline = with_key_widget(132, key).await;
    for away in ["JDY_BASE_URL", "REDIS_URL", "AMQP_URL"] {
        let scheme = match away {
            "JDY_BASE_URL" => "http",
            "REDIS_URL" => "redis",
            _ => "amqp",
        };
        pipeline.set_for(Service::Loader, away, format!("{scheme}://127.0.0.1:9"));
    }
    pipeline.set_for(Service::Loader, "JDY_KEY_WIDGET", cell_widget(0));
    all_refuse(&pipeline, "filled by the mapping, too (客户公司名称)").await;
    pipeline.set_for(Service::Loader, "JDY_KEY_WIDGET", "_widget_gone");
    pipeline.set_for(Service::Loader, "ON_REMOVAL", "mark:_widget_gone=gone");
    all_refuse(&pipeline, "ON_REMOVAL").await;
}

/// A text widget that people have filled with telephone numbers: digits, but nobody's id. Every customer would get a
/// second row.
#[tokio::test]
async fn telephone_numbers_in_the_key_widget_pause_the_loader_before_a_row_is_doubled() {
    let mut pipeline = with_key_widget(133, WidgetSpec::new(KEY_WIDGET, "电话", "text")).await;
    for n in 0..20 {
        let row = json!({KEY_WIDGET: {"value": format!("138001380{n:02}")}});
        pipeline.simulator.insert_row(&row).unwrap();
    }
    let feed = Feed::new(&pipeline).await;
    feed.put_all(&pipeline).await;
    let loader = pipeline.run(Service::Loader);
    eventually(
        LIMIT,
        "the loader says what stands in the key widget",
        async || {
            let state = pipeline[loader].state().await;
            expect(state.contains("telephone number"), || state.clone())
        },
    )
    .await;
    let said = pipeline.tool(Service::Loader, &["check"]).await.unwrap();
    assert!(
        said.contains("telephone number") && said.contains("JDY_KEY_WIDGET"),
        "{said}"
    );
    assert_eq!(pipeline.simulator.form_rows(), 20);
    pipeline[loader].kill9();
}
