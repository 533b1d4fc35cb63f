//! The ladder's rows and the bounds of the in-process waits.

use std::time::Duration;

use super::*;

#[test]
fn each_attempt_has_its_rung_and_then_none() {
    let policy = RetryPolicy::default();
    let delays: Vec<_> = (1..=4)
        .map(|attempt| policy.delay_after(attempt).map(|d| d.as_secs()))
        .collect();
    assert_eq!(delays, [Some(5), Some(60), Some(600), None]);
    assert_eq!(policy.delay_after(0), policy.delay_after(1));
    assert_eq!(policy.attempts(), 4);
}

#[test]
fn ladders_are_read_and_checked() {
    assert_eq!("5s, 1m,10m".parse(), Ok(RetryPolicy::default()));
    assert_eq!("".parse::<RetryPolicy>(), Err(InvalidLadder::Empty));
    assert_eq!("0s".parse::<RetryPolicy>(), Err(InvalidLadder::OutOfRange));
    assert_eq!("5s,2d".parse::<RetryPolicy>(), Err(InvalidLadder::OutOfRange));
    assert_eq!("1m,5s".parse::<RetryPolicy>(), Err(InvalidLadder::NotGrowing));
    assert!(matches!("5".parse::<RetryPolicy>(), Err(InvalidLadder::Delay(_))));
}

#[test]
fn waits_grow_and_stay_within_their_bounds() {
    let (min, max) = (Duration::from_millis(100), Duration::from_secs(5));
    let mut backoff = Backoff::new(min, max);
    let waits: Vec<_> = (0..20).map(|_| backoff.next_delay()).collect();
    assert!(
        waits.iter().all(|wait| *wait >= min.mul_f64(0.8) && *wait <= max),
        "{waits:?}"
    );
    assert!(waits[0] <= min.mul_f64(1.21), "{waits:?}");
    assert!(waits[19] >= max.mul_f64(0.79), "{waits:?}");
    backoff.reset();
    assert!(backoff.next_delay() <= min.mul_f64(1.21));
}
