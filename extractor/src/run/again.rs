//! What the listing shows of nobody: rows that name no customer, and seconds that no page shows. They are named, kept, and
//! listed again with growing waits.
//!
//! A checkpoint passes over them, or one row could stop everything. What is kept is the second in which the row lies, or
//! its slice when it shows no time; listing that again finds the customer as soon as OKKI shows its id.

use super::{Runner, Stop};
use crate::{
    deleted,
    okki::{PageRequest, time},
    state::{DamagedSpan, Phase, Run, RunKind},
    walk::{Step, Walk},
    window::Window,
};
use pipeline::{lease::Lease, quota::Lane, telemetry::names};
use std::sync::atomic::Ordering;

/// Spans that are listed again after one live run.
const AT_A_TIME: usize = 5;
/// Looks before a span counts as one in which nobody is any more.
const LOOKS: usize = 3;

impl Runner {
    pub(super) fn note_coarse(&self, is_coarse: bool) {
        if is_coarse && !self.coarse.swap(true, Ordering::Relaxed) {
            tracing::warn!("listing shows times outside of the bounds that it was asked for, details decide");
        }
    }

    /// Names what the listing shows of nobody, and keeps where it is before the cursor passes over it.
    pub(super) async fn keep_damaged(&self, run: &Run, step: &Step) -> Result<(), Stop> {
        let span = |start, end, serial_id: Option<&str>, reason: &str| DamagedSpan {
            part: None,
            is_wide: false,
            removed: run.phase == Phase::Removed,
            start,
            end,
            serial_id: serial_id.map(str::to_owned),
            reason: reason.to_owned(),
            tries: 0,
            due_ms: 0,
            since_ms: 0,
        };
        // One second around it, whether or not bounds are inclusive.
        let around = |start: Option<i64>, end| (start.map(|start| start - 1), end + 1);
        let rows = step.damaged.iter().map(|row| {
            let (start, end) = match row.update_time {
                time if time > 0 => around(Some(time), time),
                _ => (step.slice.start, step.slice.end),
            };
            span(start, end, row.serial_id.as_deref(), &row.reason)
        });
        let unread = step.unread.iter().map(|reason| {
            let (start, end) = around(step.slice.start, step.slice.end);
            span(start, end, None, reason)
        });
        let spans: Vec<_> = rows.chain(unread).collect();
        let are_new = self.state.keep_damaged(&spans).await?;
        for (n, (span, _)) in spans
            .iter()
            .zip(are_new)
            .enumerate()
            .filter(|(_, (_, is_new))| *is_new)
        {
            tell(run, span, n < step.damaged.len());
        }
        Ok(())
    }

    /// Lists once more what is due of the spans with rows that named no customer; how many of them are whole now.
    pub(crate) async fn list_damaged_again(&self, lease: &Lease) -> Result<u64, Stop> {
        let mut whole = 0;
        for span in self.state.damaged_due(AT_A_TIME).await? {
            let phase = if span.removed {
                Phase::Removed
            } else {
                Phase::Changed
            };
            let window = Window {
                start: span.start,
                end: span.end,
            };
            let id = format!("again-{}", uuid::Uuid::new_v4().simple());
            let mut run = Run::apart(id, window, phase, &self.rt.instance);
            let is_whole = match self.walk_again(&span, window, &mut run, lease).await {
                // What a part names nobody in is kept apart from now on.
                Ok(()) if span.part.is_some() => self.is_part_back(&span).await?,
                Ok(()) => run.damaged == 0 && self.is_believable(&span, &run),
                // What only this span is answered with must not stop the others.
                Err(Stop::Okki(error)) if error.may_be_of_one_page() => {
                    tracing::warn!(
                        run = run.id,
                        error = pipeline::cause::logged(&error),
                        "span not listed again"
                    );
                    false
                }
                Err(stop) => return Err(stop),
            };
            self.state.damaged_again(&span, is_whole).await?;
            if is_whole {
                tracing::info!(
                    run = run.id,
                    listed = run.listed,
                    "rows that named no customer can be read now"
                );
                whole += 1;
            }
        }
        Ok(whole)
    }

    /// A span that shows nobody any more: its customer may have changed since, or the listing shows nobody at all just now. So
    /// it is believed after some looks only, and never while that is known.
    fn is_believable(&self, span: &DamagedSpan, run: &Run) -> bool {
        run.seen > 0 || (span.tries >= LOOKS && !self.sees_nobody.load(Ordering::Relaxed))
    }

    async fn walk_again(
        &self,
        span: &DamagedSpan,
        window: Window,
        run: &mut Run,
        lease: &Lease,
    ) -> Result<(), Stop> {
        if let Some(part) = span.part {
            // One that hangs costs one call each time.
            let nobody = PageRequest {
                start: span.start,
                end: Some(span.end),
                page: 1,
                count: 1,
                removed: span.removed,
            };
            self.client
                .page_of_once(Lane::Live, &nobody.of_nobody(), part)
                .await?;
        }
        let parts = 0..self.client.source().parts();
        for part in parts.filter(|part| span.part.is_none_or(|only| only == *part)) {
            run.part = part;
            let mut walk = Walk::new(window, None, self.settings.count, span.removed);
            let vendor = self.vendor(RunKind::Live, part);
            while let Some(mut step) = walk.next(&vendor).await? {
                self.settings.brake.wait(&self.rt, lease).await?;
                if span.removed {
                    deleted::compare(&mut step, &vendor, self.settings.count).await?;
                }
                self.note_coarse(walk.is_coarse());
                if span.part.is_some() {
                    self.keep_damaged(run, &step).await?;
                }
                self.publish(RunKind::Live, run, step, lease).await?;
            }
        }
        Ok(())
    }
}

fn tell(run: &Run, span: &DamagedSpan, is_row: bool) {
    let (start, end) = (span.start.map(time::format), time::format(span.end));
    let reason = &span.reason;
    if is_row {
        let serial_id = span.serial_id.as_deref();
        tracing::error!(
            run = run.id,
            reason,
            serial_id,
            start,
            end,
            "listed row names no customer"
        );
    } else {
        tracing::error!(
            run = run.id,
            reason,
            start,
            end,
            "part of the listing cannot be read"
        );
    }
    metrics::counter!(names::EXTRACTOR_DAMAGED_ROWS).increment(1);
}
