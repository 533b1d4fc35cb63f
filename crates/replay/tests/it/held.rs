//! Letters that somebody holds who does not answer: nothing that is known of them is forgotten, and nobody says that all is
//! there.

use crate::letters::{ids, import_lines, line, look, references, workspace};
use kit::{
    wait::{eventually, expect},
    workbench::{Workbench, reference},
};
use pipeline::{failure::Failure, stage::Stage};
use replay::browse::Browser;
use std::time::Duration;

fn broken(_: usize) -> Failure {
    Failure::new("broken", "for good")
}

/// Everything that a process has taken which stands still.
async fn taken(bench: &Workbench) -> (Browser, Vec<String>) {
    let mut browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
    let mut digits = Vec::new();
    while let Some(taken) = browser.next().await.unwrap() {
        digits.push(taken.letter.key());
    }
    (browser, digits)
}

async fn noted(bench: &Workbench) -> usize {
    let mut connection = bench.rt.store.connection().await.unwrap();
    redis::cmd("HLEN")
        .arg(bench.rt.namespace.leaving_key(Stage::Extract, false))
        .query_async(&mut *connection)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_beside_a_suspended_move_forgets_nothing_and_the_second_copies_go_at_a_later_one() {
    let bench = Workbench::new().await;
    references(&bench, 0..5, broken).await;
    let (suspended, digits) = taken(&bench).await;
    // It had published two copies, and has neither removed the letters nor said that they are gone.
    let mut connection = bench.rt.store.connection().await.unwrap();
    for digits in &digits[..2] {
        redis::cmd("HSET")
            .arg(bench.rt.namespace.leaving_key(Stage::Extract, false))
            .arg(digits)
            .arg("d-1 arrived")
            .query_async::<()>(&mut *connection)
            .await
            .unwrap();
    }
    drop(connection);
    let workspace = workspace(&bench, Stage::Extract);
    assert!(look(&workspace).await.is_empty(), "all of them are held");
    assert_eq!(noted(&bench).await, 2, "they may come back");
    drop(suspended);
    bench.until_depth(&bench.dead(), 5).await;
    assert_eq!(look(&workspace).await, ["2", "3", "4"]);
    assert_eq!(ids(&bench, Stage::Extract).await.len(), 3);
    // Nobody holds anything any more, so what is noted of letters that are not there may go.
    let left = async || {
        look(&workspace).await;
        let noted = noted(&bench).await;
        expect(noted == 0, || format!("{noted} notes"))
    };
    eventually(Duration::from_secs(20), "the notes are forgotten", left).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_letters_is_named_however_many_are_there_and_not_once_they_are_back() {
    let bench = Workbench::new().await;
    references(&bench, 0..3, broken).await;
    let (suspended, _) = taken(&bench).await;
    let mut connection = bench.rt.store.connection().await.unwrap();
    redis::cmd("HSET")
        .arg(bench.rt.namespace.holders_key(Stage::Extract, false))
        .arg("wang on host-1 (discard)")
        .arg(r#"{"since":1,"letters":3,"until":99999999999999}"#)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
    drop(connection);
    // As many letters as it holds come meanwhile.
    let lines: Vec<_> = (10..13)
        .map(|id| line(&bench, Stage::Extract, &reference(id), &broken(id)))
        .collect();
    import_lines(&bench, Stage::Extract, &lines).await;
    let workspace = workspace(&bench, Stage::Extract);
    let withheld = async || {
        let browser = workspace.browse("test").await.unwrap();
        let withheld = browser.withheld();
        browser.close().await.unwrap();
        withheld
    };
    let who = withheld().await;
    assert!(
        who.as_deref().is_some_and(|who| who.contains("wang on host-1")),
        "{who:?}"
    );
    // It is killed, and what it held is back.
    drop(suspended);
    bench.until_depth(&bench.dead(), 6).await;
    eventually(Duration::from_secs(20), "nobody is named", async || {
        let who = withheld().await;
        expect(who.is_none(), || format!("{who:?}"))
    })
    .await;
}
