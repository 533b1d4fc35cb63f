//! `extractor webhook` and `extractor sync --id`, as an operator uses them.

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use serde_json::Value;

use super::sink::calls;
use super::webhook::{Hooked, LIMIT, TOKEN};

async fn json(pipeline: &PipelineUnderTest, arguments: &[&str]) -> Value {
    let printed = pipeline.tool(Service::Extractor, arguments).await.unwrap();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

async fn refusal(pipeline: &PipelineUnderTest, arguments: &[&str]) -> (Option<i32>, String) {
    let output = pipeline.tool_output(Service::Extractor, arguments).await.unwrap();
    assert!(!output.status.success());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn a_callback_is_registered_tested_shown_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "bm90IHlldCBrbm93bg==").unwrap();
    let secret_file = file.to_str().unwrap().to_owned();
    let mut hooked = Hooked::start(5, 311, true, &[("HOOK_SECRET_FILE", &secret_file)]).await;
    let none = json(&hooked.pipeline, &["webhook", "status", "--json"]).await;
    assert_eq!(none["registered"], false, "{none}");
    let (_, said) = refusal(&hooked.pipeline, &["webhook", "test"]).await;
    assert!(said.contains("no callback is registered"), "{said}");
    let host = hooked.url.split("/hook/").next().unwrap().to_owned();
    let register = [
        "webhook",
        "register",
        "--url",
        &host,
        "--json",
        "--secret-file",
        &secret_file,
    ];
    let first = json(&hooked.pipeline, &register).await;
    assert_eq!(
        (&first["registered"], &first["missing_events"]),
        (&true.into(), &serde_json::json!([]))
    );
    assert!(
        !first.to_string().contains(TOKEN) && first["secret"].is_null(),
        "{first}"
    );
    assert_eq!(first["events"].as_array().unwrap().len(), 6, "{first}");
    // Once more changes nothing, the secret least of all.
    let made = std::fs::read_to_string(&file).unwrap();
    assert_eq!(json(&hooked.pipeline, &register).await, first);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), made);
    let tested = json(&hooked.pipeline, &["webhook", "test", "--json"]).await;
    assert_eq!(tested["test"], "passed");
    hooked.pipeline.simulator.change(1);
    hooked.pipeline.until_equal(LIMIT).await;
    // Nobody takes another one's place by accident.
    let other = ["webhook", "register", "--url", "http://127.0.0.1:9/hook"];
    let (_, said) = refusal(&hooked.pipeline, &other).await;
    assert!(said.contains("--replace") && !said.contains(TOKEN), "{said}");
    let replaced = [&other[..], &["--replace", "--json"]].concat();
    assert_eq!(
        json(&hooked.pipeline, &replaced).await["callback_url"],
        "http://127.0.0.1:9/hook"
    );
    let (_, said) = refusal(&hooked.pipeline, &["webhook", "test"]).await;
    assert!(said.contains("did not like"), "{said}");
    assert_eq!(
        json(&hooked.pipeline, &["webhook", "remove", "--json"]).await["removed"],
        true
    );
    assert_eq!(
        json(&hooked.pipeline, &["webhook", "remove", "--json"]).await["removed"],
        false
    );
    hooked.pipeline.drain().await;
}

#[tokio::test]
async fn without_the_plan_or_the_scope_the_remedy_is_told() {
    let pipeline = PipelineUnderTest::for_test().customers(3).seed(312).start().await;
    pipeline
        .simulator
        .set(|settings| settings.okki.webhooks.available = false);
    let (_, said) = refusal(&pipeline, &["webhook", "status"]).await;
    assert!(said.contains("Pro plan") && said.contains("消息推送"), "{said}");
    pipeline.simulator.set(|settings| {
        settings.okki.webhooks.available = true;
        settings.okki.scopes.retain(|scope| scope != "webhook");
    });
    let (_, said) = refusal(&pipeline, &["webhook", "status"]).await;
    assert!(said.contains("Pro plan"), "{said}");
    // The pipeline's own token is another one.
    pipeline.tool(Service::Extractor, &["check"]).await.unwrap();
    let (code, said) = refusal(
        &pipeline,
        &["webhook", "register", "--url", "https://host.example"],
    )
    .await;
    assert!(code == Some(78) && said.contains("HOOK_TOKEN"), "{said}");
}

/// The plan lacks webhooks, and OKKI says so in words of its own: nothing is said of what is registered.
#[tokio::test]
async fn a_refusal_is_told_as_one_in_whatever_words() {
    let mut pipeline = PipelineUnderTest::for_test().customers(3).seed(314).start().await;
    pipeline.set("HOOK_TOKEN", "token-of-this-test");
    let commands: [&[&str]; 4] = [
        &["webhook", "register", "--url", "http://hook.example.com"],
        &["webhook", "status"],
        &["webhook", "test"],
        &["webhook", "remove"],
    ];
    for (code, words) in [(404, "No Privilege"), (-1, "当前套餐不支持，请升级到Pro版")] {
        let kind = FaultKind::Code {
            code,
            message: words.to_owned(),
            status: None,
        };
        let fault = pipeline.simulator.fault(Fault::on(Vendor::Okki, "webhook", kind));
        for command in commands {
            let (code, said) = refusal(&pipeline, command).await;
            assert_eq!(code, Some(1), "{command:?}: {said}");
            for part in ["Pro plan", "scope `webhook`", words] {
                assert!(said.contains(part), "{command:?}: {said}");
            }
            for wrong in ["registered", "no such customer", "does not answer"] {
                assert!(!said.contains(wrong), "{command:?}: {said}");
            }
        }
        let (_, said) = refusal(&pipeline, commands[0]).await;
        assert!(said.contains("has no TLS"), "{said}");
        pipeline.simulator.clear_faults(Some(fault));
    }
    // What is not there is not refused.
    let status = json(&pipeline, &["webhook", "status", "--json"]).await;
    assert_eq!(status["registered"], false, "{status}");
    pipeline.drain().await;
}

#[tokio::test]
async fn these_customers_are_fetched_now_even_if_they_are_loaded() {
    let mut hooked = Hooked::start(10, 313, true, &[]).await;
    let ids = hooked.pipeline.simulator.company_ids();
    let (one, other) = (ids[2], ids[5]);
    hooked.pipeline.simulator.change_one(one, None).unwrap();
    let before = calls(&hooked.pipeline, "info");
    let list = format!("{one},{other}");
    let report = json(&hooked.pipeline, &["sync", "--id", &list, "--json"]).await;
    assert_eq!(
        (&report["listed"], &report["outcome"]["fetched"]),
        (&2.into(), &2.into()),
        "{report}"
    );
    assert_eq!(calls(&hooked.pipeline, "info") - before, 2);
    let judged = hooked.pipeline.simulator.judge().await;
    assert!(judged.is_equal(), "written when the command ends: {judged:?}");
    let output = hooked
        .pipeline
        .tool_output(Service::Extractor, &["sync", "--id", "7", "--json"])
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("1 customers are not shown by okki"), "{said}");
    let (code, said) = refusal(&hooked.pipeline, &["sync", "--id", "x"]).await;
    assert!(code == Some(78) && said.contains("--id"), "{said}");
    hooked.settle().await;
    eventually(LIMIT, "nobody is missing", async || {
        let status = super::details::status(&hooked.pipeline).await;
        expect(status["missing"] == 0, || status.to_string())
    })
    .await;
    hooked.pipeline.drain().await;
}
