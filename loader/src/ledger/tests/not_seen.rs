//! A row that is not seen is not gone, and a look counts from its end for those who have waited for it.

use std::collections::HashMap;

use super::*;
use crate::ledger::index::{self, Reading};
use crate::ledger::{JustLooked, Unseen};

async fn settled(redis: &PrivateRedis, ledger: &Ledger) {
    let mut connection = redis.store().connection().await.unwrap();
    redis::cmd("HSET")
        .arg(ledger.index_key())
        .arg(&[("settles", "1")])
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}

/// What a claim answers behind a look that showed nobody, began this long ago and took so long.
async fn behind_a_look(ledger: &Ledger, ago: Duration, took: Option<Duration>) -> Result<Claim, Unseen> {
    let version = version(10);
    let now = index::clock(ledger).await.unwrap();
    let began_ms = now - i64::try_from(ago.as_millis()).unwrap();
    let reading = Reading::LookUp {
        longest: Duration::ZERO,
    };
    let rows = [("1".to_owned(), None)];
    index::learn(ledger, began_ms, Duration::ZERO, reading, &rows)
        .await
        .unwrap();
    let looked = took.map(|took| JustLooked { began_ms, took });
    let batch = uuid::Uuid::new_v4().to_string();
    match ledger
        .claim_guarded(&batch, &[plain(&version)], false, None, looked)
        .await
    {
        Ok(mut claimed) => Ok(claimed.claims.remove(0)),
        Err(Error::Unseen(unseen)) => Err(*unseen),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_look_that_took_long_is_as_good_as_one_that_did_not() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    settled(&redis, &ledger).await;
    let seconds = Duration::from_secs;
    // Others have no part in it, and it is too old for whoever comes later.
    behind_a_look(&ledger, seconds(600), None).await.unwrap_err();
    behind_a_look(&ledger, seconds(600), Some(seconds(500)))
        .await
        .unwrap_err();
    let claim = behind_a_look(&ledger, seconds(600), Some(seconds(599))).await;
    assert_eq!(claim.unwrap(), Claim::Create);
}

#[tokio::test]
async fn a_slow_look_does_not_make_a_later_one_older() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    settled(&redis, &ledger).await;
    let now = index::clock(&ledger).await.unwrap();
    for began_ms in [now, now - 600_000] {
        let reading = Reading::LookUp {
            longest: Duration::ZERO,
        };
        let rows = [("1".to_owned(), None)];
        index::learn(&ledger, began_ms, Duration::ZERO, reading, &rows)
            .await
            .unwrap();
    }
    let version = version(10);
    let claimed = ledger.claim("b", &[plain(&version)], false).await.unwrap();
    assert_eq!(claimed.claims, [Claim::Create]);
}

/// Found by an attacker: the list lagged, the query by id was not permitted, and the look of a new index, or after a hint,
/// took the row that had been made a moment ago for deleted. Its customer got a second one.
#[tokio::test]
async fn a_row_that_was_written_a_moment_ago_is_not_forgotten_because_a_look_does_not_show_it() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    settled(&redis, &ledger).await;
    place(&ledger, "1", 10, "aa", "r1").await;
    // Somebody was found to have deleted it.
    let began = index::clock(&ledger).await.unwrap() + 1;
    let seen = [unseen("1")];
    let touched = ledger
        .touched(began, Duration::ZERO, Undo::default(), &seen)
        .await
        .unwrap();
    assert_eq!(touched, [TouchJudged::Touched(Touch::Gone, false)]);
    for (longest, known) in [(LEASE, Some("r1")), (Duration::ZERO, None)] {
        let asked = index::clock(&ledger).await.unwrap() + 2;
        let reading = Reading::LookUp { longest };
        let rows = [("1".to_owned(), None)];
        index::learn(&ledger, asked, Duration::ZERO, reading, &rows)
            .await
            .unwrap();
        let row = ledger.known_rows(&["1"]).await.unwrap().remove(0).unwrap();
        assert_eq!(row.id.as_deref(), known);
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_seen_yet_is_verified_later() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    place(&ledger, "1", 10, "aa", "r1").await;
    ledger.verify_later(&["1"], Duration::ZERO).await.unwrap();
    let due = ledger.due_for_verification(10, LEASE).await.unwrap();
    let seen = [unseen("1")];
    let none = Duration::ZERO;
    let judged = ledger.judge(&due, &seen, none, LEASE, none).await.unwrap();
    assert_eq!(judged, [Judged::Busy]);
    let due = ledger.due_for_verification(10, LEASE).await.unwrap();
    let judged = ledger.judge(&due, &seen, none, none, none).await.unwrap();
    assert_eq!(judged, [Judged::Differs]);
}

#[tokio::test]
async fn what_is_put_off_stays_as_old_as_it_is_and_is_doubted_since_the_first_time() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    place(&ledger, "1", 10, "aa", "r1").await;
    let known = async || ledger.known_rows(&["1"]).await.unwrap().remove(0).unwrap();
    let written = known().await.written_ms;
    let mut doubted = Vec::new();
    for change in [Change::PutOff, Change::Doubted, Change::Doubted] {
        let (answer, batch, fence) = claim(&ledger, "1", 11, "bb").await;
        assert_eq!(answer, Claim::Update("?r1".into()));
        let before = index::clock(&ledger).await.unwrap();
        while index::clock(&ledger).await.unwrap() == before {}
        let committed = [Committed { slot: 0, change }];
        ledger
            .commit(&batch, &fence, &committed, Verify::No)
            .await
            .unwrap();
        let known = known().await;
        assert_eq!((known.written_ms, known.batch), (written, None));
        doubted.push(known.doubted_ms);
    }
    assert!(doubted[0].is_none() && doubted[1].is_some());
    assert_eq!(doubted[1], doubted[2]);
    update(&ledger, "1", 11, "bb", "?r1").await;
    assert_eq!(known().await.doubted_ms, None);
}

fn unseen(company: &str) -> Seen {
    Seen {
        company: company.into(),
        row_id: String::new(),
        hash: String::new(),
    }
}

/// What the vendor has confirmed is looked at once: whether it is there, whatever the form has made of it.
#[tokio::test]
async fn what_was_confirmed_is_asked_for_again_only_when_nothing_of_it_was_done() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let at_once = Verify::Confirmed(Duration::from_millis(1));
    for company in ["made", "lost", "other", "changed", "unheeded"] {
        let (_, batch, fence) = claim(&ledger, company, 10, "aa").await;
        let id = format!("r-{company}");
        ledger
            .commit(&batch, &fence, &landed(&id), at_once)
            .await
            .unwrap();
    }
    for company in ["changed", "unheeded"] {
        let (_, batch, fence) = claim(&ledger, company, 11, "bb").await;
        let id = format!("r-{company}");
        ledger
            .commit(&batch, &fence, &landed(&id), at_once)
            .await
            .unwrap();
    }
    let judged = verify(
        &ledger,
        &[
            ("made", "r-made", "aa"),
            ("lost", "", ""),
            ("other", "r-other", "trimmed"),
            ("changed", "r-changed", "trimmed"),
            ("unheeded", "r-unheeded", "aa"),
        ],
    )
    .await;
    use Judged::{Differs, Same};
    assert_eq!(judged, [Same, Differs, Same, Same, Differs]);
}

/// Also when it was asked for a moment ago, so that it waits on the list.
#[tokio::test]
async fn a_row_that_is_there_after_its_removal_is_asked_for_until_it_is_gone() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let at_once = Verify::Confirmed(Duration::from_millis(1));
    create(&ledger, "1", 10, "aa", "r1").await;
    for version in [11, 12] {
        let operation = Operation::Delete;
        let (_, batch, fence) = claim_as(&ledger, "1", version, "", operation, NEW).await;
        let removed = [Committed {
            slot: 0,
            change: Change::Removed,
        }];
        ledger.commit(&batch, &fence, &removed, at_once).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let due = ledger.due_for_verification(10, LEASE).await.unwrap();
        let seen = [Seen {
            company: "1".to_owned(),
            row_id: "r1".to_owned(),
            hash: "aa".to_owned(),
        }];
        let judge = || ledger.judge(&due, &seen, Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let judged = judge().await.unwrap();
        let expected = if version == 11 {
            Judged::Differs
        } else {
            Judged::Busy
        };
        assert_eq!(judged, [expected], "{version}");
        ledger.verified(&due, &["1"]).await.unwrap();
    }
    let known = ledger.known_rows(&["1"]).await.unwrap();
    let mut connection = redis.store().connection().await.unwrap();
    let waits: Option<i64> = redis::cmd("ZSCORE")
        .arg(ledger.inner.names.verify())
        .arg("1")
        .query_async(&mut *connection)
        .await
        .unwrap();
    assert!(
        waits.is_some() && known[0].as_ref().unwrap().id.is_some(),
        "it stays on the list"
    );
    // Looked at again while it waits.
    redis::cmd("ZADD")
        .arg(ledger.inner.names.verify())
        .arg(1)
        .arg("1")
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
    assert_eq!(verify(&ledger, &[("1", "r1", "aa")]).await, [Judged::Busy]);
}

async fn verify(ledger: &Ledger, shown: &[(&str, &str, &str)]) -> Vec<Judged> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    let due = ledger.due_for_verification(10, LEASE).await.unwrap();
    let seen = due.companies.iter().map(|company| {
        let (_, row_id, hash) = shown.iter().find(|(shown, ..)| shown == company).unwrap();
        Seen {
            company: company.clone(),
            row_id: (*row_id).to_owned(),
            hash: (*hash).to_owned(),
        }
    });
    let seen: Vec<Seen> = seen.collect();
    let judged = ledger
        .judge(&due, &seen, Duration::ZERO, Duration::ZERO, LEASE)
        .await;
    let of: HashMap<&String, Judged> = due.companies.iter().zip(judged.unwrap()).collect();
    shown
        .iter()
        .map(|(company, ..)| of[&(*company).to_owned()])
        .collect()
}
