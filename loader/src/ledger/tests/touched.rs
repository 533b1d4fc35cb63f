//! Rows that people have touched: the index follows, nothing is made unseen, and whoever undoes it waits longer and longer.

use super::*;
use crate::jdy::lookup::FoundRow;
use crate::ledger::index::clock;

const LEAVE: Undo = Undo {
    gone: false,
    edited: false,
    keeps_gone: false,
};
const UNDO: Undo = Undo {
    gone: true,
    edited: true,
    keeps_gone: false,
};

async fn touch(ledger: &Ledger, undo: Undo, row: &str, hash: &str) -> TouchJudged {
    let seen = [Seen {
        company: "1".to_owned(),
        row_id: row.to_owned(),
        hash: hash.to_owned(),
    }];
    let began = clock(ledger).await.unwrap();
    let judged = ledger.touched(began, Duration::ZERO, undo, &seen).await.unwrap();
    judged[0]
}

async fn read(ledger: &Ledger, asked_ms: i64, row: Option<&str>) {
    let found = row.map(|id| FoundRow {
        id: id.to_owned(),
        content: "edited".to_owned(),
        is_key_right: true,
        is_known_by_id: false,
        written_ms: 0,
    });
    let rows = [("1".to_owned(), found)];
    let reading = crate::ledger::index::Reading::LookUp {
        longest: Duration::ZERO,
    };
    crate::ledger::index::learn(ledger, asked_ms, Duration::ZERO, reading, &rows)
        .await
        .unwrap();
}

/// A record that wants the row as it was; `None` when it has to be looked up first.
async fn claim_again(ledger: &Ledger, number: i64) -> Option<Claim> {
    let batch = uuid::Uuid::new_v4().to_string();
    let version = version(number);
    let item = Item {
        sequence: NEW,
        ..plain(&version)
    };
    match ledger.claim(&batch, &[item], false).await {
        Ok(mut claimed) => Some(claimed.claims.remove(0)),
        Err(Error::Unseen(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_deleted_row_is_looked_up_again_before_another_one_is_made() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    let before = clock(&ledger).await.unwrap() - 1;
    assert_eq!(
        touch(&ledger, LEAVE, "", "").await,
        TouchJudged::Touched(Touch::Gone, false)
    );
    assert_eq!(touch(&ledger, LEAVE, "", "").await, TouchJudged::Known, "once");
    assert_eq!(claim_again(&ledger, 11).await, None);
    read(&ledger, before, Some("r1")).await;
    assert_eq!(
        claim_again(&ledger, 11).await,
        None,
        "a reading of before says nothing"
    );
    let now = clock(&ledger).await.unwrap();
    read(&ledger, now, None).await;
    assert_eq!(claim_again(&ledger, 11).await, Some(Claim::Create));
}

#[tokio::test]
async fn a_row_that_comes_back_is_not_made_again() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    touch(&ledger, LEAVE, "", "").await;
    let now = clock(&ledger).await.unwrap();
    read(&ledger, now + 1, Some("r1")).await;
    assert_eq!(claim_again(&ledger, 11).await, Some(Claim::Update("r1".into())));
}

#[tokio::test]
async fn who_lets_deleted_rows_die_is_not_told_too_early() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "bb", "r1").await;
    let stays = Undo {
        keeps_gone: true,
        ..LEAVE
    };
    let gone = TouchJudged::Touched(Touch::Gone, false);
    assert_eq!(touch(&ledger, stays, "", "").await, gone);
    assert_eq!(claim_again(&ledger, 11).await, Some(Claim::Update("r1".into())));
}

#[tokio::test]
async fn an_edited_row_is_written_by_the_next_record_and_never_by_an_older_one() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    assert_eq!(touch(&ledger, LEAVE, "r1", "aa").await, TouchJudged::Known);
    let edited = TouchJudged::Touched(Touch::Edited, false);
    assert_eq!(touch(&ledger, LEAVE, "r1", "edited").await, edited);
    assert_eq!(
        touch(&ledger, LEAVE, "r1", "edited").await,
        TouchJudged::Known,
        "the index is true"
    );
    assert_eq!(claim_again(&ledger, 9).await, Some(Claim::Stale));
    assert_eq!(claim_again(&ledger, 11).await, Some(Claim::Update("r1".into())));
    assert_eq!(
        touch(&ledger, LEAVE, "r1", "other").await,
        TouchJudged::Busy,
        "being written"
    );
}

/// What the row held stays known: it says whose it is when Redis' index is another one.
#[tokio::test]
async fn a_row_with_a_wrong_key_is_written_by_the_next_record_though_its_cells_are_right() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    let edited = TouchJudged::Touched(Touch::Edited, false);
    assert_eq!(touch(&ledger, LEAVE, "r1", "").await, edited);
    assert_eq!(touch(&ledger, LEAVE, "r1", "").await, TouchJudged::Known);
    let known = ledger.known_rows(&["1"]).await.unwrap().remove(0).unwrap();
    assert_eq!(known.hash.as_deref(), Some("aa"));
    assert_eq!(claim_again(&ledger, 11).await, Some(Claim::Update("r1".into())));
}

#[tokio::test]
async fn a_key_that_was_put_right_by_hand_leaves_nothing_to_do() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    touch(&ledger, LEAVE, "r1", "").await;
    let edited = TouchJudged::Touched(Touch::Edited, false);
    assert_eq!(touch(&ledger, LEAVE, "r1", "aa").await, edited);
    assert_eq!(claim_again(&ledger, 11).await, Some(Claim::Unchanged));
}

#[tokio::test]
async fn another_row_with_the_key_takes_the_place_of_one_that_is_gone() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    let replaced = TouchJudged::Touched(Touch::Replaced, false);
    assert_eq!(touch(&ledger, LEAVE, "r2", "typed").await, replaced);
    assert_eq!(claim_again(&ledger, 11).await, Some(Claim::Update("r2".into())));
}

#[tokio::test]
async fn who_is_not_known_is_nobody() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    assert_eq!(touch(&ledger, UNDO, "r1", "aa").await, TouchJudged::Nobody);
    assert_eq!(touch(&ledger, UNDO, "", "").await, TouchJudged::Nobody);
    assert_eq!(ledger.last_touch("1").await.unwrap(), None);
}

/// The loader that judged may be killed before it has asked; and what comes again and again waits longer and longer.
#[tokio::test]
async fn what_is_to_be_undone_stays_due_until_it_was_asked_for() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    let wanted = TouchJudged::Touched(Touch::Edited, true);
    assert_eq!(touch(&ledger, UNDO, "r1", "x").await, wanted);
    let TouchJudged::Wait(first) = touch(&ledger, UNDO, "r1", "x").await else {
        panic!("nobody has asked, and it was judged a moment ago");
    };
    assert!(first <= Duration::from_secs(5), "{first:?}");
    ledger.touch_asked(&["1"]).await.unwrap();
    assert_eq!(touch(&ledger, UNDO, "r1", "x").await, TouchJudged::Known);
    let last = ledger.last_touch("1").await.unwrap().unwrap();
    assert_eq!(last.touch, Touch::Edited);
    assert!(
        last.asked_ms >= last.noticed_ms && last.noticed_ms > 0,
        "{last:?}"
    );

    // It was undone, and is touched again.
    assert!(matches!(
        touch(&ledger, UNDO, "r1", "y").await,
        TouchJudged::Wait(_)
    ));
    assert_eq!(
        claim_again(&ledger, 11).await,
        Some(Claim::Update("r1".into())),
        "the index is true meanwhile"
    );
}
