//! Answers of a claim: created once, unchanged, updated, stale, busy, orphaned.

use super::*;

#[tokio::test]
async fn a_row_is_created_once_then_unchanged_updated_or_stale() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    assert_eq!(claim(&ledger, "1", 10, "aa").await.0, Claim::Landed, "by itself");
    assert_eq!(claim(&ledger, "1", 9, "bb").await.0, Claim::Stale);
    for _ in 0..2 {
        assert_eq!(claim(&ledger, "1", 20, "aa").await.0, Claim::Unchanged);
    }
    assert_eq!(
        claim(&ledger, "1", 15, "bb").await.0,
        Claim::Stale,
        "unchanged content moves the version"
    );
    let (answer, batch, fence) = claim(&ledger, "1", 21, "bb").await;
    assert_eq!(answer, Claim::Update("r1".into()));
    ledger
        .commit(&batch, &fence, &landed("r1"), Verify::No)
        .await
        .unwrap();
    assert_eq!(claim(&ledger, "1", 21, "bb").await.0, Claim::Landed);
    let (answer, ..) = claim(&ledger, "1", 21, "cc").await;
    assert_eq!(
        answer,
        Claim::Update("r1".into()),
        "an edited dead letter keeps its version"
    );
}

#[tokio::test]
async fn a_claimed_row_is_busy_until_its_lease_ends_and_then_orphaned() {
    let redis = PrivateRedis::start().await;
    let one = ready(&redis).await;
    let two = ledger(&redis, "two", LEASE);
    two.set_epoch(one.epoch());
    let (_, batch, fence) = claim(&one, "1", 10, "aa").await;
    assert_eq!(
        claim(&two, "1", 11, "bb").await.0,
        Claim::Busy(batch.clone(), "one".into())
    );
    assert!(
        two.take_over(&batch, true).await.unwrap().is_none(),
        "not while the lease runs"
    );
    assert!(two.orphans(10).await.unwrap().is_empty());

    expire(&redis, &one, &batch).await;
    assert_eq!(claim(&two, "1", 11, "bb").await.0, Claim::Orphaned(batch.clone()));
    assert_eq!(two.orphans(10).await.unwrap(), std::slice::from_ref(&batch));
    let taken = two.take_over(&batch, false).await.unwrap().unwrap();
    let member = &taken.members[0];
    assert_eq!(
        (member.kind, &*member.row, member.hash.as_str()),
        (Kind::Create, r#"{"_w":{"value":1}}"#, "aa")
    );
    assert!(member.first_sent_ms > 0 && !member.transaction.is_empty());

    let late = one.commit(&batch, &fence, &landed("r1"), Verify::No).await;
    assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
    two.commit(&batch, &taken.fence, &landed("r2"), Verify::No)
        .await
        .unwrap();
    assert_eq!(claim(&one, "1", 11, "bb").await.0, Claim::Update("r2".into()));
}

#[tokio::test]
async fn a_commit_can_be_repeated_and_a_batch_ends_with_its_last_member() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let old = version(1);
    let rows = ["1", "2", "3"];
    let items: Vec<Item<'_>> = rows
        .iter()
        .map(|company| Item {
            company,
            version: &old,
            hash: "aa",
            operation: Operation::Upsert,
            sequence: OLD,
            set: "{}",
            clear: "",
        })
        .collect();
    let claimed = ledger.claim_seen("b", &items, false, None).await.unwrap();
    let committed = |slot, change| Committed { slot, change };
    let first = [
        committed(0, Change::Landed("r1".into())),
        committed(1, Change::Freed),
    ];
    ledger
        .commit("b", &claimed.fence, &first, Verify::No)
        .await
        .unwrap();
    ledger
        .commit("b", &claimed.fence, &first, Verify::No)
        .await
        .unwrap();
    assert_eq!(claim(&ledger, "2", 2, "aa").await.0, Claim::Create, "freed");
    assert!(matches!(claim(&ledger, "3", 2, "aa").await.0, Claim::Busy(..)));
    ledger
        .commit("b", &claimed.fence, &[committed(2, Change::Removed)], Verify::No)
        .await
        .unwrap();
    let gone = ledger.commit("b", &claimed.fence, &first, Verify::No).await;
    assert!(matches!(gone, Err(Error::Fenced)), "the batch is over: {gone:?}");
    assert_eq!(
        claim(&ledger, "3", 0, "aa").await.0,
        Claim::Stale,
        "a removed row remembers its version"
    );
    assert_eq!(claim(&ledger, "3", 3, "aa").await.0, Claim::Create);
}

#[tokio::test]
async fn updates_are_stored_as_they_are_sent() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    create(&ledger, "1", 10, "aa", "r1").await;
    let (_, batch, _) = claim(&ledger, "1", 11, "bb").await;
    let taken = ledger.take_over(&batch, true).await.unwrap().unwrap();
    assert_eq!(&*taken.members[0].row, r#"{"_w":{"value":1},"_x":{"value":""}}"#);
    assert_eq!(
        (taken.members[0].kind, taken.members[0].row_id.as_str()),
        (Kind::Update, "r1")
    );
}

#[tokio::test]
async fn new_transaction_ids_are_what_a_successor_finds() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let (_, batch, _) = claim(&ledger, "1", 10, "aa").await;
    let taken = ledger.take_over(&batch, true).await.unwrap().unwrap();
    let before = taken.members[0].transaction.clone();
    let mut groups = [taken.members];
    ledger.regroup(&batch, &taken.fence, &mut groups).await.unwrap();
    let again = ledger.take_over(&batch, true).await.unwrap().unwrap();
    assert_ne!(again.members[0].transaction, before);
    assert_eq!(again.members, groups[0]);
    let fenced = ledger.regroup(&batch, &taken.fence, &mut groups).await;
    assert!(matches!(fenced, Err(Error::Fenced)));
}

#[tokio::test]
async fn removals_delete_mark_or_find_nothing() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    for operation in [Operation::Delete, Operation::Mark] {
        let company = format!("absent {operation:?}");
        let answer = claim_as(&ledger, &company, 10, "", operation, NEW).await.0;
        assert_eq!(answer, Claim::Absent);
        assert_eq!(
            claim(&ledger, &company, 9, "aa").await.0,
            Claim::Stale,
            "an older state may not come back"
        );
    }
    create(&ledger, "1", 10, "aa", "r1").await;
    let (answer, batch, fence) = claim_as(&ledger, "1", 11, "", Operation::Delete, NEW).await;
    assert_eq!(answer, Claim::Remove("r1".into()));
    ledger
        .commit(
            &batch,
            &fence,
            &[Committed {
                slot: 0,
                change: Change::Removed,
            }],
            Verify::No,
        )
        .await
        .unwrap();
    assert_eq!(
        claim(&ledger, "1", 12, "aa").await.0,
        Claim::Create,
        "a customer that comes back gets a new row"
    );

    create(&ledger, "2", 10, "aa", "r2").await;
    let (answer, batch, fence) = claim_as(&ledger, "2", 11, "", Operation::Mark, NEW).await;
    assert_eq!(answer, Claim::Update("r2".into()));
    ledger
        .commit(&batch, &fence, &landed("r2"), Verify::No)
        .await
        .unwrap();
    assert_eq!(
        claim_as(&ledger, "2", 11, "", Operation::Mark, NEW).await.0,
        Claim::Landed
    );
    assert_eq!(
        claim(&ledger, "2", 12, "aa").await.0,
        Claim::Update("r2".into()),
        "same content, but marked"
    );
}

/// A claim of a record that a mapping of this revision has made; 0: that no mapping has.
async fn claim_mapped(
    ledger: &Ledger,
    number: i64,
    revision: u64,
    hash: &str,
    operation: Operation,
) -> (Claim, String, String) {
    let batch = uuid::Uuid::new_v4().to_string();
    let version = Version {
        update_time: number,
        sequence: 1,
    };
    let item = Item {
        company: "1",
        version: &encode_mapped(version, revision),
        hash,
        operation,
        sequence: NEW,
        set: "{}",
        clear: "",
    };
    let mut claimed = ledger.claim_seen(&batch, &[item], false, None).await.unwrap();
    (claimed.claims.remove(0), batch, claimed.fence)
}

#[tokio::test]
async fn a_row_of_a_later_mapping_is_not_changed_by_an_earlier_one() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    let claim =
        async |number, revision, hash| claim_mapped(&ledger, number, revision, hash, Operation::Upsert).await;
    let (answer, batch, fence) = claim(10, 5, "aa").await;
    assert_eq!(answer, Claim::Create);
    ledger
        .commit(&batch, &fence, &landed("r1"), Verify::No)
        .await
        .unwrap();

    assert_eq!(
        claim(10, 4, "bb").await.0,
        Claim::Stale,
        "of one state the revision decides"
    );
    assert_eq!(claim(20, 4, "bb").await.0, Claim::Refetch);
    assert_eq!(claim(20, 0, "bb").await.0, Claim::Later, "waits grow");
    assert_eq!(
        claim(21, 4, "aa").await.0,
        Claim::Unchanged,
        "nothing would change"
    );
    assert_eq!(
        claim(22, 4, "bb").await.0,
        Claim::Refetch,
        "the row is still of the later mapping"
    );
    let left = claim_mapped(&ledger, 22, 4, "", Operation::Delete).await;
    assert_eq!(left.0, Claim::Later, "an earlier condition drops nobody");

    let (answer, batch, fence) = claim(23, 5, "bb").await;
    assert_eq!(answer, Claim::Update("r1".into()));
    ledger
        .commit(&batch, &fence, &landed("r1"), Verify::No)
        .await
        .unwrap();
    let gone = claim_mapped(&ledger, 24, 0, "", Operation::Delete).await;
    assert_eq!(
        gone.0,
        Claim::Remove("r1".into()),
        "that it is gone is no mapping's opinion"
    );
}
