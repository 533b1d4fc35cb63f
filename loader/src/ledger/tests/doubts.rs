//! Rows that the index does not answer for: judged when due, kept until they were asked for.

use super::*;

#[tokio::test]
async fn rows_on_the_list_are_judged_once_they_are_due() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    create(&ledger, "2", 10, "bb", "r2").await;
    ledger.verify_later(&["1", "2"], Duration::ZERO).await.unwrap();
    ledger
        .verify_later(&["3"], Duration::from_secs(600))
        .await
        .unwrap();
    let due = ledger
        .due_for_verification(10, Duration::from_secs(600))
        .await
        .unwrap();
    assert_eq!(due.companies, ["1", "2"]);
    assert!(
        ledger
            .due_for_verification(10, Duration::ZERO)
            .await
            .unwrap()
            .companies
            .is_empty(),
        "handed out"
    );
    let seen = |company: &str, id: &str, hash: &str| Seen {
        company: company.into(),
        row_id: id.into(),
        hash: hash.into(),
    };
    let judged = ledger
        .judge(
            &due,
            &[seen("1", "r1", "aa"), seen("2", "r2", "old")],
            Duration::ZERO,
            Duration::ZERO,
            LEASE,
        )
        .await
        .unwrap();
    assert_eq!(judged, [Judged::Same, Judged::Differs]);
    assert_eq!(claim(&ledger, "1", 11, "aa").await.0, Claim::Unchanged);
    assert_eq!(
        claim(&ledger, "2", 11, "bb").await.0,
        Claim::Update("r2".into()),
        "content counts as unknown"
    );
}

/// The loader that judged may be killed before the customer was asked for: the next one must find it on the list.
#[tokio::test]
async fn what_differs_stays_on_the_list_until_it_was_asked_for() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let (now, lease) = (Duration::ZERO, Duration::from_secs(600));
    create(&ledger, "1", 10, "aa", "r1").await;
    let seen = [Seen {
        company: "1".into(),
        row_id: "r1".into(),
        hash: "old".into(),
    }];
    ledger.verify_later(&["1"], now).await.unwrap();
    let killed = ledger.due_for_verification(10, now).await.unwrap();
    let judged = ledger.judge(&killed, &seen, now, now, now).await.unwrap();
    assert_eq!(judged, [Judged::Differs]);

    let next = ledger.due_for_verification(10, lease).await.unwrap();
    assert_eq!(next.companies, ["1"], "it was not asked for");
    ledger.verified(&killed, &["1"]).await.unwrap();
    let judged = ledger.judge(&next, &seen, now, now, now).await.unwrap();
    assert_eq!(judged, [Judged::Differs], "the first one's word is too old");

    ledger.verified(&next, &["1"]).await.unwrap();
    ledger.verify_later(&["2"], now).await.unwrap();
    let left = ledger.due_for_verification(10, lease).await.unwrap();
    assert_eq!(left.companies, ["2"]);
}

/// What rewrites the row, in the form or behind it, would be answered for ever.
#[tokio::test]
async fn a_row_that_never_is_as_it_was_written_is_asked_for_less_and_less_often() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let (now, lease) = (Duration::ZERO, Duration::from_secs(600));
    create(&ledger, "1", 10, "aa", "r1").await;
    let seen = [Seen {
        company: "1".into(),
        row_id: "r1".into(),
        hash: "other".into(),
    }];
    let mut judged = Vec::new();
    for version in [11, 12] {
        ledger.verify_later(&["1"], now).await.unwrap();
        let due = ledger.due_for_verification(10, lease).await.unwrap();
        judged.extend(ledger.judge(&due, &seen, now, now, now).await.unwrap());
        ledger.verified(&due, &["1"]).await.unwrap();
        // It is written again, as often as it is fetched.
        update(&ledger, "1", version, "aa", "r1").await;
    }
    assert_eq!(judged, [Judged::Differs, Judged::Busy]);
    let due = ledger.due_for_verification(10, lease).await.unwrap();
    assert!(due.companies.is_empty(), "not now");
}

/// Found by chaos: the form was read before the rows were there, and judged after they had been committed, so that
/// they were made a second time.
#[tokio::test]
async fn a_reading_says_nothing_about_what_happened_after_it() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let (lease, now) = (Duration::from_secs(600), Duration::ZERO);
    let unseen = |company: &str| Seen {
        company: company.into(),
        row_id: String::new(),
        hash: String::new(),
    };
    let (_, batch, fence) = claim(&ledger, "1", 10, "aa").await;
    ledger.verify_later(&["1", "2", "3"], now).await.unwrap();
    let due = ledger.due_for_verification(10, lease).await.unwrap();
    // What is handed out cannot be claimed, but this was claimed before.
    ledger
        .commit(&batch, &fence, &landed("r1"), Verify::No)
        .await
        .unwrap();
    ledger.verify_later(&["2"], now).await.unwrap();
    let seen = ["1", "2", "3"].map(unseen);
    // The commit may fall into the same millisecond as the reading.
    let judged = ledger
        .judge(
            &due,
            &seen,
            Duration::from_millis(1),
            Duration::from_millis(1),
            now,
        )
        .await
        .unwrap();
    assert_eq!(judged, [Judged::Busy, Judged::Busy, Judged::Same]);
    assert_eq!(
        claim(&ledger, "1", 10, "aa").await.0,
        Claim::Landed,
        "not forgotten"
    );

    let due = ledger.due_for_verification(10, lease).await.unwrap();
    assert_eq!(due.companies, ["1", "2"], "read once more");
    let judged = ledger.judge(&due, &seen[..1], lease, lease, now).await.unwrap();
    assert_eq!(judged, [Judged::Busy], "too young to be seen");
}

/// Row ids come in an order that nobody promises: one that was taken by its place is marked until it was seen by key.
#[tokio::test]
async fn a_row_id_taken_by_its_place_is_marked_until_it_is_proven() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let now = Duration::ZERO;
    place(&ledger, "1", 10, "aa", "r2").await;
    let (answer, batch, fence) = claim(&ledger, "1", 11, "bb").await;
    assert_eq!(answer, Claim::Update("?r2".into()));
    let freed = [Committed {
        slot: 0,
        change: Change::Freed,
    }];
    let soon = Verify::Unknown(Duration::from_millis(1));
    ledger.commit(&batch, &fence, &freed, soon).await.unwrap();
    assert_eq!(claim(&ledger, "1", 10, "aa").await.0, Claim::Landed);

    // The form shows what was written, in another row.
    let mut due = Due::default();
    while due.companies.is_empty() {
        let lease = Duration::from_secs(600);
        due = ledger.due_for_verification(10, lease).await.unwrap();
    }
    assert_eq!(due.companies, ["1"], "what was freed is verified, too");
    let seen = [Seen {
        company: "1".into(),
        row_id: "r1".into(),
        hash: "aa".into(),
    }];
    let judged = ledger.judge(&due, &seen, now, now, now).await.unwrap();
    assert_eq!(judged, [Judged::Same]);
    assert_eq!(claim(&ledger, "1", 11, "bb").await.0, Claim::Update("r1".into()));
}

/// The vendor tells the rows of a transaction apart by their place, so the rest of one that is committed in part must
/// never be sent under it: it would be written over the rows that are there.
#[tokio::test]
async fn what_is_left_of_a_transaction_counts_as_too_old_to_be_sent_again() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let version = version(10);
    let items = ["1", "2"].map(|company| Item {
        company,
        ..plain(&version)
    });
    let claimed = ledger.claim_seen("batch", &items, false, None).await.unwrap();
    ledger
        .commit("batch", &claimed.fence, &landed("r1"), Verify::No)
        .await
        .unwrap();
    let left = ledger.take_over("batch", true).await.unwrap().unwrap().members;
    assert_eq!((left.len(), left[0].slot, left[0].first_sent_ms), (1, 1, 0));
    ledger
        .regroup("batch", "2", &mut [left.clone()])
        .await
        .expect("the second fence");
    let left = ledger.take_over("batch", true).await.unwrap().unwrap().members;
    assert!(left[0].first_sent_ms > 0, "a new transaction may be sent");
}
