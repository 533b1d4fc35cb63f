//! I5 as Redis counts it: no window of one second holds more calls than the limit, and nobody is left out.

use pipeline::quota::Bucket;

use super::replicas::{Load, merged, run, violations};
use crate::support;

/// Full windows in a run.
const WINDOWS: usize = 6;

fn check(limit: f64, replicas: usize, tasks: usize) {
    let loads = vec![Load::live(&[Bucket::per_second("endpoint", limit)], tasks); replicas];
    let calls = run(&support::namespace(), &loads, WINDOWS * limit as usize);
    let shares: Vec<_> = calls.iter().map(Vec::len).collect();
    let all = merged(&calls);
    assert_eq!(violations(&all, limit as usize), 0, "of {} calls", all.len());
    assert!(
        shares.iter().all(|share| *share > 0),
        "a replica starves: {shares:?}"
    );
}

#[test]
fn ten_a_second_by_one_replica() {
    check(10.0, 1, 4);
}

#[test]
fn ten_a_second_by_two_replicas() {
    check(10.0, 2, 4);
}

#[test]
fn ten_a_second_by_four_replicas() {
    check(10.0, 4, 4);
}

#[test]
fn fifty_a_second_by_four_replicas() {
    check(50.0, 4, 8);
}

#[test]
fn two_hundred_a_second_by_three_replicas() {
    check(200.0, 3, 16);
}

#[test]
fn endpoints_share_the_company_wide_limit() {
    let company = Bucket::per_second("company", 30.0);
    let endpoint = |name: &str, rate| vec![Bucket::per_second(name, rate), company.clone()];
    let loads = [
        Load::live(&endpoint("create", 10.0), 4),
        Load::live(&endpoint("create", 10.0), 4),
        Load::live(&endpoint("update", 20.0), 4),
        Load::live(&endpoint("read", 20.0), 4),
    ];
    let calls = run(&support::namespace(), &loads, WINDOWS * 30);
    assert_eq!(violations(&merged(&calls), 30), 0);
    assert_eq!(violations(&merged(&calls[..2]), 10), 0);
    assert_eq!(violations(&merged(&calls[2..3]), 20), 0);
    assert_eq!(violations(&merged(&calls[3..]), 20), 0);
    assert!(calls.iter().all(|calls| !calls.is_empty()), "an endpoint starves");
}

#[test]
fn a_full_endpoint_leaves_the_company_wide_limit_to_the_others() {
    let company = Bucket::per_second("company", 30.0);
    let loads = [
        Load::live(&[Bucket::per_second("slow", 2.0), company.clone()], 16),
        Load::live(&[Bucket::per_second("fast", 30.0), company], 16),
    ];
    let calls = run(&support::namespace(), &loads, WINDOWS * 30);
    assert_eq!(violations(&merged(&calls), 30), 0);
    let (slow, fast) = (calls[0].len(), calls[1].len());
    assert!(
        slow > 0 && fast > 2 * slow,
        "{slow} of the full endpoint, {fast} of the other one"
    );
}

#[test]
fn a_burst_goes_at_once_and_the_window_holds() {
    let loads = vec![Load::live(&[Bucket::per_second("bursty", 20.0).with_burst(20)], 20); 2];
    let all = merged(&run(&support::namespace(), &loads, WINDOWS * 20));
    // Evenly spaced, twenty calls take 950 ms. A process that stutters gives a slot back, which goes to nobody until the
    // next burst: the best one is judged.
    let burst = all.windows(20).map(|calls| calls[19] - calls[0]).min();
    assert!(burst.is_some_and(|burst| burst < 475_000), "no burst: {burst:?}");
    assert_eq!(violations(&all, 20), 0);
}
