//! Numbers are unique, gapless within a take, and grow whatever happens to Redis.

use std::collections::HashSet;

use futures::future::join_all;
use pipeline::sequence;

use crate::support;

#[tokio::test]
async fn concurrent_takes_never_share_a_number() {
    let (store, namespace) = (support::store(), support::namespace());
    let takes = (1..=50_u32).map(|n| {
        let (store, namespace) = (&store, &namespace);
        async move { (sequence::next(store, namespace, n).await.unwrap(), u64::from(n)) }
    });
    let taken: Vec<u64> = join_all(takes)
        .await
        .into_iter()
        .flat_map(|(first, n)| first..first + n)
        .collect();
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 50 * 51 / 2);
}

#[tokio::test]
async fn numbers_grow_also_when_redis_has_lost_them_or_they_outran_the_clock() {
    let (store, namespace) = (support::store(), support::namespace());
    let next = || sequence::next(&store, &namespace, 1);
    let first = next().await.unwrap();
    let key = namespace.sequence_key();
    redis::cmd("DEL")
        .arg(&key)
        .query_async::<()>(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
    let second = next().await.unwrap();
    assert!(second > first, "{second} after {first}");
    let ahead = second + 3_600_000_000;
    redis::cmd("SET")
        .arg(&key)
        .arg(ahead)
        .query_async::<()>(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
    assert_eq!(next().await.unwrap(), ahead + 1);
    assert_eq!(sequence::next(&store, &namespace, 0).await.unwrap(), ahead + 2);
}
