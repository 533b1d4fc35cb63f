//! Everything is mapped again: nothing is fetched, the plan has said what changes, and a kill costs nobody.

use super::kept::kept_bytes;
use super::letters::sent;
use super::{LIMIT, books, cells, deploy, details, document, loaded, mapping, settled};
use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};
use std::process::Stdio;

#[tokio::test]
async fn everything_is_mapped_again_without_a_detail_call_and_as_the_plan_has_said() {
    let folder = tempfile::tempdir().unwrap();
    let before = document(folder.path(), "before", "fixed", "");
    // Of the stars 2 are dropped, 3 fail, 4 change, 5 stay as they are.
    let after = document(
        folder.path(),
        "after",
        "_function CASE WHEN '{{管理信息客户星级}}'='4' THEN 'four' ELSE 'fixed' END",
        "_function CASE WHEN '{{管理信息客户星级}}'='3' THEN 'abc' ELSE '' END",
    );
    let condition = json!([[{"field": "管理信息客户星级", "logic": "egt", "value": "3"}]]);
    let extras = folder.path().join("extras.json");
    std::fs::write(&extras, json!({"condition": condition}).to_string()).unwrap();
    let extras = extras.display().to_string();
    let stars = [[2; 4].as_slice(), &[3; 3], &[4; 6], &[5; 11]].concat();
    let (mut pipeline, [_, transformer, _]) = loaded(24, 811, &before, &stars).await;
    let fetched = details(&pipeline);
    println!(
        "{} bytes of Redis for each kept snapshot",
        kept_bytes(&pipeline).await / 24
    );

    let wanted = ["plan", after.as_str(), "--extras", &extras];
    let plan = mapping(&pipeline, &wanted).await;
    assert_eq!(
        plan["rows"],
        json!({"created": 0, "updated": 6, "unchanged": 11, "left": 4, "filtered": 0, "failing": 3}),
        "{plan}"
    );
    assert_eq!(
        (&plan["kept"], &plan["not_kept"]),
        (&json!(24), &json!(0)),
        "{plan}"
    );
    assert_eq!(plan["failing"][0]["code"], "wrong-type", "{plan}");
    assert_eq!(plan["failing"][0]["customers"], 3, "{plan}");
    assert_eq!(
        plan["per_second"]["changed_rows"], 20.0,
        "as the loader says: {plan}"
    );
    let hours = plan["hours"]["rows"].as_f64().unwrap();
    assert!((hours - 10.0 / 20.0 / 3_600.0).abs() < 1e-9, "{plan}");
    assert_eq!(cells(&pipeline).len(), 24, "a plan changes nothing");
    let text = [&["mapping"], &wanted[..]].concat();
    let text = pipeline.tool(Service::Transformer, &text).await.unwrap();
    assert!(
        text.contains("rows change") && text.contains("3 fail with wrong-type"),
        "{text}"
    );

    deploy(&mut pipeline, transformer, &after, Some(&extras)).await;
    let again = mapping(&pipeline, &["again", "--reason", "a test"]).await;
    assert_eq!(
        (&again["sent"], &again["not_kept"]),
        (&json!(24), &json!(0)),
        "{again}"
    );
    settled(&mut pipeline, 3).await;
    let account = books(&pipeline, again["run"].as_str().unwrap()).await;
    let count = |name: &str| account[name].as_u64().unwrap_or_default();
    // Who is dropped has been loaded as the removal of a row.
    assert_eq!(count("listed"), 24, "{account}");
    assert_eq!(count("unchanged"), 11, "{account}");
    assert_eq!(count("loaded") + count("filtered"), 6 + 4, "{account}");
    assert_eq!(count("dead"), 3, "{account}");
    let shown = cells(&pipeline);
    let four = shown.values().filter(|cell| *cell == "four").count();
    assert_eq!((shown.len(), four), (20, 6), "{shown:?}");
    assert_eq!(details(&pipeline), fetched, "nobody was fetched");

    // What was done needs not be done again; but the same mapping once more drops nobody on the way.
    let plan = mapping(&pipeline, &wanted).await;
    assert_eq!(
        plan["rows"],
        json!({"created": 0, "updated": 0, "unchanged": 17, "left": 0, "filtered": 4, "failing": 3}),
        "{plan}"
    );
    let again = mapping(&pipeline, &["again", "--reason", "a test"]).await;
    settled(&mut pipeline, 6).await;
    let account = books(&pipeline, again["run"].as_str().unwrap()).await;
    let count = |name: &str| account[name].as_u64().unwrap();
    // A record that was committed before under the same version and mapping counts as loaded.
    assert_eq!(
        (count("listed"), count("loaded") + count("unchanged")),
        (24, 17),
        "{account}"
    );
    assert_eq!((count("filtered"), count("dead")), (4, 3), "{account}");
    assert_eq!(details(&pipeline), fetched);
    let audit = pipeline
        .tool(Service::Transformer, &["dead", "audit"])
        .await
        .unwrap();
    assert!(audit.contains("map again"), "{audit}");
    pipeline.drain().await;
}

/// Killed while it waits for the loader, and once more right behind a part; each time the same command goes on.
#[tokio::test]
async fn killed_in_the_middle_it_goes_on_and_nobody_is_lost_or_doubled() {
    const CUSTOMERS: u32 = 450;
    let folder = tempfile::tempdir().unwrap();
    let before = document(folder.path(), "before", "before", "");
    let after = document(folder.path(), "after", "after", "");
    let (mut pipeline, [_, transformer, loader]) = loaded(CUSTOMERS, 814, &before, &[]).await;
    let fetched = details(&pipeline);
    pipeline[loader].kill9();
    deploy(&mut pipeline, transformer, &after, None).await;
    let again = ["mapping", "again", "--reason", "a test", "--ahead", "150"];
    let start = |pipeline: &PipelineUnderTest| {
        let mut command = command(Service::Transformer, &pipeline.settings(Service::Transformer)).unwrap();
        command.args(again).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut seen: Option<(String, u64)> = None;
    for kill in 0..2 {
        if kill == 1 {
            // Somebody makes room, so that this one comes further than the first.
            pipeline.run(Service::Loader);
        }
        let mut child = start(&pipeline);
        let progress = eventually(LIMIT, "a part is in the queue", async || {
            // The killed one's lease keeps others away for a while.
            if child.try_wait().unwrap().is_some() {
                child = start(&pipeline);
            }
            let now = sent(&pipeline).await;
            expect(now > seen, || format!("{now:?}"))?;
            Ok(now)
        })
        .await;
        child.kill().unwrap();
        child.wait().unwrap();
        let (run, sent) = progress.clone().unwrap();
        assert!(seen.is_none_or(|(of, _)| of == run), "it goes on with its run");
        assert!(sent <= u64::from(CUSTOMERS), "{sent}");
        seen = progress;
    }
    let (run, _) = seen.unwrap();
    let result = eventually(LIMIT, "the killed one's lease has ended", async || {
        let arguments = [&again[..], &["--json"]].concat();
        let output = pipeline
            .tool_output(Service::Transformer, &arguments)
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        expect(output.status.success(), || said)?;
        Ok(serde_json::from_slice::<Value>(&output.stdout).unwrap())
    })
    .await;
    assert_eq!(result["sent"], CUSTOMERS, "{result}");
    assert_eq!(result["run"].as_str(), Some(run.as_str()), "{result}");
    settled(&mut pipeline, 0).await;
    let shown = cells(&pipeline);
    assert_eq!(shown.len(), CUSTOMERS as usize);
    assert!(shown.values().all(|cell| cell == "after"), "{shown:?}");
    let account = books(&pipeline, &run).await;
    let count = |name: &str| account[name].as_u64().unwrap_or_default();
    // One that was killed between publishing a part and writing that down publishes it once more; each time is accounted for.
    let listed = count("listed");
    assert!(listed >= u64::from(CUSTOMERS), "{account}");
    assert_eq!(count("loaded") + count("unchanged"), listed, "{account}");
    assert_eq!(details(&pipeline), fetched, "nobody was fetched");
    pipeline.drain().await;
}
