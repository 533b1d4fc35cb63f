//! A vendor counts the calls of an account: every namespace of a Redis shares its limits, and they take turns.

use pipeline::names::{Namespace, VendorAccount};
use pipeline::quota::{Bucket, Error, Lane, Quota};

use super::replicas::{Load, merged, run, violations};
use crate::support;

fn load(namespace: &Namespace, rate: f64, tasks: usize) -> Load {
    Load {
        namespace: Some(namespace.clone()),
        ..Load::live(&[Bucket::per_second("endpoint", rate)], tasks)
    }
}

#[test]
fn two_namespaces_keep_one_limit_and_share_it_evenly() {
    let (accounts, one, other) = (support::namespace(), support::namespace(), support::namespace());
    let mut loads = vec![load(&one, 20.0, 8); 3];
    loads.push(load(&other, 20.0, 8));
    let calls = run(&accounts, &loads, 160);
    let all = merged(&calls);
    assert_eq!(violations(&all, 20), 0, "of {} calls", all.len());
    // By processes, the other one would have a quarter.
    let share = calls[3].len() as f64 / all.len() as f64;
    println!("share of the namespace with one process of four: {share:.2}");
    assert!(share > 0.36, "{share:.2}");
}

#[test]
fn the_lowest_rate_that_a_namespace_is_set_to_counts_for_all() {
    let (accounts, slow, fast) = (support::namespace(), support::namespace(), support::namespace());
    let calls = run(&accounts, &[load(&slow, 10.0, 4), load(&fast, 40.0, 8)], 80);
    assert_eq!(violations(&merged(&calls), 10), 0);
    assert!(calls.iter().all(|calls| !calls.is_empty()), "a namespace starves");
}

#[tokio::test]
async fn the_days_calls_are_those_of_all_namespaces() {
    let accounts = support::namespace();
    let [one, other] = [(); 2].map(|()| support::quota_in(&accounts, &support::namespace()));
    let (limited, free) = (
        Bucket::per_second("b", 1000.0).with_daily(6),
        Bucket::per_second("b", 1000.0),
    );
    // Told by asking: from now on the limit of the one counts for both.
    one.acquire(&[&limited], Lane::Live).await.unwrap();
    for _ in 0..3 {
        other.acquire(&[&free], Lane::Live).await.unwrap();
    }
    for _ in 0..2 {
        one.acquire(&[&limited], Lane::Live).await.unwrap();
    }
    for (quota, bucket) in [(&one, &limited), (&other, &free)] {
        let error = quota.acquire(&[bucket], Lane::Live).await.unwrap_err();
        assert!(matches!(error, Error::DailyUsedUp { .. }), "{error}");
    }
}

#[tokio::test]
async fn another_account_has_its_own_day() {
    let namespace = support::namespace();
    let bucket = Bucket::per_second("b", 1000.0).with_daily(1);
    support::quota(&namespace)
        .acquire(&[&bucket], Lane::Live)
        .await
        .unwrap();
    let other = VendorAccount::new("test", &"http://vendor".parse().unwrap(), "another");
    let other = Quota::new(support::store(), &namespace, &other, &namespace);
    other.acquire(&[&bucket], Lane::Live).await.unwrap();
    other.acquire(&[&bucket], Lane::Live).await.unwrap_err();
}
