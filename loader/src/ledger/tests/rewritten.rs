//! Rows whose key cells something in the form rewrites: known by their ids until a key stays.

use crate::ledger::testing::PrivateRedis;
use crate::ledger::{Owner, Rewriting};

use super::ready;

#[tokio::test]
async fn rows_are_known_by_their_ids_until_a_key_stays() {
    let redis = PrivateRedis::start().await;
    let ledger = ready(&redis).await;
    assert_eq!(ledger.rewriting().await.unwrap(), Rewriting::default());
    ledger.key_tried(&[("1", "r1"), ("2", "r2")]).await.unwrap();
    assert_eq!(ledger.rewriting().await.unwrap().in_a_row, 0);
    ledger.key_rewritten(&[("2", "r2")], 1).await.unwrap();
    let rewriting = ledger.rewriting().await.unwrap();
    assert_eq!((rewriting.rows, rewriting.in_a_row), (2, 1));
    let owners = ledger.rewritten(&["r1", "r2", "r9"]).await.unwrap();
    let owner = |company: &str, tried| {
        let company = company.to_owned();
        Some(Owner { company, tried })
    };
    assert_eq!(owners, [owner("1", true), owner("2", false), None]);
    ledger.forget_rewritten(&["r1"], true).await.unwrap();
    let rewriting = ledger.rewriting().await.unwrap();
    assert_eq!((rewriting.rows, rewriting.in_a_row), (1, 0));
    let (next, some) = ledger.some_rewritten(0, 9).await.unwrap();
    assert_eq!((next, some), (0, vec![("2".to_owned(), "r2".to_owned())]));
}
