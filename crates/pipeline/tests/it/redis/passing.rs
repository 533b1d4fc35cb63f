//! Of two states of a customer, one that goes on and one that a condition drops, the second knows of the first; and what
//! is known of a customer outlives what the next state is compared with.

use pipeline::version::Version;
use pipeline::watermarks::passing::{Known, Step};
use pipeline::watermarks::standing::Standing;
use pipeline::watermarks::{Published, Watermarks};

use crate::support;

fn watermarks() -> Watermarks {
    Watermarks::new(support::store(), support::namespace())
}

fn version(update_time: i64, sequence: u64) -> Version {
    Version {
        update_time,
        sequence: 1_763_900_000_000_000 + sequence,
    }
}

async fn note(watermarks: &Watermarks, step: Step, version: Version) -> bool {
    watermarks.note(&[("a", step, version)]).await.unwrap()[0]
}

#[tokio::test]
async fn whichever_state_comes_first_the_newer_one_decides() {
    let marks = watermarks();
    // The older one first: the newer one is told to the loader.
    assert!(note(&marks, Step::Pass, version(5, 1)).await);
    assert!(note(&marks, Step::Drop, version(6, 2)).await);
    // The newer one first: the older one goes no further, and there is nobody to tell.
    let marks = watermarks();
    assert!(!note(&marks, Step::Drop, version(6, 2)).await);
    assert!(!note(&marks, Step::Pass, version(5, 1)).await);
    assert!(!note(&marks, Step::Pass, version(6, 1)).await);
    assert!(!note(&marks, Step::Drop, version(4, 1)).await);
    // It comes back, and leaves once more.
    assert!(note(&marks, Step::Pass, version(6, 3)).await);
    assert!(note(&marks, Step::Drop, version(7, 4)).await);
}

#[tokio::test]
async fn states_of_one_batch_are_noted_in_their_order() {
    let marks = watermarks();
    let steps = [
        ("a", Step::Pass, version(5, 1)),
        ("b", Step::Drop, version(6, 2)),
        ("a", Step::Drop, version(6, 3)),
        ("b", Step::Pass, version(5, 1)),
    ];
    assert_eq!(marks.note(&steps).await.unwrap(), [true, false, true, false]);
}

#[tokio::test]
async fn that_there_may_be_a_row_is_never_forgotten() {
    let marks = watermarks();
    assert!(note(&marks, Step::Pass, version(5, 1)).await);
    marks.clear(&["a"]).await.unwrap();
    assert!(note(&marks, Step::Drop, version(5, 2)).await);
    marks.seen_in_form(&["b"]).await.unwrap();
    let known = marks.known(&["a", "b", "c"]).await.unwrap();
    assert_eq!(known[0].dropped, Some(version(5, 2)));
    assert!(known[1].may_have_row && known[1].wants_note() == known[1].dropped.is_some());
    assert_eq!(known[2], Known::default());
    // One of the version before, which wrote only this.
    let published = Published {
        version: version(5, 1),
        digest: vec![1],
    };
    marks.record_published(&[("d", published)]).await.unwrap();
    let dropped = marks.note(&[("d", Step::Drop, version(6, 1))]).await.unwrap();
    assert_eq!(dropped, [true]);
}

#[tokio::test]
async fn whoever_is_gone_is_not_loaded_any_more() {
    let marks = watermarks();
    let store = support::store();
    redis::cmd("SET")
        .arg(marks.epoch_key())
        .arg("one")
        .query_async::<()>(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
    marks.record_loaded(&[("a", 5), ("b", 9)]).await.unwrap();
    let gone = [("a", version(6, 2)), ("b", version(6, 2))];
    marks.record_gone(&gone).await.unwrap();
    for older in [version(4, 9), version(6, 1)] {
        marks.record_gone(&[("a", older)]).await.unwrap();
    }
    assert_eq!(marks.loaded(&["a", "b"]).await.unwrap(), [None, Some(9)]);
    marks.record_listed(&["a", "new"], 77).await.unwrap();
    let standings = marks.standings(&["a", "b", "new", "none"]).await.unwrap();
    let gone = standings[0].gone;
    assert_eq!((gone, standings[0].listed_in), (Some(version(6, 2)), Some(77)));
    assert!(standings[0].is_gone());
    assert!(!standings[1].is_gone() && standings[1].loaded == Some(9));
    assert!(!standings[2].may_have_row);
    assert_eq!(standings[3], Standing::default());
    let mut found = Vec::new();
    let mut cursor = 0;
    loop {
        let (next, ids) = marks.scan(cursor, 100).await.unwrap();
        found.extend(ids);
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, ["a", "b", "new"]);
}

#[tokio::test]
async fn the_newest_removal_is_known_from_when_it_is_handed_on() {
    let marks = watermarks();
    assert_eq!(marks.removed(&["a"]).await.unwrap(), [None]);
    for removed in [version(6, 3), version(5, 9), version(6, 2)] {
        marks.record_removed("a", removed).await.unwrap();
    }
    assert_eq!(marks.removed(&["a"]).await.unwrap(), [Some(version(6, 3))]);
    marks.record_gone(&[("a", version(7, 1))]).await.unwrap();
    assert_eq!(marks.removed(&["a"]).await.unwrap(), [Some(version(7, 1))]);
    // Handled by a release that did not keep sequences.
    let store = support::store();
    redis::cmd("HSET")
        .arg(marks.key("old"))
        .arg(&["x", "8"])
        .query_async::<()>(&mut *store.connection().await.unwrap())
        .await
        .unwrap();
    let before_all = Version {
        update_time: 8,
        sequence: 0,
    };
    assert_eq!(marks.removed(&["old"]).await.unwrap(), [Some(before_all)]);
    assert!(marks.standings(&["old"]).await.unwrap()[0].is_gone());
}
