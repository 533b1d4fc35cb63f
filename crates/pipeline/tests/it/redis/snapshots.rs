//! Kept snapshots: the newest stays, who is gone is gone, nobody comes back by an older state, and what one costs.

use crate::support;
use pipeline::{
    message::Subject,
    names::Namespace,
    setting::Secret,
    snapshots::{Keeping, SnapshotKeys, Snapshots},
    store::Store,
};
use proto::v1::{CompanySnapshot, Version};

const FIRST: u64 = 1_762_358_927_000_000;

struct Place {
    store: Store,
    namespace: Namespace,
    snapshots: Snapshots,
}

fn place() -> Place {
    let (store, namespace) = (support::store(), support::namespace());
    let snapshots = Snapshots::new(&store, &namespace, &SnapshotKeys::default());
    Place {
        store,
        namespace,
        snapshots,
    }
}

fn state(company: &str, update_time: i64, sequence: u64) -> Keeping {
    Keeping {
        snapshot: CompanySnapshot {
            company_id: company.to_owned(),
            version: Some(Version {
                update_time,
                sequence: FIRST + sequence,
            }),
            detail_json: br#"{"name":"a"}"#.as_slice().into(),
            ..CompanySnapshot::default()
        },
        content: None,
    }
}

fn gone(company: &str, update_time: i64, sequence: u64) -> Keeping {
    let mut keeping = state(company, update_time, sequence);
    keeping.snapshot.removed = true;
    keeping
}

impl Place {
    /// The update time and the sequence that are kept.
    async fn kept(&self, company: &str) -> Option<(i64, u64)> {
        let found = self.snapshots.of(&[company]).await.unwrap().remove(0)?;
        let version = found.unwrap().snapshot.version();
        Some((version.update_time, version.sequence - FIRST))
    }
}

#[tokio::test]
async fn the_newest_state_stays_whichever_comes_last() {
    let place = place();
    let all = [
        state("a", 10, 1),
        state("a", 10, 3),
        state("a", 10, 2),
        state("a", 9, 9),
    ];
    place.snapshots.keep(&all).await.unwrap();
    assert_eq!(place.kept("a").await, Some((10, 3)));
    // Other cells of the same state: another mapping has mapped it.
    let again = Keeping {
        content: Some([7; 8]),
        ..state("a", 10, 3)
    };
    place.snapshots.keep(&[again]).await.unwrap();
    let found = place.snapshots.of(&["a", "b"]).await.unwrap();
    assert_eq!(found[0].as_ref().unwrap().as_ref().unwrap().content, Some([7; 8]));
    assert!(found[1].is_none());
    assert_eq!(place.snapshots.count().await.unwrap(), 1);
    assert_eq!(
        place.snapshots.are_kept(&["b", "a"]).await.unwrap(),
        [false, true]
    );
}

#[tokio::test]
async fn who_is_gone_comes_back_only_by_a_newer_state() {
    let place = place();
    let keep = async |one: Keeping| place.snapshots.keep(&[one]).await.unwrap();
    keep(state("a", 10, 1)).await;
    keep(gone("a", 9, 2)).await;
    assert_eq!(place.kept("a").await, Some((10, 1)), "an older removal");
    keep(gone("a", 11, 3)).await;
    assert_eq!(place.kept("a").await, None);
    // Handled at the same time by somebody slower.
    keep(state("a", 10, 1)).await;
    assert_eq!(place.kept("a").await, None, "an older state");
    keep(state("a", 12, 4)).await;
    assert_eq!(place.kept("a").await, Some((12, 4)), "it is there again");
    keep(gone("b", 5, 5)).await;
    keep(state("b", 4, 4)).await;
    assert_eq!(place.kept("b").await, None, "its state comes after its removal");
}

#[tokio::test]
async fn every_kept_customer_is_found_in_one_part_and_once() {
    let place = place();
    let ids: Vec<String> = (0..500)
        .map(|n| (56_657_420_900_000_u64 + n).to_string())
        .collect();
    let all: Vec<_> = ids.iter().map(|id| state(id, 1, 1)).collect();
    place.snapshots.keep(&all).await.unwrap();
    let mut found = Vec::new();
    for shard in 0..place.snapshots.shards() {
        let part = place.snapshots.companies(shard).await.unwrap();
        assert!(part.is_sorted());
        found.extend(part);
    }
    found.sort();
    assert_eq!(found, ids);
}

#[tokio::test]
async fn redis_holds_no_text_of_a_customer_where_there_is_a_key() {
    let place = place();
    let key = Secret::new("Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M=");
    let sealing = SnapshotKeys::read(Some(&key)).unwrap();
    let sealed = Snapshots::new(&place.store, &place.namespace, &sealing);
    let mut one = state("56657420945678", 10, 1);
    let text = "Ningbo Harbour Trading".repeat(50);
    one.snapshot.detail_json = format!(r#"{{"name":"{text}"}}"#).into_bytes().into();
    sealed.keep(std::slice::from_ref(&one)).await.unwrap();
    let mut connection = place.store.connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(place.namespace.key_pattern())
        .query_async(&mut *connection)
        .await
        .unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let raw: Vec<u8> = redis::cmd("HGET")
        .arg(&keys[0])
        .arg("56657420945678")
        .query_async(&mut *connection)
        .await
        .unwrap();
    assert!(!raw.windows(6).any(|bytes| bytes == b"Ningbo"), "{raw:?}");
    assert_eq!(raw[32], 0x11, "it is sealed");
    let opened = sealed.of(&["56657420945678"]).await.unwrap().remove(0).unwrap();
    assert_eq!(opened.unwrap().snapshot.detail_json, one.snapshot.detail_json);
    let without = place.snapshots.of(&["56657420945678"]).await.unwrap().remove(0);
    let problem = without.unwrap().unwrap_err().to_string();
    assert!(problem.contains("SNAPSHOT_KEY is not set"), "{problem}");
}
