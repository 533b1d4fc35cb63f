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
    let judged = ledger.judge(&killed, &seen, now, now).await.unwrap();
    assert_eq!(judged, [Judged::Differs]);

    let next = ledger.due_for_verification(10, lease).await.unwrap();
    assert_eq!(next.companies, ["1"], "it was not asked for");
    ledger.verified(&killed, &["1"]).await.unwrap();
    let judged = ledger.judge(&next, &seen, now, now).await.unwrap();
    assert_eq!(judged, [Judged::Differs], "the first one's word is too old");

    ledger.verified(&next, &["1"]).await.unwrap();
    ledger.verify_later(&["2"], now).await.unwrap();
    let left = ledger.due_for_verification(10, lease).await.unwrap();
    assert_eq!(left.companies, ["2"]);
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
    ledger.commit(&batch, &fence, &landed("r1"), None).await.unwrap();
    ledger.verify_later(&["2"], now).await.unwrap();
    let seen = ["1", "2", "3"].map(unseen);
    // The commit may fall into the same millisecond as the reading.
    let judged = ledger
        .judge(&due, &seen, Duration::from_millis(1), now)
        .await
        .unwrap();
    assert_eq!(judged, [Judged::Busy, Judged::Busy, Judged::Same]);
    assert_eq!(
        claim(&ledger, "1", 10, "aa").await.0,
        Claim::Unchanged,
        "not forgotten"
    );

    let due = ledger.due_for_verification(10, lease).await.unwrap();
    assert_eq!(due.companies, ["1", "2"], "read once more");
    let judged = ledger.judge(&due, &seen[..1], lease, now).await.unwrap();
    assert_eq!(judged, [Judged::Busy], "too young to be seen");
}
