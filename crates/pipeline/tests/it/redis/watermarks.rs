//! Watermarks never claim too much: newest wins, another epoch does not count, the dead are forgotten.

use pipeline::version::Version;
use pipeline::watermarks::{Published, Watermarks};

use crate::support;

fn published(update_time: i64, sequence: u64, digest: u8) -> Published {
    Published {
        version: Version {
            update_time,
            sequence,
        },
        digest: vec![digest, 0, 255],
    }
}

fn watermarks() -> Watermarks {
    Watermarks::new(support::store(), support::namespace())
}

/// What the loader's scripts do when the index was rebuilt.
async fn begin_epoch(watermarks: &Watermarks, epoch: &str) {
    let store = support::store();
    redis::cmd("SET")
        .arg(watermarks.epoch_key())
        .arg(epoch)
        .query_async::<()>(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_newest_published_version_stays() {
    let watermarks = watermarks();
    let big = 1_763_900_000_000_000;
    for watermark in [
        published(10, big + 1, 1),
        published(10, big + 2, 2),
        published(10, big + 1, 3),
        published(9, big + 9, 4),
    ] {
        watermarks.record_published(&[("a", watermark)]).await.unwrap();
    }
    watermarks
        .record_published(&[("b", published(11, 1, 5)), ("c", published(0, 2, 6))])
        .await
        .unwrap();
    let found = watermarks.published(&["a", "none", "b", "c"]).await.unwrap();
    let expected = [
        Some(published(10, big + 2, 2)),
        None,
        Some(published(11, 1, 5)),
        Some(published(0, 2, 6)),
    ];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn loaded_counts_only_within_its_epoch() {
    let watermarks = watermarks();
    watermarks.record_loaded(&[("a", 5)]).await.unwrap();
    assert_eq!(
        watermarks.loaded(&["a"]).await.unwrap(),
        [None],
        "no index, no watermark"
    );
    begin_epoch(&watermarks, "one").await;
    watermarks.record_loaded(&[("a", 5), ("b", 7)]).await.unwrap();
    watermarks.record_loaded(&[("a", 4), ("b", 8)]).await.unwrap();
    assert_eq!(
        watermarks.loaded(&["a", "b", "c"]).await.unwrap(),
        [Some(5), Some(8), None]
    );
    begin_epoch(&watermarks, "two").await;
    assert_eq!(watermarks.loaded(&["a", "b"]).await.unwrap(), [None, None]);
    watermarks.record_loaded(&[("a", 3)]).await.unwrap();
    assert_eq!(
        watermarks.loaded(&["a"]).await.unwrap(),
        [Some(3)],
        "the older epoch's larger time does not count"
    );
    assert_eq!(watermarks.epoch().await.unwrap().as_deref(), Some("two"));
}

#[tokio::test]
async fn clearing_forgets_both_marks() {
    let watermarks = watermarks();
    begin_epoch(&watermarks, "one").await;
    watermarks.record_loaded(&[("a", 5), ("b", 5)]).await.unwrap();
    watermarks
        .record_published(&[("a", published(5, 1, 1))])
        .await
        .unwrap();
    watermarks.clear(&["a"]).await.unwrap();
    assert_eq!(watermarks.loaded(&["a", "b"]).await.unwrap(), [None, Some(5)]);
    assert_eq!(watermarks.published(&["a"]).await.unwrap(), [None]);
}

#[tokio::test]
async fn empty_batches_cost_nothing() {
    let watermarks = watermarks();
    let none: [&str; 0] = [];
    assert!(
        watermarks.published(&none).await.unwrap().is_empty()
            && watermarks.loaded(&none).await.unwrap().is_empty()
    );
    watermarks.record_loaded(&[] as &[(&str, i64)]).await.unwrap();
    watermarks
        .record_published(&[] as &[(&str, Published)])
        .await
        .unwrap();
    watermarks.clear(&none).await.unwrap();
}
