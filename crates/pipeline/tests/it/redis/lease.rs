//! One holder at a time, growing fences, and no revival of what has expired.

use std::time::Duration;

use futures::future::join_all;
use pipeline::lease::Lease;

use crate::support;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(60);

#[tokio::test]
async fn of_many_at_once_one_gets_it() {
    let (store, key) = (support::store(), support::namespace().index_lease_key());
    let tries = (0..20).map(|_| Lease::acquire(&store, key.clone(), "replica", LONG));
    let held: Vec<_> = join_all(tries)
        .await
        .into_iter()
        .filter_map(Result::unwrap)
        .collect();
    assert_eq!(held.len(), 1);
    assert!(held[0].held() && held[0].renew().await.unwrap());
    let value: String = redis::cmd("GET")
        .arg(held[0].key())
        .query_async(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
    assert_eq!(value, held[0].proof());
}

#[tokio::test]
async fn fences_grow_over_release_expiry_and_loss() {
    let (store, key) = (support::store(), support::namespace().index_lease_key());
    let acquire = |ttl| Lease::acquire(&store, key.clone(), "replica", ttl);
    let first = acquire(LONG).await.unwrap().unwrap();
    assert!(acquire(LONG).await.unwrap().is_none());
    let mut fences = vec![first.fence()];
    first.release().await.unwrap();
    let second = acquire(SHORT).await.unwrap().unwrap();
    fences.push(second.fence());
    tokio::time::sleep(SHORT * 2).await;
    let third = acquire(LONG).await.unwrap().unwrap();
    fences.push(third.fence());
    let lost = [key.clone(), format!("{key}:fence")];
    redis::cmd("DEL")
        .arg(&lost)
        .query_async::<()>(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
    fences.push(acquire(LONG).await.unwrap().unwrap().fence());
    assert!(fences.is_sorted_by(|a, b| a < b), "{fences:?}");
}

#[tokio::test]
async fn a_holder_that_slept_too_long_knows_it_and_cannot_disturb_the_next() {
    let (store, key) = (support::store(), support::namespace().index_lease_key());
    let sleeper = Lease::acquire(&store, key.clone(), "a", SHORT)
        .await
        .unwrap()
        .unwrap();
    tokio::time::sleep(SHORT * 2).await;
    assert!(!sleeper.held());
    assert!(!sleeper.renew().await.unwrap(), "an expired lease is not revived");
    let next = Lease::acquire(&store, key, "b", LONG).await.unwrap().unwrap();
    assert!(!sleeper.renew().await.unwrap());
    sleeper.release().await.unwrap();
    assert!(next.renew().await.unwrap() && next.held());
}

#[tokio::test]
async fn held_ends_before_the_term_does() {
    let (store, key) = (support::store(), support::namespace().index_lease_key());
    let ttl = Duration::from_millis(500);
    let lease = Lease::acquire(&store, key.clone(), "a", ttl)
        .await
        .unwrap()
        .unwrap();
    while lease.held() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(
        Lease::acquire(&store, key, "b", LONG).await.unwrap().is_none(),
        "held() outlived the lease"
    );
}

#[tokio::test]
async fn keeping_goes_on_until_the_lease_is_taken_away() {
    let (store, key) = (support::store(), support::namespace().index_lease_key());
    let lease = Lease::acquire(&store, key.clone(), "a", SHORT * 5)
        .await
        .unwrap()
        .unwrap();
    tokio::time::timeout(SHORT * 15, lease.lost())
        .await
        .expect_err("lost although it was renewed");
    assert!(lease.held());
    redis::cmd("DEL")
        .arg(&key)
        .query_async::<()>(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
    lease.lost().await;
    assert!(!lease.held());
}
