//! The walk over the whole form, behind the loaders: page by page into the index, resumable by the next loader.
//!
//! It begins when no call of a loader from before the loss can land any more, so that what such a call has left behind is
//! seen. It is slow on purpose: live calls go first in the quota, and at most [`PAGE_EVERY`] a page is read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pipeline::lease::Lease;
use pipeline::quota::Lane;
use pipeline::retry::Backoff;
use pipeline::watermarks::Watermarks;

use super::{Behind, Error, Index, VISIBLE_AFTER, twins::ASK_AGAIN};
use crate::failpoint;
use crate::jdy::lookup::{FoundRow, Recognition, STUCK, Turn, turn};
use crate::jdy::types::{Reply, text};
use crate::ledger::index::{IndexState, Reading};
use crate::ledger::{self, Ledger};
use crate::vendor::{Patience, Tried};

/// How long a walker may be silent before another one goes on from its cursor.
const WALK_LEASE: Duration = Duration::from_secs(15);
/// How often those who do not walk ask how far it is.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// A page that cannot be had for this long ends the walk; the next one goes on from the cursor.
const PAGE_PATIENCE: Duration = Duration::from_secs(120);
/// A fifth of the vendor's reads, so that those on demand, of which every write may need one, hardly notice.
const PAGE_EVERY: Duration = Duration::from_millis(150);

impl Index {
    /// Walks over the form in every epoch, until the process ends.
    pub(crate) async fn walk_behind(self: Arc<Self>) {
        let mut opened = self.opened.subscribe();
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        while !self.runtime.shutdown.is_requested() {
            let epoch = opened.borrow_and_update().clone();
            let walked = match epoch.is_empty() {
                true => Ok(()),
                false => match self.walk().await {
                    Ok(()) => self.forget_mended().await,
                    walked => walked,
                },
            };
            let again = match walked {
                Ok(()) => {
                    backoff.reset();
                    ASK_AGAIN
                }
                Err(error) => {
                    tracing::debug!(%error, "walk over the form has stopped");
                    backoff.next_delay()
                }
            };
            tokio::select! {
                changed = opened.changed() => drop(changed),
                () = tokio::time::sleep(again) => {}
                () = self.runtime.shutdown.requested() => {}
            }
        }
    }

    /// Returns when the form was read to its end in this epoch, by whichever loader.
    pub(crate) async fn walk(&self) -> Result<(), Error> {
        loop {
            let IndexState::Known(known) = ledger::index::state(&self.ledger, &self.form).await? else {
                return Err(ledger::Error::NoIndex.into());
            };
            self.report(&known);
            self.doing(match known.unreadable {
                0 => words::tr!("{} rows read", known.rows),
                unreadable => words::tr!(
                    "{} rows read; {unreadable} cannot be read and were passed over, {} last",
                    known.rows,
                    known.unreadable_row
                ),
            });
            if known.complete {
                return Ok(());
            }
            if known.epoch != self.ledger.epoch() {
                return Err(ledger::Error::NoIndex.into());
            }
            let recognition = self.recognition();
            let lease = match &recognition {
                Some(_) => self.lease().await?,
                None => None,
            };
            let (Some(recognition), Some(lease)) = (recognition, lease) else {
                if !self.runtime.shutdown.sleep(ASK_EVERY).await {
                    return Err(Error::Overtaken);
                }
                continue;
            };
            let walked = tokio::select! {
                walked = self.walk_on(&recognition, known.settles) => walked,
                () = lease.lost() => Err(Error::Overtaken),
                () = self.runtime.shutdown.requested() => Err(Error::Overtaken),
            };
            if let Err(error) = lease.release().await {
                tracing::debug!(error = %error, "lease of the walk is not released, it will expire");
            }
            walked?;
        }
    }

    fn marks(&self) -> Watermarks {
        Watermarks::new(self.ledger.store().clone(), self.runtime.namespace.clone())
    }

    pub(super) async fn lease(&self) -> Result<Option<Lease>, Error> {
        let key = self.runtime.namespace.index_lease_key();
        let lease = Lease::acquire(self.ledger.store(), key, &self.runtime.instance, WALK_LEASE).await;
        Ok(lease.map_err(ledger::Error::from)?)
    }

    /// Reads page after page from where the last walker stopped.
    async fn walk_on(&self, recognition: &Recognition, settles: Duration) -> Result<(), Error> {
        let started = Instant::now();
        if !settles.is_zero() {
            self.doing(words::tr!(
                "the form is read when the calls of earlier loaders have ended"
            ));
            tokio::time::sleep(settles).await;
        }
        failpoint::hit("index-begin").await;
        loop {
            let Some(cursor) = ledger::index::position(&self.ledger).await? else {
                return Ok(());
            };
            let page_began = Instant::now();
            let page = self.page(recognition, &cursor).await?;
            failpoint::hit("index-page").await;
            let Some(page) = page else {
                return self.finish(started).await;
            };
            // Before the cursor passes over them: whoever leaves a filter is told to the loader if it has a row.
            let with_rows: Vec<&String> = page.rows.iter().map(|(company, _)| company).collect();
            let seen = self.marks().seen_in_form(&with_rows).await;
            seen.map_err(ledger::Error::from)?;
            let (rows, extra) = page.learn(&self.ledger, &cursor).await?;
            failpoint::hit("index-learned").await;
            self.doing(words::tr!("{rows} rows of the form read"));
            if extra > 0 {
                self.look_again().await;
            }
            tokio::time::sleep(PAGE_EVERY.saturating_sub(page_began.elapsed())).await;
        }
    }

    /// The rows after this one; `None` at the end of the form.
    async fn page(&self, recognition: &Recognition, cursor: &str) -> Result<Option<Page>, Error> {
        let asked_ms = ledger::index::clock(&self.ledger).await?;
        let client = &self.vendor.client;
        // For commands, too, whose gate never opens.
        let tried = self
            .vendor
            .insist_paused(&Patience::new(PAGE_PATIENCE), move || async move {
                match client.list_in(Lane::Backfill, Some(cursor), None).await {
                    Reply::Ok(page) if turn(&page, cursor).0 == Turn::Stuck => {
                        Reply::Unknown(STUCK.to_owned())
                    }
                    // A page that cannot be shown because of one of its rows pauses nobody.
                    reply => self.vendor.about_rows(reply).await,
                }
            })
            .await;
        let page = match tried {
            Tried::Done(Ok(page), _) => page,
            Tried::Done(Err(_), _) => match self.vendor.past(cursor).await {
                Ok(Behind::Rows(rows)) => rows,
                Ok(Behind::Unreadable(id)) => return self.without(asked_ms, id).await.map(Some),
                Err(_) => return Err(Error::Form),
            },
            _ => return Err(Error::Form),
        };
        let (turn, last) = turn(&page, cursor);
        if turn != Turn::Next {
            return Ok(None);
        }
        let ids: Vec<&str> = page.iter().map(|row| text(row, "_id")).collect();
        let owners = self.ledger.rewritten(&ids).await?;
        let rows = page.iter().zip(owners).filter_map(|(row, owner)| match owner {
            // Its key does not stay, and its customer is known by its id.
            Some(owner) => Some((owner.company, recognition.read_by_id(row, !owner.tried)?)),
            None => recognition.read(row),
        });
        let rows: Vec<_> = rows.map(|(company, row)| (company, Some(row))).collect();
        Ok(Some(Page {
            asked_ms,
            keyless: page.len() - rows.len(),
            rows,
            last,
        }))
    }

    /// The row with this id is passed over, and told.
    async fn without(&self, asked_ms: i64, id: String) -> Result<Page, Error> {
        tracing::warn!(
            row = id,
            "a row of the form cannot be read, and the walk passes over it"
        );
        ledger::index::passed_over(&self.ledger, &id).await?;
        self.look_again().await;
        Ok(Page {
            asked_ms,
            keyless: 0,
            rows: Vec::new(),
            last: id,
        })
    }

    async fn finish(&self, started: Instant) -> Result<(), Error> {
        // An empty form has no page that could be learned.
        failpoint::hit("index-learned").await;
        failpoint::hit("index-ready-before").await;
        ledger::index::complete(&self.ledger).await?;
        failpoint::hit("index-ready-after").await;
        tracing::info!(
            seconds = started.elapsed().as_secs(),
            "the form was read to its end"
        );
        Ok(())
    }
}

struct Page {
    asked_ms: i64,
    rows: Vec<(String, Option<FoundRow>)>,
    keyless: usize,
    last: String,
}

impl Page {
    async fn learn(&self, ledger: &Ledger, cursor: &str) -> Result<(u64, u64), Error> {
        let reading = Reading::Page {
            before: cursor,
            after: &self.last,
            keyless: self.keyless,
        };
        let learned = ledger::index::learn(ledger, self.asked_ms, VISIBLE_AFTER, reading, &self.rows).await;
        Ok(learned?)
    }
}
