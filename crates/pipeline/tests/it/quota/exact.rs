//! I5 as the vendor counts it: no window of one second holds more calls than the limit, and 95 % of it are used.

use std::time::Duration;

use pipeline::quota::Bucket;

use super::replicas::{Load, merged, run, tightest, used, violations};
use crate::support;

const TIME: Duration = Duration::from_secs(9);

fn check(limit: f64, replicas: usize, tasks: usize) {
    let loads = vec![Load::live(&[Bucket::per_second("endpoint", limit)], tasks); replicas];
    let run = run(&support::namespace(), &loads, TIME);
    let calls = &run.calls;
    let shares: Vec<_> = calls.iter().map(Vec::len).collect();
    let all = merged(calls);
    let (violations, used) = (violations(&all, limit as usize), used(&all, limit));
    let tightest = tightest(&all, limit as usize);
    println!(
        "{limit}/s, {replicas} replicas: used {:.2} %, violations {violations}, tightest {tightest:?}, shares {shares:?}, \
         starved {:.2} %",
        used * 100.0,
        run.starved * 100.0
    );
    assert_eq!(violations, 0, "of {} calls", all.len());
    assert!(
        (0.95..=1.0).contains(&used),
        "used {used}, starved {}",
        run.starved
    );
    // Nobody starves: even the unluckiest replica has a quarter of its fair share.
    let fair = all.len() / replicas;
    assert!(shares.iter().all(|share| *share >= fair / 4), "{shares:?}");
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
    let run = run(&support::namespace(), &loads, TIME);
    let calls = &run.calls;
    let create = merged(&calls[..2]);
    let all = merged(calls);
    println!(
        "company 30/s of 10 + 20 + 20: used {:.2} %, create {:.2} %",
        used(&all, 30.0) * 100.0,
        used(&create, 10.0) * 100.0
    );
    assert_eq!(violations(&all, 30), 0);
    assert_eq!(violations(&create, 10), 0);
    assert_eq!(violations(&calls[2], 20) + violations(&calls[3], 20), 0);
    assert!((0.95..=1.0).contains(&used(&all, 30.0)));
    assert!(calls.iter().all(|calls| calls.len() >= 20), "an endpoint starves");
}

#[test]
fn a_full_endpoint_leaves_the_company_wide_limit_to_the_others() {
    let company = Bucket::per_second("company", 30.0);
    let loads = [
        Load::live(&[Bucket::per_second("slow", 2.0), company.clone()], 16),
        Load::live(&[Bucket::per_second("fast", 30.0), company], 16),
    ];
    let run = run(&support::namespace(), &loads, TIME);
    let all = merged(&run.calls);
    assert_eq!(violations(&all, 30), 0);
    assert!(
        (0.95..=1.0).contains(&used(&all, 30.0)),
        "used {}",
        used(&all, 30.0)
    );
}

#[test]
fn a_burst_goes_at_once_and_the_window_holds() {
    let loads = vec![Load::live(&[Bucket::per_second("bursty", 20.0).with_burst(20)], 20); 2];
    let all = merged(&run(&support::namespace(), &loads, Duration::from_secs(5)).calls);
    // A process that stutters gives a slot back, which goes to nobody until the next burst: the best one is judged.
    let burst = all.windows(20).map(|calls| calls[19] - calls[0]).min();
    assert!(
        burst.is_some_and(|burst| burst < Duration::from_millis(200)),
        "no burst: {burst:?}"
    );
    assert_eq!(violations(&all, 20), 0);
    assert!(all.len() >= 60, "{}", all.len());
}
