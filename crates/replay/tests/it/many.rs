//! Very many letters: order, time, and memory that does not grow with them.

use crate::{
    config::{NAMESPACE, letters, setting},
    letters::{ids, references},
};
use kit::{config::common, workbench::Workbench};
use pipeline::{failure::Failure, service::Runtime, shutdown::Shutdown, stage::Stage};
use replay::{
    browse::{filter::Filter, groups::Groups},
    plan::{make::make, options::Options},
    workspace::Workspace,
};
use std::{
    process::Command,
    time::{Duration, Instant},
};

/// Resident memory of this process in KiB, now (`VmRSS`) or at most (`VmHWM`).
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A process of its own, because the memory of this one belongs to all tests.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs only as a child of the test below"]
async fn child() {
    let Some(namespace) = setting(NAMESPACE) else {
        return;
    };
    let letters = letters(10_000) as u64;
    let common = common(&namespace);
    let rt = Runtime::assemble("browser", &common, Shutdown::manual(common.drain_deadline)).unwrap();
    let workspace = Workspace::new(rt, Stage::Extract);
    let memory = resident("VmRSS");
    let begin = Instant::now();
    let mut groups = Groups::default();
    let mut browser = workspace.browse("test").await.unwrap();
    while let Some(taken) = browser.next().await.unwrap() {
        groups.add(&taken.letter);
    }
    browser.close().await.unwrap();
    let counted = begin.elapsed();
    assert_eq!(groups.into_sorted().len(), 3);

    let begin = Instant::now();
    let preview = make(
        &workspace,
        &Filter::default(),
        "a test",
        None,
        Options::default(),
        |_| {},
    )
    .await;
    let preview = preview.unwrap().unwrap();
    let planned = begin.elapsed();
    let grown = resident("VmHWM").saturating_sub(memory);
    assert_eq!(preview.plan.total, letters);
    let off = preview.customers.abs_diff(letters);
    assert!(off <= letters / 25, "{} customers", preview.customers);
    eprintln!("{letters} letters: groups {counted:.1?}, plan {planned:.1?}, memory grew by {grown} KiB");
    // Ten seconds are promised for 100,000 on a machine with nothing else to do; this one runs all tests at once.
    let limit = Duration::from_secs(30);
    assert!(
        counted < limit && planned < limit,
        "groups {counted:?}, plan {planned:?}"
    );
    assert!(grown < 48 * 1024, "memory grew by {grown} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_letters_are_browsed_in_flat_memory_and_keep_their_order() {
    let letters = letters(10_000);
    let bench = Workbench::new().await;
    for begin in (0..letters).step_by(10_000) {
        let rule = |id| ["a", "b", "c"][id % 3];
        let failure = |id| Failure::new("broken", format!("row {id} refused by rule {}", rule(id)));
        references(&bench, begin..letters.min(begin + 10_000), failure).await;
    }
    let before = ids(&bench, Stage::Extract).await;
    assert_eq!(before.len(), letters);
    let namespace = bench.namespace.clone();
    let child = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["many::child", "--exact", "--ignored", "--nocapture"])
            .env(NAMESPACE, namespace)
            .status()
            .unwrap()
    });
    assert!(child.await.unwrap().success());
    assert!(ids(&bench, Stage::Extract).await == before, "the order stays");
}
