//! The integrator's documents, as their tools see them: the form that the loader read, a customer that the extractor
//! fetched, and a source document whose conditions decide who goes on.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::simulator::{Fault, FaultKind, FormSpec, Loose, Vendor, WidgetSpec, cell_widget};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::details::seen;
use super::filter_left::{source_document, written};
use super::sink::{Sink, calls};

/// What a command that has to fail said.
async fn refused(pipeline: &PipelineUnderTest, service: Service, arguments: &[&str]) -> String {
    let refused = pipeline.tool(service, arguments).await.unwrap_err();
    format!("{refused:#}")
}

#[tokio::test]
async fn a_mapping_is_checked_against_the_form_that_the_loader_read() {
    let mapping = mapping_document();
    let live = ["mapping", "check", mapping.as_str(), "--live"];
    let mut form = FormSpec::customers().with(WidgetSpec::new(&cell_widget(7), "客户星级", "number"));
    form.widgets.retain(|widget| widget.name != cell_widget(1));
    let pipeline = PipelineUnderTest::for_test()
        .customers(1)
        .simulator(|options| options.forms = vec![form])
        .set_for(Service::Loader, "MAPPING", &mapping)
        .start()
        .await;

    let said = refused(&pipeline, Service::Transformer, &live).await;
    assert!(
        said.contains("exit status: 78")
            && said.contains("run `loader check` once with the same NAMESPACE and REDIS_URL"),
        "{said}"
    );
    // The loader refuses the form, too; what it read is kept for others all the same.
    let said = refused(&pipeline, Service::Loader, &["check"]).await;
    assert!(said.contains(&cell_widget(1)), "{said}");
    let said = refused(&pipeline, Service::Transformer, &live).await;
    assert!(said.contains("exit status: 78"), "{said}");
    assert!(
        said.contains(&format!("the form has no field {}", cell_widget(1))),
        "{said}"
    );
    let wrong = format!("{} is a number on the form, but text is sent", cell_widget(7));
    assert!(said.contains(&wrong), "{said}");
}

#[tokio::test]
async fn a_form_that_fits_is_reported_with_its_age() {
    let mapping = mapping_document();
    let mut pipeline = PipelineUnderTest::for_test().customers(1).start().await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;
    let said = pipeline
        .tool(Service::Transformer, &["mapping", "check", &mapping, "--live"])
        .await
        .unwrap();
    assert!(
        said.contains("read by the loader") && said.contains("ok: 14 fields"),
        "{said}"
    );
    pipeline.drain().await;
}

#[tokio::test]
async fn keys_are_compared_with_what_customers_had_lately_wherever_redis_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("document.json");
    let text = std::fs::read_to_string(mapping_document()).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    // A standard field of OKKI, which no customer of this account has.
    document["request"][0]["value"] = "{{public_type}}".into();
    std::fs::write(&place, document.to_string()).unwrap();
    let place = place.display().to_string();
    let check = ["mapping", "check", place.as_str()];
    let mut pipeline = PipelineUnderTest::for_test().customers(3).start().await;
    let before = pipeline.tool(Service::Transformer, &check).await.unwrap();
    assert!(!before.contains("customers seen"), "{before}");
    pipeline.run_all();
    pipeline.until_equal(Duration::from_secs(120)).await;
    eventually(
        Duration::from_secs(60),
        "the transformer tells what it saw",
        async || {
            let said = pipeline.tool(Service::Transformer, &check).await.unwrap();
            expect(
                said.contains("public_type is in none of the") && said.contains("customers seen"),
                || said,
            )
        },
    )
    .await;
    pipeline.drain().await;
    // A Redis that does not answer is said, and fails nothing.
    let mut settings = kit::pipeline::Settings::new();
    settings.insert("REDIS_URL".into(), "redis://127.0.0.1:9/0".into());
    let output = command(Service::Transformer, &settings)
        .unwrap()
        .args(check)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.contains("not compared with what customers have had lately"),
        "{errors}"
    );
}

#[tokio::test]
async fn a_fetched_customer_goes_through_a_pipe_into_the_mapping() {
    let pipeline = PipelineUnderTest::for_test().customers(3).seed(66).start().await;
    let id = pipeline.simulator.company_ids()[1];
    let fetched = pipeline
        .tool(Service::Extractor, &["fetch", &id.to_string()])
        .await
        .unwrap();
    let detail: Value = serde_json::from_str(&fetched).unwrap();
    assert_eq!(detail["company_id"], id);

    let mapping = mapping_document();
    let mut try_it = command(Service::Transformer, &pipeline.settings(Service::Transformer)).unwrap();
    let mut try_it = try_it
        .args(["mapping", "try", &mapping, "--company", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    try_it
        .stdin
        .take()
        .unwrap()
        .write_all(fetched.as_bytes())
        .unwrap();
    let output = try_it.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let name = pipeline.simulator.customer(id).unwrap().name;
    assert!(output.status.success() && said.contains(name.trim()), "{said}");

    let said = refused(
        &pipeline,
        Service::Transformer,
        &["mapping", "try", &mapping, "--company", &id.to_string()],
    )
    .await;
    assert!(said.contains(&format!("extractor fetch {id} |")), "{said}");
    let said = refused(&pipeline, Service::Extractor, &["fetch", "1"]).await;
    assert!(said.contains("Not Found Resource"), "{said}");
    let said = refused(&pipeline, Service::Extractor, &["fetch", "ACME"]).await;
    assert!(said.contains("78") && said.contains("company_id"), "{said}");
}

#[tokio::test]
async fn a_source_documents_condition_filters_and_is_accounted() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.json");
    let document = json!({
        "api": "/v1/company/list", "effect": "QUERY", "method": "GET", "id": "company_id",
        "request": [{"field": "all", "label": "all", "type": "string", "value": "1"}],
        "formatResponse": [{"old": "create_time", "new": "create_day", "format": "date"}],
        "condition": [[
            {"field": "管理信息客户星级", "logic": "egt", "value": "3"},
            {"field": "create_day", "logic": "notnull"},
        ]],
    });
    std::fs::write(&source, document.to_string()).unwrap();
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(67)
        .set_for(Service::Extractor, "SOURCE", source.display().to_string())
        .start()
        .await;
    let stars = |id: i64| match pipeline.simulator.customer(id).unwrap().star {
        Some(Loose::Int(star)) => star,
        Some(Loose::Text(star)) => star.trim().parse().unwrap_or(0),
        None => 0,
    };
    let ids = pipeline.simulator.company_ids();
    let kept: Vec<String> = ids
        .iter()
        .filter(|id| stars(**id) >= 3)
        .map(i64::to_string)
        .collect();
    assert!(!kept.is_empty() && kept.len() < ids.len(), "{kept:?}");

    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    let filtered = (ids.len() - kept.len()) as u64;
    eventually(
        Duration::from_secs(60),
        "every other customer is counted as filtered",
        async || {
            let status = pipeline
                .tool(Service::Extractor, &["status", "--json", "--runs", "500"])
                .await
                .unwrap();
            let status: Value = serde_json::from_str(&status).unwrap();
            let runs = status["finished"].as_array().cloned().unwrap_or_default();
            let counted = |run: &Value| run["outcome"]["filtered"] == filtered && run["pending"] == 0;
            expect(runs.iter().any(counted), || status.to_string())
        },
    )
    .await;
    eventually(Duration::from_secs(60), "the kept ones are seen", async || {
        let seen: Vec<String> = sink.seen().into_keys().collect();
        expect(
            seen.len() == kept.len() && kept.iter().all(|id| seen.contains(id)),
            || format!("{seen:?}, not {kept:?}"),
        )
    })
    .await;
    let books = pipeline
        .tool(Service::Loader, &["books", "--json"])
        .await
        .unwrap();
    let books: Value = serde_json::from_str(&books).unwrap();
    assert!(
        books.to_string().contains(&format!("\"filtered\":{filtered}")),
        "{books}"
    );
    pipeline.drain().await;
}

/// What the document says of the form of values concerns the detail, too.
#[tokio::test]
async fn the_format_of_a_document_is_asked_for_in_details() {
    let mut document = source_document();
    document["condition"] = json!([]);
    let format = json!({"field": "format", "label": "f", "type": "string", "value": "1"});
    document["request"].as_array_mut().unwrap().push(format);
    let (_folder, source) = written(&document);
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(263)
        .set_for(Service::Extractor, "SOURCE", source)
        .start()
        .await;
    let counted = Fault::on(Vendor::Okki, "info", FaultKind::Slow { ms: 0 }).containing("format=1");
    pipeline.simulator.fault(counted);
    pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    seen(&sink, 20).await;
    let (with, all) = (pipeline.simulator.faults()[0].seen, calls(&pipeline, "info"));
    assert!(with >= 20 && with == all, "{with} of {all} details");
    pipeline.drain().await;
}
