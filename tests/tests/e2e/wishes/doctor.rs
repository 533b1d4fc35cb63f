//! The doctor of a running service answers whoever has no vendor's keys, in their language, also while the stage rests.

use super::wish;
use kit::pipeline::{PipelineUnderTest, Service, command};
use serde_json::Value;

fn lines(told: &Value) -> Vec<(String, String)> {
    let findings = told["findings"].as_array().cloned().unwrap_or_default();
    let line = |finding: &Value| {
        let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        (text("what"), text("health"))
    };
    findings.iter().map(line).collect()
}

async fn asked(pipeline: &PipelineUnderTest, stage: &str) -> (Value, i32) {
    // Any program can be asked; it is the stage's replica that answers.
    let how = [
        "ask",
        "doctor",
        "--stage",
        stage,
        "--reason",
        "nothing arrives",
        "--operator",
        "li",
        "--wait",
    ];
    wish(pipeline, Service::Transformer, &how).await
}

#[tokio::test]
async fn the_doctors_of_running_services_say_what_they_find() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(1721)
        .start()
        .await;
    let replicas = pipeline.run_all();
    for id in replicas {
        pipeline[id].ready().await;
    }
    for (stage, seen) in [("extract", "okki credentials"), ("transform", "mapping")] {
        let (told, code) = asked(&pipeline, stage).await;
        assert_eq!((told["state"].as_str(), code), (Some("done"), 0), "{told}");
        let lines = lines(&told);
        for what in ["broker", "queues", "redis", "notices", seen] {
            assert!(
                lines.contains(&(what.to_owned(), "good".to_owned())),
                "{what}: {told}"
            );
        }
        assert!(
            told["instance"]
                .as_str()
                .is_some_and(|instance| !instance.is_empty()),
            "{told}"
        );
    }
    // A stage that rests can be examined, too, and what is wrong comes with what to do.
    let rests = ["pause", "--reason", "the form is rebuilt", "--operator", "li"];
    pipeline.tool(Service::Loader, &rests).await.unwrap();
    pipeline[replicas[2]].pauses_for("operator").await;
    pipeline.simulator.set(|settings| settings.jdy.keys.clear());
    let (told, code) = asked(&pipeline, "load").await;
    assert_eq!((told["state"].as_str(), code), (Some("done"), 1), "{told}");
    assert!(
        lines(&told).contains(&("form".to_owned(), "bad".to_owned())),
        "{told}"
    );
    let id = told["id"].as_str().unwrap();
    let mut chinese = pipeline.settings(Service::Extractor);
    chinese.insert("OKKI_LANG".into(), "zh".into());
    let shown = command(Service::Extractor, &chinese)
        .unwrap()
        .args(["wish", "show", id])
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    for text in ["✓ RabbitMQ", "✗ 表单", "→ 请检查 JDY_BASE_URL、JDY_API_KEY"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}
