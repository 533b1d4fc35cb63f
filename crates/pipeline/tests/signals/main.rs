//! Signals, sent to a real process: the first one drains, the second one ends it at once, unless it belongs to the first.
//!
//! Without the usual test harness, because the process under test is this executable, started again.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pipeline::shutdown::Shutdown;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("drains") => child(Duration::from_millis(50)),
        Some("hangs") => child(Duration::from_secs(3600)),
        Some("--list") => {}
        _ => {
            assert_eq!(exit_code("drains", &["TERM"]), Some(0));
            assert_eq!(exit_code("drains", &["INT"]), Some(0));
            assert_eq!(exit_code("hangs", &["TERM", "TERM"]), Some(143));
            assert_eq!(exit_code("hangs", &["TERM", "INT"]), Some(130));
            assert_eq!(exit_code("hangs", &["INT", "INT"]), Some(130));
            println!("signals: ok");
        }
    }
}

/// Says when it listens and when it drains, and needs so long to drain.
#[tokio::main(flavor = "current_thread")]
async fn child(work: Duration) {
    let shutdown = Shutdown::on_signals(Duration::from_secs(7200)).unwrap();
    println!("listening");
    shutdown.requested().await;
    println!("draining");
    shutdown.drain(tokio::time::sleep(work)).await.unwrap();
}

fn exit_code(behaviour: &str, signals: &[&str]) -> Option<i32> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(behaviour)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for (signal, ready) in signals.iter().zip(["listening", "draining"]) {
        assert_eq!(lines.next().unwrap().unwrap(), ready);
        send(&child, signal);
    }
    // What comes within a second of the first signal is taken for the same wish.
    let last = signals.last().unwrap();
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status.code(),
            None if signals.len() > 1 => send(&child, last),
            None => {}
        }
        #[allow(clippy::disallowed_methods, reason = "there is no executor in this process")]
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args(["-s", signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}
