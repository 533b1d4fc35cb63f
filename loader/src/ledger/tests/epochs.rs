//! What counts in an epoch of the index: what was seen in it, and what was written since.

use super::*;
use crate::index::testing::{look_up, open, rebuild_with};
use crate::jdy::lookup::FoundRow;
use crate::ledger::index;

const UPSERT: Operation = Operation::Upsert;

fn row(id: &str, hash: &str) -> FoundRow {
    FoundRow {
        id: id.into(),
        content: hash.into(),
        is_key_right: true,
        is_known_by_id: false,
        written_ms: 1_000_000,
    }
}

fn found(id: &str, hash: &str) -> Option<FoundRow> {
    Some(row(id, hash))
}

/// The rows that a claim wants to have looked up.
async fn unseen(ledger: &Ledger, company: &str) -> Unseen {
    let version = version(50);
    let item = Item {
        company,
        sequence: NEW,
        ..plain(&version)
    };
    match ledger.claim("b", &[item], false).await {
        Err(Error::Unseen(unseen)) => *unseen,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_row_is_looked_up_once_and_known_then() {
    let redis = PrivateRedis::start().await;
    let ledger = ledger(&redis, "one", LEASE);
    open(&ledger, "form", Duration::ZERO).await;
    let asked = unseen(&ledger, "1").await;
    assert!(asked.settled && asked.rows == [("1".to_owned(), String::new())]);
    look_up(&ledger, "1", found("r1", "aa")).await.unwrap();
    look_up(&ledger, "2", None).await.unwrap();
    assert_eq!(claim(&ledger, "1", 10, "aa").await.0, Claim::Unchanged);
    assert_eq!(claim(&ledger, "1", 11, "bb").await.0, Claim::Update("r1".into()));
    create(&ledger, "2", 10, "aa", "r2").await;

    // A reading that comes late changes nothing of what is known.
    look_up(&ledger, "2", None).await.unwrap();
    look_up(&ledger, "2", found("r2", "old")).await.unwrap();
    assert_eq!(claim(&ledger, "2", 11, "aa").await.0, Claim::Unchanged);
    assert!(ledger.duplicates().await.unwrap().is_empty());
}

/// The loader of the epoch before may have sent a create that nobody knows of.
#[tokio::test]
async fn a_row_that_is_not_there_is_not_made_before_lost_calls_must_have_landed() {
    let redis = PrivateRedis::start().await;
    let ledger = ledger(&redis, "one", LEASE);
    open(&ledger, "form", LEASE).await;
    assert!(!unseen(&ledger, "1").await.settled);
    look_up(&ledger, "1", None).await.unwrap();
    assert!(!unseen(&ledger, "1").await.settled, "that proves nothing");

    // A row that is there goes on at once, and is read again when no such call can land.
    look_up(&ledger, "2", found("r2", "aa")).await.unwrap();
    assert_eq!(claim(&ledger, "2", 11, "aa").await.0, Claim::Unchanged);
    assert_eq!(claim(&ledger, "2", 12, "bb").await.0, Claim::Update("r2".into()));
    let due = ledger.due_for_verification(10, LEASE).await.unwrap();
    assert!(due.companies.is_empty(), "not before");
}

#[tokio::test]
async fn an_id_of_an_earlier_epoch_is_a_hint_and_no_row() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    create(&ledger, "2", 10, "aa", "r2").await;
    rebuild_with(&ledger, "form", &[("2".to_owned(), row("r2", "aa"))]).await;
    // What that record has written stays written, whoever reads it.
    assert_eq!(claim(&ledger, "2", 10, "aa").await.0, Claim::Landed);
    assert_eq!(claim(&ledger, "3", 10, "aa").await.0, Claim::Create, "never seen");
    // A person has deleted its row: the whole form was read, and it was not there. But its key may be touched only.
    assert_eq!(
        unseen(&ledger, "1").await.rows,
        [("1".to_owned(), "r1".to_owned())]
    );
    look_up(&ledger, "1", None).await.unwrap();
    assert_eq!(claim(&ledger, "1", 10, "aa").await.0, Claim::Create);
}

#[tokio::test]
async fn an_id_that_was_taken_by_its_place_is_no_hint_and_proven_by_a_reading() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    for company in ["1", "2"] {
        place(&ledger, company, 10, "aa", "r").await;
    }
    let placed = claim(&ledger, "1", 11, "bb").await.0;
    assert_eq!(placed, Claim::Update("?r".into()));
    open(&ledger, "form", Duration::ZERO).await;
    assert_eq!(unseen(&ledger, "1").await.rows, [("1".to_owned(), String::new())]);
    look_up(&ledger, "1", found("r1", "aa")).await.unwrap();
    assert_eq!(claim(&ledger, "1", 12, "bb").await.0, Claim::Update("r1".into()));

    // A reading of a row that this epoch knows proves its id, and nothing else.
    look_up(&ledger, "2", None).await.unwrap();
    place(&ledger, "2", 11, "aa", "r2").await;
    look_up(&ledger, "2", found("r2", "old")).await.unwrap();
    assert_eq!(claim(&ledger, "2", 11, "aa").await.0, Claim::Landed);
    assert_eq!(claim(&ledger, "2", 12, "bb").await.0, Claim::Update("r2".into()));
}

#[tokio::test]
async fn an_old_record_is_fetched_again_instead_of_written() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    rebuild_with(&ledger, "form", &[("1".to_owned(), row("r1", "aa"))]).await;
    assert_eq!(
        claim_as(&ledger, "1", 10, "bb", UPSERT, OLD).await.0,
        Claim::Refetch
    );
    assert_eq!(
        claim_as(&ledger, "1", 10, "aa", UPSERT, OLD).await.0,
        Claim::Unchanged
    );
    assert_eq!(
        claim_as(&ledger, "1", 11, "bb", UPSERT, OLD).await.0,
        Claim::Later,
        "the doubt remains, and it was asked for a moment ago"
    );
    let (answer, batch, fence) = claim_as(&ledger, "1", 12, "bb", UPSERT, NEW).await;
    assert_eq!(answer, Claim::Update("r1".into()));
    ledger
        .commit(&batch, &fence, &landed("r1"), Verify::No)
        .await
        .unwrap();
    assert_eq!(
        claim_as(&ledger, "1", 13, "cc", UPSERT, OLD).await.0,
        Claim::Update("r1".into())
    );
}

/// The form's clock may be hours from the extractor's: neither is asked.
#[tokio::test]
async fn a_fresh_record_is_taken_whatever_the_clock_of_the_form_says() {
    let redis = PrivateRedis::start().await;
    let ledger = ledger(&redis, "one", LEASE);
    open(&ledger, "form", Duration::ZERO).await;
    let tomorrow = FoundRow {
        written_ms: 1 << 50,
        ..row("r1", "aa")
    };
    look_up(&ledger, "1", Some(tomorrow)).await.unwrap();
    assert_eq!(
        claim_as(&ledger, "1", 10, "bb", UPSERT, OLD).await.0,
        Claim::Refetch
    );
    let taken = pipeline::sequence::next(ledger.store(), &"test".parse().unwrap(), 1)
        .await
        .unwrap();
    let (answer, batch, fence) = claim_as(&ledger, "1", 11, "bb", UPSERT, taken).await;
    assert_eq!(answer, Claim::Update("r1".into()));

    // The same when a row was found in the place of one whose fate was unknown.
    let change = Change::Found("r9".into(), 1);
    ledger
        .commit(&batch, &fence, &[Committed { slot: 0, change }], Verify::No)
        .await
        .unwrap();
    assert_eq!(
        claim_as(&ledger, "1", 12, "cc", UPSERT, taken).await.0,
        Claim::Later
    );
    let newer = pipeline::sequence::next(ledger.store(), &"test".parse().unwrap(), 1)
        .await
        .unwrap();
    assert_eq!(
        claim_as(&ledger, "1", 12, "cc", UPSERT, newer).await.0,
        Claim::Update("r9".into())
    );
}

#[tokio::test]
async fn rows_that_share_a_key_are_noted_by_whoever_sees_them() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r2").await;
    let noted = index::note_duplicates(&ledger, &[("1", "r2"), ("1", "r3"), ("9", "r9")])
        .await
        .unwrap();
    assert_eq!(
        noted, 1,
        "the row that is written to is none, and of the unknown nobody can tell"
    );
    let again = index::note_duplicates(&ledger, &[("1", "r3")]).await.unwrap();
    assert_eq!(again, 0);
    let known = ledger.duplicates().await.unwrap();
    let expected = Duplicate {
        company: "1".into(),
        kept: "r2".into(),
        extra: "r3".into(),
    };
    assert_eq!(known, [expected]);
    index::merged(&ledger, "1", "r3").await.unwrap();
    assert!(ledger.duplicates().await.unwrap().is_empty());
}

/// A row that had another customer's key by a slip was noted as that one's second row; then a write mended it.
#[tokio::test]
async fn a_row_that_is_written_to_is_nobodys_extra_row() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    create(&ledger, "2", 10, "aa", "r2").await;
    index::note_duplicates(&ledger, &[("2", "r1"), ("2", "r3")])
        .await
        .unwrap();
    update(&ledger, "1", 11, "bb", "r1").await;
    let left: Vec<String> = ledger
        .duplicates()
        .await
        .unwrap()
        .into_iter()
        .map(|duplicate| duplicate.extra)
        .collect();
    assert_eq!(left, ["r3"]);
}

#[tokio::test]
async fn a_page_is_taken_once_and_the_walk_goes_on_where_it_stopped() {
    let redis = PrivateRedis::start().await;
    let ledger = ledger(&redis, "one", LEASE);
    open(&ledger, "form", Duration::ZERO).await;
    let rows = [
        ("1".to_owned(), found("r1", "aa")),
        ("1".to_owned(), found("r2", "aa")),
    ];
    let page = index::Reading::Page {
        before: "",
        after: "r2",
        keyless: 3,
    };
    let asked = index::clock(&ledger).await.unwrap();
    let learn = async || index::learn(&ledger, asked, Duration::ZERO, page, &rows).await;
    assert_eq!(learn().await.unwrap(), (1, 1));
    assert!(matches!(learn().await, Err(index::WalkError::Overtaken)));
    assert_eq!(index::position(&ledger).await.unwrap().unwrap(), "r2");
    index::complete(&ledger).await.unwrap();
    assert_eq!(index::position(&ledger).await.unwrap(), None);
    let index::IndexState::Known(known) = index::state(&ledger, "form").await.unwrap() else {
        panic!("no index");
    };
    assert_eq!(
        (known.rows, known.duplicates, known.keyless, known.complete),
        (1, 1, 3, true)
    );
}

#[tokio::test]
async fn a_row_is_made_only_right_after_a_look_however_well_the_form_was_read() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    // The form was read to its end; a person may have made a row since.
    assert_eq!(unseen(&ledger, "1").await.rows, [("1".to_owned(), String::new())]);
    create(&ledger, "1", 10, "aa", "r1").await;
    // One that was taken away may have been brought back.
    let (answer, batch, fence) = claim_as(&ledger, "1", 11, "", Operation::Delete, NEW).await;
    assert_eq!(answer, Claim::Remove("r1".to_owned()));
    let removed = [Committed {
        slot: 0,
        change: Change::Removed,
    }];
    ledger.commit(&batch, &fence, &removed, Verify::No).await.unwrap();
    unseen(&ledger, "1").await;
    // A look is good for a moment only.
    let row = ledger.row_key("2");
    let now = crate::ledger::index::clock(&ledger).await.unwrap();
    look_and_find_nothing(&ledger, "2").await;
    let mut connection = redis.store().connection().await.unwrap();
    let mut old = redis::cmd("HSET");
    old.arg(row)
        .arg(crate::ledger::schema::row::LOOKED)
        .arg(now - 31_000);
    old.query_async::<()>(&mut *connection).await.unwrap();
    unseen(&ledger, "2").await;
}

async fn look_and_find_nothing(ledger: &Ledger, company: &str) {
    let asked = unseen(ledger, company).await.time_ms;
    let rows = [(company.to_owned(), None)];
    let reading = crate::ledger::index::Reading::LookUp {
        longest: Duration::ZERO,
    };
    crate::ledger::index::learn(ledger, asked, Duration::ZERO, reading, &rows)
        .await
        .unwrap();
}
