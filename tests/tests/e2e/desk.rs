//! The read model from outside: a program keeps it, the dead-letter commands of all ask it, and `kill -9` costs nothing.

use std::path::Path;
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::process::{Group, Process};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::Value;

use crate::loader::feed::Feed;

const LIMIT: Duration = Duration::from_secs(90);
const LETTERS: usize = 12;

/// A program that keeps the read model.
pub(super) struct Desk {
    pub(super) process: Process,
    pub(super) url: String,
}

impl Desk {
    pub(super) fn start(
        pipeline: &PipelineUnderTest,
        folder: &Path,
        service: Service,
        port: u16,
        more: &[&str],
    ) -> Self {
        let addr = format!("127.0.0.1:{port}");
        let mut command = command(service, &pipeline.settings(service)).unwrap();
        let data = folder.join("data");
        command.args([
            "events",
            "keep",
            "--walk-every",
            "1s",
            "--data",
            data.to_str().unwrap(),
        ]);
        command.args(["--listen", &addr]).args(more);
        let log = folder.join("desk.log");
        Self {
            process: Process::spawn("desk", &mut command, &log, Group::Own).unwrap(),
            url: format!("http://{addr}"),
        }
    }

    pub(super) async fn ask(&self, path: &str) -> Result<Value, String> {
        let url = format!("{}/v1/{path}", self.url);
        let answer = kit::http::client()
            .get(url)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        answer.json().await.map_err(|error| error.to_string())
    }

    /// Waits until it knows all that there is, so many letters of the loader among it.
    pub(super) async fn until(&self, letters: usize) -> Value {
        eventually(LIMIT, "the desk knows all", async || {
            let status = self.ask("status").await?;
            let of = &status["letters"]["load"];
            let knows = of["letters"] == letters && of["unseen"] == 0 && of["walked_at"].is_i64();
            expect(knows && status["current"] == true, || status.to_string())?;
            Ok(status)
        })
        .await
    }

    async fn events(&self) -> i64 {
        let minutes = self.ask("minutes?limit=1000").await.unwrap();
        let minutes = minutes["minutes"].as_array().unwrap();
        minutes
            .iter()
            .map(|minute| minute["events"].as_i64().unwrap())
            .sum()
    }
}

pub(super) fn port() -> u16 {
    kit::services::port::free::<1>().unwrap()[0]
}

/// Letters of the loader, which does not run.
pub(super) async fn buried(seed: u64) -> PipelineUnderTest {
    let pipeline = PipelineUnderTest::for_test()
        .customers(u32::try_from(LETTERS).unwrap())
        .seed(seed)
        .start()
        .await;
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    feed.bury(Stage::Load, &feed.records(&pipeline, &customers)).await;
    pipeline
}

/// Discards the first letters.
async fn discard(pipeline: &PipelineUnderTest, letters: &str) {
    let discard = ["dead", "discard", "--limit", letters, "--reason", "not needed"];
    said(pipeline, &discard).await;
}

/// What a command printed, and what it said beside that.
pub(super) async fn said(pipeline: &PipelineUnderTest, arguments: &[&str]) -> (String, String) {
    let output = pipeline.tool_output(Service::Loader, arguments).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    (out, err)
}

#[tokio::test]
async fn the_commands_say_the_same_whoever_answers() {
    let pipeline = buried(301).await;
    let folder = tempfile::tempdir().unwrap();
    // Any program keeps it for all stages.
    let mut desk = Desk::start(&pipeline, folder.path(), Service::Transformer, port(), &[]);
    desk.until(LETTERS).await;
    let id = pipeline.simulator.company_ids()[3].to_string();
    let (listed, _) = said(&pipeline, &["dead", "list", "--json"]).await;
    let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let letter = first["id"].as_str().unwrap();
    let text = format!("text={id}");
    for question in [
        &["dead", "list", "--json"][..],
        &["dead", "list", "--json", "--where", &text],
        &["dead", "list", "--json", "--key", &id, "--limit", "5"],
        &["dead", "list", "--json", "--limit", "5"],
        &["dead", "list", "--json", "--code", "nothing"],
        &["dead", "groups", "--json"],
        &["dead", "groups", "--json", "--key", &id],
        &["dead", "show", "--json", letter],
    ] {
        assert_same(&pipeline, &desk, question).await;
    }
    let (list, _) = said(&pipeline, &["dead", "list", "--desk", &desk.url]).await;
    assert!(
        list.contains("answered by the read model at") && list.contains(letter),
        "{list}"
    );
    // What it does not have is asked of the queue.
    let (revealed, _) = said(&pipeline, &["dead", "list", "--reveal", "--desk", &desk.url]).await;
    assert!(!revealed.contains("answered by"), "{revealed}");

    let reason = ["--reason", "not needed", "--json"];
    said(
        &pipeline,
        &[&["dead", "discard", "--id", letter][..], &reason].concat(),
    )
    .await;
    desk.until(LETTERS - 1).await;
    // A walk may see that it is gone before the account of events says why.
    eventually(LIMIT, "the desk knows who discarded it", async || {
        let moves = desk.ask("moves").await?;
        expect(moves["moves"][0]["counts"][0]["what"] == "discarded", || {
            moves.to_string()
        })
    })
    .await;

    desk.process.stop(LIMIT).await.unwrap();
    let output = pipeline
        .tool_output(Service::Loader, &["dead", "list", "--desk", &desk.url])
        .await
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && error.contains("nobody answers at"),
        "{error}"
    );
}

/// A command says the same whether the desk or the broker is asked.
async fn assert_same(pipeline: &PipelineUnderTest, desk: &Desk, question: &[&str]) {
    let (walked, _) = said(pipeline, question).await;
    let (asked, beside) = said(pipeline, &[question, &["--desk", &desk.url]].concat()).await;
    let parsed = |text: &str| -> Vec<Value> {
        let answers = serde_json::Deserializer::from_str(text).into_iter();
        answers.map(Result::unwrap).collect()
    };
    let (mut walked, mut asked) = (parsed(&walked), parsed(&asked));
    for answer in walked.iter_mut().chain(&mut asked) {
        without_reading(answer);
    }
    assert_eq!(asked, walked, "{question:?}");
    assert!(
        beside.contains("answered by the read model"),
        "{question:?}: {beside}"
    );
}

/// How many messages of the stream were read says who answered; the rest has to be the same.
fn without_reading(answer: &mut Value) {
    if let Some(events) = answer.get_mut("events").and_then(Value::as_object_mut) {
        for name in ["read", "since", "lost", "unreadable"] {
            events.remove(name);
        }
    }
}

#[tokio::test]
async fn a_keeper_that_is_killed_goes_on_and_counts_nothing_twice() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(400)
        .seed(302)
        .start()
        .await;
    let folder = tempfile::tempdir().unwrap();
    let port = port();
    let mut desk = Desk::start(&pipeline, folder.path(), Service::Loader, port, &[]);
    pipeline.run_all();
    // Killed again and again while events come in.
    for kill in 0..6 {
        eventually(LIMIT, "it reads on", async || {
            let status = desk.ask("status").await?;
            expect(status["offset"].is_i64() || kill == 0, || status.to_string())
        })
        .await;
        desk.process.kill9().unwrap();
        desk = Desk::start(&pipeline, folder.path(), Service::Loader, port, &[]);
    }
    pipeline.until_equal(LIMIT).await;
    pipeline.drain().await;
    let url = pipeline.settings(Service::Loader)["AMQP_URL"].clone();
    let all = kit::events::events(&url, &pipeline.namespace).await.unwrap();
    let mut ids: Vec<u64> = all.iter().map(|event| event.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let expected = i64::try_from(ids.len()).unwrap();
    assert!(expected >= 1_600, "{expected}");
    eventually(LIMIT, "every event, once", async || {
        let counted = desk.events().await;
        let status = desk.ask("status").await?;
        // It knows that there is no more only after a moment without another one.
        expect(counted == expected && status["current"] == true, || {
            format!("{counted} of {expected}: {status}")
        })
    })
    .await;
    let id = pipeline.simulator.company_ids()[3].to_string();
    assert_same(&pipeline, &desk, &["trace", "--json", &id]).await;
    desk.process.stop(LIMIT).await.unwrap();
}

#[tokio::test]
async fn only_who_has_the_token_is_answered() {
    let pipeline = buried(303).await;
    let folder = tempfile::tempdir().unwrap();
    let token = ["--desk-token", "a-token-of-the-desk"];
    let desk = Desk::start(&pipeline, folder.path(), Service::Loader, port(), &token);
    eventually(LIMIT, "it answers", async || desk.ask("status").await).await;
    let list = ["dead", "groups", "--desk", &desk.url];
    let output = pipeline.tool_output(Service::Loader, &list).await.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && error.contains("answered 401"),
        "{error}"
    );
    said(&pipeline, &[&list[..], &token].concat()).await;
    // An address that others reach needs one.
    let listen = [
        "events",
        "keep",
        "--data",
        folder.path().to_str().unwrap(),
        "--listen",
        "0.0.0.0:0",
    ];
    let output = pipeline.tool_output(Service::Loader, &listen).await.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(78) && error.contains("DESK_TOKEN"),
        "{error}"
    );
}

#[tokio::test]
async fn a_stream_that_begins_anew_is_read_from_its_beginning() {
    let pipeline = buried(304).await;
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::start(&pipeline, folder.path(), Service::Loader, port(), &[]);
    discard(&pipeline, "2").await;
    desk.until(LETTERS - 2).await;
    // Nobody follows while the stream is deleted and grows again.
    desk.process.kill9().unwrap();
    let settings = pipeline.settings(Service::Loader);
    let connection =
        lapin::Connection::connect(&settings["AMQP_URL"], lapin::ConnectionProperties::default());
    let channel = connection.await.unwrap().create_channel().await.unwrap();
    let stream = pipeline.namespace.event_stream();
    channel
        .queue_delete(stream.as_str().into(), Default::default())
        .await
        .unwrap();
    discard(&pipeline, "5").await;
    let addr: u16 = desk.url.rsplit_once(':').unwrap().1.parse().unwrap();
    let desk = Desk::start(&pipeline, folder.path(), Service::Loader, addr, &[]);
    let status = desk.until(LETTERS - 7).await;
    assert!(status["begun_anew"].as_i64().unwrap() >= 1, "{status}");
    assert_eq!(desk.events().await, 5, "those of the new stream");
}
