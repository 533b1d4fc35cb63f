//! The listing of deleted customers, asked when an event's customer is not shown: only what OKKI lists as deleted is.

use crate::deleted::Existing;
use crate::okki::{Client, Error, PageRequest, time};
use pipeline::quota::Lane;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
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
    removed: Arc<BTreeMap<String, i64>>,
}

/// A customer that OKKI lists as deleted, with the others of the list.
pub(crate) struct Deleted {
    /// Its update time; 0 when none was shown.
    pub time: i64,
    /// OKKI's clock.
    pub now: Option<i64>,
    all: Arc<BTreeMap<String, i64>>,
}

impl Deleted {
    /// Whether the list shows anybody who exists, and so is none of deleted customers.
    pub(crate) fn shows_any(&self, existing: &Existing) -> bool {
        self.all.keys().any(|id| existing.lists(id))
    }
}

impl RemovedList {
    /// How OKKI lists the customer as deleted; one call for everybody who asks within a moment.
    pub(crate) async fn find(&self, client: &Client, company_id: &str) -> Result<Option<Deleted>, Error> {
        let mut found = self.0.lock().await;
        let fresh = match found.take().filter(|found| found.at.elapsed() < FRESH) {
            Some(fresh) => found.insert(fresh),
            None => found.insert(read(client).await?),
        };
        Ok(fresh.removed.get(company_id).map(|time| Deleted {
            time: *time,
            now: fresh.now,
            all: Arc::clone(&fresh.removed),
        }))
    }
}

async fn read(client: &Client) -> Result<Found, Error> {
    let at = Instant::now();
    let (mut now, mut removed) = (None, BTreeMap::new());
    for part in 0..client.source().parts() {
        for page in 1..=PAGES {
            let request = PageRequest {
                start: Some(time::now() - REACH_S),
                end: None,
                page,
                count: ROWS,
                removed: true,
            };
            let page = client.page_of(Lane::Live, &request, part).await?;
            let is_last = page.rows() < u64::from(ROWS);
            now = page.now;
            let rows = page
                .items
                .into_iter()
                .map(|item| (item.company_id, item.update_time));
            removed.extend(rows);
            if is_last {
                break;
            }
        }
    }
    Ok(Found {
        at,
        now,
        removed: Arc::new(removed),
    })
}
