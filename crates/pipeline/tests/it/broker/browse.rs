//! What browsing relies on, on a real broker.

use kit::workbench::{OPTIONS, Workbench};
use pipeline::{
    broker::{Browser, Handle},
    failure::Failure,
    handler::Outcome,
};
use std::time::Duration;

/// A bench with so many dead letters.
async fn with_letters(count: u32) -> Workbench {
    let bench = Workbench::new().await;
    bench.publish(0..count as usize).await;
    let running = bench.consume(OPTIONS, |_, _| Outcome::Dead(Failure::new("broken", "for good")));
    bench.until_depth(&bench.dead(), count).await;
    running.stop().await;
    bench
}

async fn until_consumers(bench: &Workbench, wanted: u32) {
    while bench.rt.broker.consumers(&bench.dead()).await.unwrap() != wanted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_consumer_counts_until_all_that_it_took_is_removed() {
    let bench = with_letters(10).await;
    let mut browser = Browser::open(&bench.rt.broker, bench.dead()).await.unwrap();
    browser.want(5);
    let mut handles = Vec::new();
    for _ in 0..5 {
        handles.push(browser.next().await.unwrap().unwrap().handle);
    }
    until_consumers(&bench, 1).await;
    let (last, others) = handles.split_last().unwrap();
    let others: Vec<_> = others.iter().collect();
    assert_eq!((Handle::remove_all(&others).await, browser.held()), (4, 1));
    browser.flush().await.unwrap();
    assert_eq!(bench.rt.broker.consumers(&bench.dead()).await.unwrap(), 1);
    assert!(last.remove().await);
    until_consumers(&bench, 0).await;
    browser.close().await.unwrap();
    assert_eq!(bench.depth(&bench.dead()).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_removed_together_and_in_any_order() {
    let bench = with_letters(60).await;
    let mut browser = Browser::open(&bench.rt.broker, bench.dead())
        .await
        .unwrap()
        .with_pages_of(7);
    let mut handles = Vec::new();
    while let Some(next) = browser.next().await.unwrap() {
        handles.push(next.handle);
    }
    // The first twenty from behind, then every second one, then what lies between.
    let front: Vec<_> = handles[..20].iter().rev().collect();
    assert_eq!(Handle::remove_all(&front).await, 20);
    let odd: Vec<_> = handles[20..50].iter().skip(1).step_by(2).collect();
    assert_eq!(Handle::remove_all(&odd).await, 15);
    assert_eq!(browser.held(), 25);
    let even: Vec<_> = handles[20..50].iter().step_by(2).collect();
    assert_eq!(Handle::remove_all(&even).await, 15);
    browser.close().await.unwrap();
    bench.until_depth(&bench.dead(), 10).await;
}
