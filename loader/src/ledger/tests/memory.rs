//! What a customer costs in Redis: its row here and its watermarks, by which deploy/README.md sizes Redis.

use super::*;
use pipeline::watermarks::{Published, Watermarks};

/// The row and the watermarks of one customer together, bytes.
const MOST: u64 = 350;

async fn size(ledger: &Ledger, key: &str) -> u64 {
    let mut connection = ledger.store().connection().await.unwrap();
    let size: Option<u64> = redis::cmd("MEMORY")
        .arg("USAGE")
        .arg(key)
        .query_async(&mut *connection)
        .await
        .unwrap();
    size.unwrap()
}

#[tokio::test]
async fn a_customer_at_rest_costs_no_more_than_is_said() {
    let redis = PrivateRedis::start().await;
    let namespace = "okki".parse().unwrap();
    let form = "59264073a2a60c0c08e20bfd";
    let ledger = Ledger::new(redis.store(), &namespace, form, "one", LEASE);
    make_ready(&ledger, form).await;
    let company = "56056418101234";
    let hash = crate::jdy::canonical::hash_row(
        &serde_json::Map::new(),
        std::iter::empty(),
        &crate::jdy::kinds::Kinds::default(),
    );
    let version = encode_version(Version {
        update_time: 1_762_358_927,
        sequence: 1_762_358_927_123_456,
    });
    let item = Item {
        company,
        hash: &hash,
        ..plain(&version)
    };
    let claimed = ledger.claim_seen("b", &[item], false, None).await.unwrap();
    // As most rows are made: with an id that waits for its proof.
    let committed = [Committed {
        slot: 0,
        change: Change::Placed("200001181fe09728936510eb".into()),
    }];
    ledger
        .commit("b", &claimed.fence, &committed, Verify::No)
        .await
        .unwrap();

    let marks = Watermarks::new(redis.store(), namespace);
    let published = Published {
        version: Version {
            update_time: 1_762_358_927,
            sequence: 1_762_358_927_123_456,
        },
        digest: vec![200; 8],
    };
    marks.record_published(&[(company, published)]).await.unwrap();
    marks.record_loaded(&[(company, 1_762_358_927)]).await.unwrap();

    let row = size(&ledger, &ledger.row_key(company)).await;
    let mark = size(&ledger, &marks.key(company)).await;
    assert!(row + mark <= MOST, "{row} and {mark} bytes");
}
