//! Very many letters: order, time, and memory that does not grow with them.

use crate::{
    bench::Bench,
    config::letters,
    morgue::{desk, ids, references},
};
use pipeline::{
    dead::{
        filter::Filter,
        groups::Groups,
        plan::{make::make, options::Options},
    },
    handler::Failure,
    stage::Stage,
};
use std::time::{Duration, Instant};

/// Resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_letters_are_looked_at_in_flat_memory_and_keep_their_order() {
    let letters = letters(10_000);
    let bench = Bench::new().await;
    for begin in (0..letters).step_by(10_000) {
        let failure = |id| {
            Failure::new(
                "broken",
                format!("row {id} refused by rule {}", ["a", "b", "c"][id % 3]),
            )
        };
        references(&bench, begin..letters.min(begin + 10_000), failure).await;
    }
    let before = ids(&bench, Stage::Extract).await;
    assert_eq!(before.len(), letters);

    let memory = resident();
    let begin = Instant::now();
    let desk = desk(&bench, Stage::Extract);
    let mut groups = Groups::default();
    let mut look = desk.look("test").await.unwrap();
    while let Some(held) = look.next().await.unwrap() {
        groups.add(&held.letter.record);
    }
    look.close().await.unwrap();
    let counted = begin.elapsed();
    assert_eq!(groups.into_sorted().len(), 3);

    let begin = Instant::now();
    let preview = make(
        &desk,
        &Filter::default(),
        "a test",
        None,
        Options::default(),
        |_| {},
    )
    .await
    .unwrap()
    .unwrap();
    let planned = begin.elapsed();
    let grown = resident().saturating_sub(memory);
    assert_eq!(preview.plan.total, letters as u64);
    let off = preview.customers.abs_diff(letters as u64);
    assert!(off <= letters as u64 / 25, "{} customers", preview.customers);
    eprintln!("{letters} letters: groups {counted:.1?}, plan {planned:.1?}, memory grew by {grown} KiB");
    let limit = Duration::from_secs(10).max(Duration::from_secs(letters as u64 / 5_000));
    assert!(counted < limit && planned < limit);
    assert!(grown < 64 * 1024, "memory grew by {grown} KiB");
    assert!(ids(&bench, Stage::Extract).await == before, "the order stays");
}
