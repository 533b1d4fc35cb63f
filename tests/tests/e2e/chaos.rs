//! Chaos in small, with fixed seeds; `make chaos` is the same in large. Every seed that ever found something stays here.

use kit::config::{binary, repository};
use serde_json::Value;
use tokio::process::Command;

/// A schedule, and why it is kept.
struct Case {
    seed: u64,
    kills: usize,
    customers: u32,
    #[allow(dead_code, reason = "read by people")]
    why: &'static str,
}

const CASES: [Case; 2] = [
    Case {
        seed: 1,
        kills: 15,
        customers: 500,
        why: "A broker frozen twice made more suspects than a batch holds; the consumer waited for room in its batch \
              before it would see the end of its intake, and for that end before it made room.",
    },
    Case {
        seed: 33,
        kills: 10,
        customers: 300,
        why: "Found nothing; brings half-open and stalled connections, a killed broker and a record that kills its consumers.",
    },
];

async fn nothing_is_found(case: &Case) {
    let (seed, kills, customers) = (case.seed, case.kills, case.customers);
    // Logs of a run that found something stay beside the report.
    let report = repository().join(format!("target/chaos/test-{seed}-{}.json", std::process::id()));
    let run = Command::new(binary("chaos").unwrap())
        .args(["--seed", &seed.to_string()])
        .args(["--kills", &kills.to_string()])
        .args(["--customers", &customers.to_string()])
        .arg("--report")
        .arg(&report)
        .output()
        .await
        .unwrap();
    let said = format!(
        "{}\n{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(run.status.success(), "{said}");
    let made: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(made["kills"].as_u64(), Some(kills as u64), "{said}");
    std::fs::remove_file(&report).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_seed_1() {
    nothing_is_found(&CASES[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_seed_33() {
    nothing_is_found(&CASES[1]).await;
}
