//! Reasons are independent, probers are single and end with the gate.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

#[tokio::test]
async fn two_reasons_are_two_locks() {
    let gate = Gate::new();
    assert!(gate.is_open());
    gate.close(Pause::Broker, "connection refused");
    gate.close(Pause::Redis, "timed out");
    gate.open(Pause::Broker);
    assert!(!gate.is_open());
    assert_eq!(
        gate.pauses()
            .iter()
            .map(|report| report.reason)
            .collect::<Vec<_>>(),
        [Pause::Redis]
    );
    gate.open(Pause::Redis);
    assert!(gate.is_open());
    gate.open(Pause::Redis);
    assert!(gate.is_open() && gate.pauses().is_empty());
}

#[tokio::test]
async fn closing_again_only_changes_the_detail() {
    let gate = Gate::new();
    gate.close(Pause::Outage, "502");
    let since = gate.pauses()[0].since;
    gate.close(Pause::Outage, "503");
    assert_eq!(
        (gate.pauses()[0].detail.as_str(), gate.pauses()[0].since),
        ("503", since)
    );
    gate.open(Pause::Outage);
    assert!(gate.is_open());
}

#[tokio::test]
async fn a_trial_lets_work_through_while_the_reason_stands() {
    let gate = Gate::new();
    gate.try_out(Pause::Outage, true);
    gate.close(Pause::Outage, "502");
    gate.try_out(Pause::Outage, true);
    assert!(gate.is_open() && gate.pauses().len() == 1);
    gate.close(Pause::Redis, "timed out");
    assert!(!gate.is_open(), "another reason is not on trial");
    gate.open(Pause::Redis);
    assert!(gate.is_open());
    gate.close(Pause::Outage, "503");
    assert!(!gate.is_open(), "closing again ends the trial");
    gate.try_out(Pause::Outage, true);
    gate.try_out(Pause::Outage, false);
    assert!(!gate.is_open());
    gate.open(Pause::Outage);
    assert!(gate.is_open() && gate.pauses().is_empty());
}

#[tokio::test]
async fn opening_wakes_everybody_who_waits() {
    let gate = Gate::new();
    gate.opened().await;
    gate.close(Pause::Starting, "");
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let gate = gate.clone();
            tokio::spawn(async move { gate.opened().await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert!(waiters.iter().all(|waiter| !waiter.is_finished()));
    gate.open(Pause::Starting);
    for waiter in waiters {
        waiter.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_hold_does_not_probe_twice() {
    let gate = Gate::new();
    let (asked, answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    for detail in ["first", "second"] {
        let (asked, answer) = (asked.clone(), answer.clone());
        gate.close_until(Pause::Outage, detail, move || {
            asked.fetch_add(1, Ordering::SeqCst);
            let answer = answer.load(Ordering::SeqCst);
            async move { answer }
        });
    }
    assert_eq!(gate.pauses()[0].detail, "second");
    tokio::time::sleep(Duration::from_secs(100)).await;
    // 1, 2, 4, 8, 16 s and then 30 s: about 6 questions in 100 s; two probers would have asked 12.
    let questions = asked.load(Ordering::SeqCst);
    assert!((5..=8).contains(&questions), "{questions}");
    assert!(!gate.is_open());
    answer.store(true, Ordering::SeqCst);
    tokio::time::timeout(Duration::from_secs(40), gate.opened())
        .await
        .unwrap();
    let answered = asked.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(
        asked.load(Ordering::SeqCst),
        answered,
        "the prober goes on after its success"
    );
}

#[tokio::test(start_paused = true)]
async fn opening_by_hand_ends_the_prober() {
    let gate = Gate::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    gate.close_until(Pause::Quota, "used up", move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { false }
    });
    gate.open(Pause::Quota);
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!((asked.load(Ordering::SeqCst), gate.is_open()), (0, true));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_gate_ends_the_prober() {
    let gate = Gate::new();
    let alive = Arc::new(());
    let held = alive.clone();
    gate.close_until(Pause::Redis, "away", move || {
        let held = held.clone();
        async move { Arc::strong_count(&held) == 0 }
    });
    drop(gate);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_probe_does_not_close_for_ever() {
    let gate = Gate::new();
    let asked = Arc::new(AtomicUsize::new(0));
    gate.close_until(Pause::Index, "rebuilding", move || {
        let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            assert!(!first, "the first probe fails badly");
            true
        }
    });
    tokio::time::timeout(Duration::from_secs(10), gate.opened())
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_problem_that_comes_straight_back_is_probed_ever_more_slowly() {
    let gate = Gate::new();
    let started = tokio::time::Instant::now();
    for _ in 0..5 {
        gate.close_until(Pause::Credentials, "refused", || async { true });
        gate.opened().await;
    }
    assert!(
        started.elapsed() > Duration::from_secs(20),
        "hot loop: {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn only_an_operator_makes_a_stage_rest() {
    let gate = Gate::new();
    let rests = tokio::spawn({
        let gate = gate.clone();
        async move { gate.rests().await }
    });
    gate.close(Pause::Quota, "day");
    gate.open(Pause::Quota);
    tokio::task::yield_now().await;
    assert!(!rests.is_finished());
    gate.close(Pause::Operator, "paused by li: why");
    rests.await.unwrap();
    gate.rests().await;
}

#[tokio::test]
async fn a_standing_reason_can_be_told_anew_and_nothing_is_closed_by_that() {
    let gate = Gate::new();
    gate.tell(Pause::Outage, "HTTP 502");
    assert!(gate.is_open() && gate.pauses().is_empty());
    gate.close(Pause::Outage, "no list");
    let since = gate.pauses()[0].since;
    gate.tell(Pause::Outage, "HTTP 502");
    let pauses = gate.pauses();
    assert_eq!((pauses[0].detail.as_str(), pauses[0].since), ("HTTP 502", since));
}
