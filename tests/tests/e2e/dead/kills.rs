//! I1, I2: `kill -9` of `loader dead replay` at seeded moments; every letter ends in the form exactly once.

use std::time::{Duration, Instant};

use super::config::sized;
use kit::pipeline::{PipelineUnderTest, Service, command};
use pipeline::stage::Stage;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

use super::dead;
use crate::loader::feed::Feed;

#[tokio::test]
async fn a_replay_killed_at_seeded_moments_ends_with_every_row_once() {
    let (letters, kills) = (sized("OKKI_TEST_LETTERS", 1_500), sized("OKKI_TEST_KILLS", 3));
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(u32::try_from(letters).unwrap())
        .seed(66)
        .set("INDEX_SETTLE", "0s")
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let ids = pipeline.simulator.company_ids();
    feed.bury(Stage::Load, &feed.records(&pipeline, &ids)).await;
    let loader = pipeline.run(Service::Loader);
    pipeline[loader].ready().await;

    let rate = (letters / (kills + 1)).max(100).to_string();
    let plan = dead(
        &pipeline,
        Service::Loader,
        &["plan", "--reason", "a test", "--rate", &rate, "--json"],
    )
    .await;
    assert_eq!(plan["total"].as_u64(), Some(letters as u64));
    let id = plan["id"].as_str().unwrap().to_owned();
    let (begin, mut dice, mut done) = (Instant::now(), SmallRng::seed_from_u64(20), 0);
    let result = loop {
        let action = if done == 0 { "replay" } else { "resume" };
        if done == kills {
            break dead(&pipeline, Service::Loader, &[action, &id, "--json"]).await;
        }
        let sent = progress(&pipeline).await;
        let mut child = command(Service::Loader, &pipeline.settings(Service::Loader))
            .unwrap()
            .args(["dead", action, &id])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while progress(&pipeline).await == sent && child.try_wait().unwrap().is_none() {}
        tokio::time::sleep(Duration::from_micros(dice.random_range(0..300_000))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        done += 1;
    };
    println!(
        "{letters} letters, {done} kills, {:.1} s: {result}",
        begin.elapsed().as_secs_f64()
    );
    assert_eq!(result["state"], "complete", "{result}");
    let count = |name: &str| result[name].as_u64().unwrap();
    assert_eq!(
        count("applied") + count("unchanged") + count("superseded"),
        letters as u64,
        "{result}"
    );
    assert_eq!(
        (count("left"), count("failed_again"), count("under_way")),
        (0, 0, 0),
        "{result}"
    );
    let report = pipeline.until_equal(Duration::from_secs(60)).await;
    assert_eq!((report.form_rows, report.duplicates), (letters, 0));
    pipeline.assert_within_quota();
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}

/// How much of the only plan has been sent.
async fn progress(pipeline: &PipelineUnderTest) -> u64 {
    dead(pipeline, Service::Loader, &["plans", "--json"]).await[0]["sent"]
        .as_u64()
        .unwrap()
}
