//! The listing of deleted customers, asked when an event's customer is not shown: only what OKKI lists as deleted is.

use crate::okki::{Client, Error, PageRequest, time};
use pipeline::quota::Lane;
use std::{collections::BTreeMap, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// A list is used for so long by those who come together.
const FRESH: Duration = Duration::from_secs(2);
/// How far back it reaches; what was deleted earlier has been listed.
const REACH_S: i64 = 3_600;
const PAGES: u64 = 5;
const ROWS: u32 = 200;

/// Who was deleted of late.
#[derive(Default)]
pub(crate) struct RemovedList(Mutex<Option<Found>>);

struct Found {
    at: Instant,
    /// OKKI's clock.
    now: Option<i64>,
    /// Customer → update time of its removal; 0 when none was shown.
    removed: BTreeMap<String, i64>,
}

impl RemovedList {
    /// The update time with which OKKI lists the customer as deleted, and OKKI's clock; one call for everybody who asks
    /// within a moment.
    pub(crate) async fn find(
        &self,
        client: &Client,
        company_id: &str,
    ) -> Result<Option<(i64, Option<i64>)>, Error> {
        let mut found = self.0.lock().await;
        let fresh = match found.take().filter(|found| found.at.elapsed() < FRESH) {
            Some(fresh) => found.insert(fresh),
            None => found.insert(read(client).await?),
        };
        Ok(fresh.removed.get(company_id).map(|time| (*time, fresh.now)))
    }
}

async fn read(client: &Client) -> Result<Found, Error> {
    let mut found = Found {
        at: Instant::now(),
        now: None,
        removed: BTreeMap::new(),
    };
    for page in 1..=PAGES {
        let request = PageRequest {
            start: Some(time::now() - REACH_S),
            end: None,
            page,
            count: ROWS,
            removed: true,
        };
        let page = client.page(Lane::Live, &request).await?;
        let is_last = page.rows() < u64::from(ROWS);
        found.now = page.now;
        let rows = page
            .items
            .into_iter()
            .map(|item| (item.company_id, item.update_time));
        found.removed.extend(rows);
        if is_last {
            break;
        }
    }
    Ok(found)
}
