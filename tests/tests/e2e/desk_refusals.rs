//! What the keeper of the read model refuses, and how: one form for whoever asks, and one exit code for whoever starts it.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::wait::eventually;
use serde_json::Value;

use crate::desk::{Desk, buried, port};

const LIMIT: Duration = Duration::from_secs(90);

#[tokio::test]
async fn whatever_is_wrong_with_a_question_is_answered_as_json() {
    let pipeline = buried(305).await;
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::start(&pipeline, folder.path(), Service::Loader, port(), &[]);
    eventually(LIMIT, "it answers", async || desk.ask("status").await).await;
    let data = std::fs::metadata(folder.path().join("data")).unwrap();
    assert_eq!(data.permissions().mode() & 0o777, 0o700);
    let client = kit::http::client();
    for (path, status, word) in [
        ("letters?stage=load&limit=x", 400, "limit"),
        ("letters?stage=load&limit=0", 400, "from 1 to 1000"),
        ("letters?stage=load&limit=-1", 400, "limit"),
        ("letters?stage=load&after=-1", 400, "after"),
        ("letters?stage=load&nothing=1", 400, "nothing"),
        ("letters?stage=load&stage=load", 400, "stage"),
        ("customers?after=-1,1", 400, "after"),
        ("customers?after=1,-1", 400, "after"),
        ("minutes?since=yesterday", 400, "since"),
        ("audit?after=x", 400, "after"),
        ("nothing", 404, "/v1/nothing"),
        ("", 404, "/v1/"),
    ] {
        let answer = client
            .get(format!("{}/v1/{path}", desk.url))
            .send()
            .await
            .unwrap();
        assert_refused(answer, status, word, path).await;
    }
    let posted = client
        .post(format!("{}/v1/letters", desk.url))
        .send()
        .await
        .unwrap();
    assert_refused(posted, 405, "GET", "letters").await;
    let posted = client.post(format!("{}/livez", desk.url)).send().await.unwrap();
    assert_refused(posted, 405, "GET", "livez").await;
    // More than one answer holds is as many as it holds.
    let all = desk.ask("letters?stage=load&limit=100000").await.unwrap();
    assert!(all["letters"].is_array(), "{all}");
}

async fn assert_refused(answer: reqwest::Response, status: u16, word: &str, path: &str) {
    assert_eq!(answer.status().as_u16(), status, "{path}");
    let text = answer.text().await.unwrap();
    let said: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: no JSON: {text:?}"));
    let error = said["error"].as_str().unwrap_or_default();
    assert!(error.contains(word), "{path}: {said}");
}

/// `events keep` that ends at once; its exit code and what it said.
async fn kept(pipeline: &PipelineUnderTest, data: &str, listen: &str) -> (Option<i32>, String) {
    let keep = ["events", "keep", "--data", data, "--listen", listen];
    let output = pipeline.tool_output(Service::Loader, &keep).await.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn an_address_that_is_taken_and_a_folder_that_cannot_be_used_are_faults_of_settings() {
    let pipeline = buried(306).await;
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let (code, said) = kept(&pipeline, folder.path().to_str().unwrap(), &taken).await;
    assert!(
        code == Some(78) && said.contains("DESK_LISTEN") && said.contains("port 0"),
        "{code:?} {said}"
    );
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (code, said) = kept(&pipeline, file.to_str().unwrap(), "127.0.0.1:0").await;
    assert!(code == Some(78) && said.contains("DESK_DATA"), "{code:?} {said}");
    let desk = Desk::start(&pipeline, folder.path(), Service::Loader, port(), &[]);
    eventually(LIMIT, "it answers", async || desk.ask("status").await).await;
    let data = folder.path().join("data");
    let (code, said) = kept(&pipeline, data.to_str().unwrap(), "127.0.0.1:0").await;
    assert!(
        code == Some(78) && said.contains("another process keeps"),
        "{code:?} {said}"
    );
}
