//! I1, I2: `kill -9` of a replay, a discard or an undo exactly between its two halves: when the broker has the second copy
//! of a letter, and before the first one is gone. Nothing is lost, and the next look finds each letter once.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::proxy::Proxy;
use kit::wait::{eventually, expect};
use pipeline::events::What;
use pipeline::stage::Stage;

use super::{dead, ids, said};

const LETTERS: usize = 40;
const LIMIT: Duration = Duration::from_secs(60);
/// How late everything arrives at a command that is to be killed: longer than it takes to see what it has done.
const LATE: Duration = Duration::from_millis(150);

/// Letters that die again whenever they are handled.
async fn buried(seed: u64) -> PipelineUnderTest {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(seed)
        .start()
        .await;
    let transformer = pipeline.run(Service::Transformer);
    pipeline[transformer].ready().await;
    for number in 0..LETTERS {
        let body = format!("\u{a}\u{7f}this is no protobuf {number}");
        pipeline
            .queues
            .put(Stage::Transform, body.as_bytes())
            .await
            .unwrap();
    }
    pipeline.quiet(LIMIT, u32::try_from(LETTERS).unwrap()).await;
    pipeline.drain().await;
    pipeline
}

/// Handles what waits; everything dies again.
async fn die_again(pipeline: &mut PipelineUnderTest) {
    pipeline.run(Service::Transformer);
    eventually(LIMIT, "nothing waits", async || {
        let waiting = pipeline.queues.waiting_in_all().await.unwrap();
        expect(waiting == 0, || waiting.to_string())
    })
    .await;
    pipeline.drain().await;
}

fn spawn(pipeline: &PipelineUnderTest, url: (&str, &Proxy), arguments: &[&str]) -> Child {
    let mut settings = pipeline.settings(Service::Transformer);
    let (name, proxy) = url;
    let through = proxy.redirected(&settings[name]).unwrap();
    settings.insert(name.to_owned(), through);
    command(Service::Transformer, &settings)
        .unwrap()
        .arg("dead")
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the command as soon as `queue` holds more messages than it did; asks on one connection, to be quick.
async fn kill_once_grown(pipeline: &PipelineUnderTest, mut child: Child, queue: &str, before: u32) {
    let url = &pipeline.settings(Service::Transformer)["AMQP_URL"];
    let connection = lapin::Connection::connect(url, lapin::ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let durable = lapin::options::QueueDeclareOptions::durable();
    let passive = lapin::options::QueueDeclareOptions {
        passive: true,
        ..durable
    };
    let begin = std::time::Instant::now();
    loop {
        let declared = channel
            .queue_declare(queue.into(), passive, Default::default())
            .await
            .unwrap();
        if declared.message_count() > before {
            break;
        }
        assert!(begin.elapsed() < 3 * LIMIT, "the second copies never came");
    }
    assert!(child.try_wait().unwrap().is_none(), "it was killed in time");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Every letter once, whatever a first look had to put in order.
async fn assert_each_once(pipeline: &PipelineUnderTest, place: &str) {
    let found = ids(pipeline, Service::Transformer).await;
    let different: BTreeSet<_> = found.iter().collect();
    assert_eq!(
        (found.len(), different.len()),
        (LETTERS, LETTERS),
        "{place}: letters and different ids"
    );
    eventually(LIMIT, "the broker counts each letter once", async || {
        let count = pipeline.queues.dead(Stage::Transform).await.unwrap();
        expect(count as usize == LETTERS, || count.to_string())
    })
    .await;
}

async fn only_plan(pipeline: &PipelineUnderTest) -> String {
    let plans = dead(pipeline, Service::Transformer, &["plans", "--json"]).await;
    plans[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_replay_that_is_killed_while_its_stage_is_down_doubles_no_letter() {
    let mut pipeline = buried(90).await;
    let late = Proxy::before_far(&pipeline.settings(Service::Transformer)["REDIS_URL"], LATE)
        .await
        .unwrap();
    let queue = pipeline.namespace.queue(Stage::Transform);
    said(
        &pipeline,
        Service::Transformer,
        &["plan", "--reason", "a test", "--rate", "50"],
    )
    .await;
    let plan = only_plan(&pipeline).await;
    for action in ["replay", "resume", "resume"] {
        let before = pipeline.queues.count(&queue).await.unwrap().unwrap_or(0);
        let child = spawn(&pipeline, ("REDIS_URL", &late), &[action, &plan, "--no-wait"]);
        kill_once_grown(&pipeline, child, &queue, before).await;
    }
    said(&pipeline, Service::Transformer, &["resume", &plan, "--no-wait"]).await;
    die_again(&mut pipeline).await;
    assert_each_once(&pipeline, "after the plan was completed").await;
}

#[tokio::test]
async fn a_killed_replay_that_nobody_resumes_doubles_no_letter() {
    let mut pipeline = buried(91).await;
    let late = Proxy::before_far(&pipeline.settings(Service::Transformer)["REDIS_URL"], LATE)
        .await
        .unwrap();
    let queue = pipeline.namespace.queue(Stage::Transform);
    said(&pipeline, Service::Transformer, &["plan", "--reason", "a test"]).await;
    let plan = only_plan(&pipeline).await;
    let child = spawn(&pipeline, ("REDIS_URL", &late), &["replay", &plan, "--no-wait"]);
    kill_once_grown(&pipeline, child, &queue, 0).await;
    die_again(&mut pipeline).await;
    // The first look learns what became of them, the second one at the latest finds each once.
    ids(&pipeline, Service::Transformer).await;
    assert_each_once(&pipeline, "although the plan is left as it is").await;
    said(
        &pipeline,
        Service::Transformer,
        &["cancel", &plan, "--reason", "a test"],
    )
    .await;
    assert_each_once(&pipeline, "after the plan was cancelled").await;
}

#[tokio::test]
async fn a_killed_discard_and_a_killed_undo_double_no_letter() {
    let pipeline = buried(92).await;
    let late = Proxy::before_far(&pipeline.settings(Service::Transformer)["AMQP_URL"], LATE)
        .await
        .unwrap();
    let (queue, archive) = (
        pipeline.namespace.dead_queue(Stage::Transform),
        pipeline.namespace.archive_queue(Stage::Transform),
    );
    let all = ids(&pipeline, Service::Transformer).await;
    // The archive is there, and empty.
    assert!(archived(&pipeline).await.is_empty());
    let discard = ["discard", "--all", "--reason", "a test"];
    let child = spawn(&pipeline, ("AMQP_URL", &late), &discard);
    kill_once_grown(&pipeline, child, &archive, 0).await;
    let in_all = async |what: &str| {
        // A look at either place puts both in order.
        let here = ids(&pipeline, Service::Transformer).await;
        let there = archived(&pipeline).await;
        let mut both: Vec<_> = here.iter().chain(&there).cloned().collect();
        both.sort();
        let mut expected = all.clone();
        expected.sort();
        assert_eq!(both, expected, "{what}: each letter once, here or in the archive");
        there
    };
    let there = in_all("after a killed discard").await;
    assert!(!there.is_empty(), "some of it was done");
    // The look said what the killed process could not.
    assert_eq!(told(&pipeline, What::Discarded).await, sorted(&there));
    let operation = operations(&pipeline).await[0].clone();
    let before = pipeline.queues.count(&queue).await.unwrap().unwrap_or(0);
    let child = spawn(
        &pipeline,
        ("AMQP_URL", &late),
        &["undo", &operation, "--reason", "a test"],
    );
    kill_once_grown(&pipeline, child, &queue, before).await;
    let still = in_all("after a killed undo").await;
    let back: Vec<_> = there.into_iter().filter(|id| !still.contains(id)).collect();
    assert_eq!(told(&pipeline, What::Restored).await, sorted(&back));
}

/// Letters of which the account of events says this, each once.
async fn told(pipeline: &PipelineUnderTest, what: What) -> Vec<String> {
    let told = super::events::moves(pipeline, Service::Transformer, what).await;
    let letters: Vec<_> = told.into_keys().map(|(letter, _)| letter).collect();
    sorted(&letters)
}

fn sorted(letters: &[String]) -> Vec<String> {
    let mut letters = letters.to_vec();
    letters.sort();
    letters
}

async fn archived(pipeline: &PipelineUnderTest) -> Vec<String> {
    listed(pipeline, "id").await
}

/// Operations of what is in the archive.
async fn operations(pipeline: &PipelineUnderTest) -> Vec<String> {
    listed(pipeline, "operation").await
}

async fn listed(pipeline: &PipelineUnderTest, what: &str) -> Vec<String> {
    let listed = said(pipeline, Service::Transformer, &["list", "--archived", "--json"]).await;
    let read = |line: &str| {
        let letter: serde_json::Value = serde_json::from_str(line).unwrap();
        let place = if what == "id" {
            &letter["id"]
        } else {
            &letter["archived"][what]
        };
        place.as_str().unwrap().to_owned()
    };
    listed.lines().map(read).collect()
}
