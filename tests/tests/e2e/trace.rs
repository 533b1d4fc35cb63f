//! Where is customer X: each of the three programs says it, over all stages.

use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(90);

async fn traced(pipeline: &PipelineUnderTest, service: Service, id: i64) -> Value {
    let id = id.to_string();
    let printed = pipeline.tool(service, &["trace", &id, "--json"]).await;
    let printed = printed.unwrap_or_else(|error| panic!("{error:#}"));
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

fn words(traced: &Value) -> Vec<&str> {
    let steps = traced["events"]["steps"].as_array().unwrap();
    steps.iter().map(|step| step["what"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_program_says_where_a_customer_is_and_how_it_got_there() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(8)
        .seed(157)
        .set("RETRY_DELAYS", "10m,20m")
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    let (dead, slow, well) = (ids[0], ids[1], ids[2]);
    let refusal = FaultKind::Code {
        code: 3005,
        message: "字段校验失败".into(),
        status: None,
    };
    let fault = Fault::on(Vendor::Jdy, "batch_create", refusal);
    pipeline.simulator.fault(fault.containing(&dead.to_string()));
    let fault = Fault::on(Vendor::Okki, "info", FaultKind::Malformed);
    pipeline.simulator.fault(fault.containing(&slow.to_string()));
    pipeline.run_all();
    pipeline.rows(LIMIT, ids.len() - 2).await;
    eventually(LIMIT, "one died and one waits", async || {
        let places = [dead, slow].map(async |id| traced(&pipeline, Service::Transformer, id).await);
        let [dead, slow] = places;
        let places = (dead.await["place"].clone(), slow.await["place"].clone());
        expect(places == ("dead".into(), "ladder".into()), || {
            format!("{places:?}")
        })
    })
    .await;

    for service in Service::ALL {
        let here = traced(&pipeline, service, well).await;
        assert_eq!(
            (&here["place"], &here["stage"]),
            (&"form".into(), &"load".into()),
            "{here}"
        );
        assert_eq!(words(&here), ["listed", "fetched", "mapped", "created"]);
        let row = here["events"]["steps"][3]["row_id"].as_str().unwrap();
        assert!(here["now"].as_str().unwrap().contains(row), "{here}");

        let here = traced(&pipeline, service, dead).await;
        assert_eq!(here["place"], "dead", "{here}");
        let letter = here["letters"][0].as_str().unwrap();
        let digits = letter.rsplit_once('~').unwrap().1;
        let next = here["next"].as_str().unwrap();
        assert!(next.contains(&format!("loader dead show {digits}")), "{next}");
        let last = here["events"]["steps"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(
            (&last["what"], &last["vendor_code"]),
            (&"died".into(), &"3005".into()),
            "{last}"
        );

        let here = traced(&pipeline, service, slow).await;
        assert_eq!(
            (&here["place"], &here["stage"]),
            (&"ladder".into(), &"extract".into()),
            "{here}"
        );
        let now = jiff::Timestamp::now().as_millisecond();
        assert!(here["next_at"].as_i64().unwrap() > now, "{here}");

        let here = traced(&pipeline, service, 1).await;
        assert_eq!(here["place"], "unknown", "{here}");
        let said = pipeline
            .tool(service, &["trace", &well.to_string()])
            .await
            .unwrap();
        assert!(said.contains("created") && said.contains("4 steps"), "{said}");
        assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    }
    whom_else(&pipeline, dead, slow).await;
    let here = traced(&pipeline, Service::Loader, well).await;
    assert_eq!(here["ledger_and_form"]["form"], "1 row(s)", "{here}");

    pipeline.simulator.clear_faults(None);
    let replay = ["dead", "replay", "--all", "--reason", "the field is fixed"];
    pipeline.tool(Service::Loader, &replay).await.unwrap();
    let here = traced(&pipeline, Service::Extractor, dead).await;
    assert_eq!(here["place"], "form", "{here}");
    assert_eq!(
        words(&here),
        ["listed", "fetched", "mapped", "died", "put back", "created"]
    );
    assert_eq!(here["letters"].as_array().map(Vec::len), Some(0));
    pipeline.drain().await;
}

/// The customers of the run, and the one that died by what its letter says.
async fn whom_else(pipeline: &PipelineUnderTest, dead: i64, slow: i64) {
    let here = traced(pipeline, Service::Extractor, dead).await;
    let run = here["events"]["steps"][0]["run_id"].as_str().unwrap();
    for service in Service::ALL {
        let printed = pipeline.tool(service, &["trace", "--run", run, "--json"]).await;
        let all: Value = serde_json::from_str(&printed.unwrap()).unwrap();
        assert_eq!(
            all["counts"],
            serde_json::json!({"failed": 1, "waiting": 1, "done": 6}),
            "{all}"
        );
        let open = all["open"].as_array().unwrap();
        let ids: Vec<_> = open
            .iter()
            .map(|one| one["company_id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, [dead.to_string(), slow.to_string()]);
        assert!(
            open[0]["next"].as_str().unwrap().contains("loader dead replay"),
            "{all}"
        );
    }
    let said = pipeline
        .tool(Service::Transformer, &["trace", "--run", run])
        .await
        .unwrap();
    assert!(said.contains("1 failed, 1 waiting, 6 done"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    // What the account knows of the run spares reading the events of a week.
    let output = pipeline
        .tool_output(Service::Loader, &["trace", "--run", run])
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("earlier events are not read"), "{said}");
    let unknown = pipeline
        .tool(Service::Loader, &["trace", "--run", "nothing"])
        .await;
    let unknown = format!("{:#}", unknown.unwrap_err());
    assert!(unknown.contains(run), "the newest runs are named: {unknown}");

    let letter = here["letters"][0].as_str().unwrap();
    let show = ["dead", "show", letter, "--reveal", "--json"];
    let shown: Value = serde_json::from_str(&pipeline.tool(Service::Loader, &show).await.unwrap()).unwrap();
    let cells = shown["body"]["fields"].as_array().unwrap();
    let name = cells
        .iter()
        .filter_map(|cell| cell["text"].as_str())
        .find(|text| text.chars().count() > 2 && text.chars().any(char::is_alphabetic))
        .unwrap();
    let named = pipeline
        .tool(Service::Extractor, &["trace", name, "--json"])
        .await
        .unwrap();
    let named: Value = serde_json::from_str(&named).unwrap();
    assert_eq!(named["company_id"], dead.to_string(), "{named}");
    let nobody = pipeline
        .tool(Service::Extractor, &["trace", "nobody of this name"])
        .await;
    let nobody = format!("{:#}", nobody.unwrap_err());
    assert!(nobody.contains("no open dead letter says"), "{nobody}");
}

#[tokio::test]
async fn without_an_account_a_trace_says_so_and_shows_what_there_is() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(158)
        .set("EVENTS", "off")
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    pipeline.run_all();
    pipeline.until_equal(LIMIT).await;
    let id = pipeline.simulator.company_ids()[0].to_string();
    let said = pipeline
        .tool(Service::Transformer, &["trace", &id])
        .await
        .unwrap();
    assert!(said.contains("no account of events"), "{said}");
    let said = pipeline.tool(Service::Loader, &["trace", &id]).await.unwrap();
    assert!(said.contains("form      1 row(s)"), "{said}");
    pipeline.drain().await;
}
