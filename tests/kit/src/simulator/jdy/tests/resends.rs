//! What becomes of a batch that is sent again.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_resend_overwrites_by_position_and_reports_only_new_rows() {
    let bench = Bench::new();
    let first = bench.batch("t", &["a", "b"]).await;
    assert_eq!(count(&first), (2, 2));
    let again = bench.batch("t", &["a", "c"]).await;
    assert_eq!(count(&again), (2, 0));
    assert_eq!(bench.names().await, ["a", "c"]);
    let page = bench.v5("data/list", json!({"limit": 100})).await;
    assert_eq!(
        page["data"][1]["_id"], first["success_ids"][1],
        "the row kept its id"
    );
    // more rows than before fill new slots, fewer leave the others alone
    assert_eq!(count(&bench.batch("t", &["a", "c", "d"]).await), (3, 1));
    assert_eq!(count(&bench.batch("t", &["z"]).await), (3, 0));
    assert_eq!(bench.names().await, ["z", "c", "d"]);
}

#[tokio::test]
async fn a_partial_batch_is_completed_by_a_resend() {
    let bench = Bench::new();
    let body = json!({"app_id": APP_ID, "entry_id": ENTRY_ID, "transaction_id": "t", "data_list": rows(&["a", "b", "c"])});
    let path = "/api/v5/app/entry/data/batch_create";
    let partial = bench
        .bent(
            path,
            &body,
            Bend {
                rows: Some(1),
                delay_ms: 0,
            },
        )
        .await;
    assert_eq!(count(&partial), (1, 1));
    assert_eq!(count(&bench.path(path, &body).await), (3, 2));
    assert_eq!(bench.names().await, ["a", "b", "c"]);
}

#[tokio::test]
async fn other_ids_and_no_id_make_new_rows() {
    let bench = Bench::new();
    bench.batch("t1", &["a"]).await;
    bench.batch("t2", &["a"]).await;
    bench
        .v5("data/batch_create", json!({"data_list": rows(&["a"])}))
        .await;
    bench
        .v5(
            "data/create",
            json!({"transaction_id": "t1", "data": {cell_widget(0): {"value": "a"}}}),
        )
        .await;
    bench
        .v5(
            "data/create",
            json!({"transaction_id": "t1", "data": {cell_widget(0): {"value": "a"}}}),
        )
        .await;
    assert_eq!(bench.names().await.len(), 5);
}

#[tokio::test]
async fn after_its_lifetime_an_id_makes_new_rows() {
    let bench = Bench::with(|jdy| jdy.transaction_lifetime_s = 0.0);
    bench.batch("t", &["a"]).await;
    assert_eq!(count(&bench.batch("t", &["a"]).await), (1, 1));
    assert_eq!(bench.names().await, ["a", "a"]);
    assert_eq!(lock(&bench.state.account).transactions.report().late_resends, 1);
}

#[tokio::test]
async fn an_overwritten_row_may_change_its_id() {
    let bench = Bench::with(|jdy| jdy.overwrite_keeps_id = false);
    let first = bench.batch("t", &["a"]).await;
    assert_eq!(count(&bench.batch("t", &["a"]).await), (1, 0));
    let page = bench.v5("data/list", json!({})).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_ne!(page["data"][0]["_id"], first["success_ids"][0]);
}

#[tokio::test]
async fn a_deleted_row_is_made_again_by_a_resend() {
    let bench = Bench::new();
    let first = bench.batch("t", &["a", "b"]).await;
    bench
        .v5("data/delete", json!({"data_id": first["success_ids"][0]}))
        .await;
    assert_eq!(count(&bench.batch("t", &["a", "b"]).await), (2, 1));
}

#[tokio::test]
async fn the_same_id_at_the_same_time() {
    for (mode, answer) in [
        (Concurrent::Wait, None),
        (Concurrent::Lock9007, Some(9007)),
        (Concurrent::Exists17026, Some(17026)),
    ] {
        let bench = Bench::with(|jdy| jdy.concurrent = mode);
        let running = lock(&bench.state.account).transactions.running("0:t");
        let held = running.lock().await;
        let second = bench.batch("t", &["a"]);
        match answer {
            Some(code) => assert_eq!(second.await["code"], code),
            None => {
                let mut second = Box::pin(second);
                assert!(futures::poll!(&mut second).is_pending());
                drop(held);
                assert_eq!(count(&second.await), (1, 1));
            }
        }
    }
}
