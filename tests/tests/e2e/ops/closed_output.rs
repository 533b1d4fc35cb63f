//! `… | head -1`: a command whose output nobody reads any more ends as it would have, and never panics.

use std::process::{ExitStatus, Stdio};

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service, command};

/// Runs a command whose reader has gone before the first byte: of its output, or of everything that it says.
async fn unread(
    pipeline: &PipelineUnderTest,
    service: Service,
    arguments: &[&str],
    closes_stderr: bool,
) -> (ExitStatus, String) {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let mut command = command(service, &pipeline.settings(service)).unwrap();
    command.args(arguments).stdin(Stdio::null()).stdout(closed());
    command.stderr(if closes_stderr { closed() } else { Stdio::piped() });
    let child = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let ended = child.wait_with_output().await.unwrap();
    (ended.status, String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[tokio::test]
async fn no_command_panics_when_its_reader_has_gone() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(5)
        .seed(83)
        .set_for(Service::Loader, "MAPPING", mapping_document())
        .start()
        .await;
    pipeline.run_all();
    pipeline.rows(std::time::Duration::from_secs(120), 5).await;
    pipeline.drain().await;
    let id = pipeline.simulator.company_ids()[0].to_string();
    let document = mapping_document();
    let common: [&[&str]; 9] = [
        &["run", "--print-config"],
        &["--help"],
        &["--version"],
        &["completions", "bash"],
        &["man"],
        &["doctor"],
        &["dead", "list"],
        &["dead", "groups"],
        &["dead", "audit"],
    ];
    let mut commands: Vec<(Service, &[&str])> = Vec::new();
    for service in Service::ALL {
        commands.extend(common.map(|arguments| (service, arguments)));
    }
    let sync = ["sync", "--since", "2026-01-01"];
    let fetch = ["fetch", &id];
    let check = ["mapping", "check", &document];
    let explain = ["mapping", "explain", &document];
    let show = ["index", "show", &id];
    let trace = ["trace", &id];
    let own: [(Service, &[&str]); 16] = [
        (Service::Extractor, &["status"]),
        (Service::Extractor, &["status", "--json"]),
        (Service::Extractor, &["check"]),
        (Service::Extractor, &["checkpoint", "show"]),
        (Service::Extractor, &["once"]),
        (Service::Extractor, &sync),
        (Service::Extractor, &fetch),
        (Service::Transformer, &check),
        (Service::Transformer, &explain),
        (Service::Loader, &["books"]),
        (Service::Loader, &["check"]),
        (Service::Loader, &["reconcile"]),
        (Service::Loader, &["index", "duplicates"]),
        (Service::Loader, &["index", "rebuild"]),
        (Service::Loader, &show),
        (Service::Loader, &trace),
    ];
    commands.extend(own);
    for (service, arguments) in commands {
        let (status, said) = unread(&pipeline, service, arguments, false).await;
        let what = format!("{} {}", service.name(), arguments.join(" "));
        assert!(!said.contains("panicked"), "{what}: {said}");
        // Refused for another reason would prove nothing. Nothing runs, so it is not well.
        let expected = Some(i32::from(arguments[0] == "status"));
        assert_eq!(status.code(), expected, "{what}: {said}");
        let (status, _) = unread(&pipeline, service, arguments, true).await;
        assert_eq!(status.code(), expected, "{what}, nothing is read");
    }
    // An error that nobody reads is one.
    let (status, _) = unread(&pipeline, Service::Extractor, &["sync", "--since", "x"], true).await;
    assert_eq!(status.code(), Some(78));
}
