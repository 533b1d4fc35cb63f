//! Rows of the listing that name no customer: they are named, kept, and listed again with growing waits.
//!
//! A checkpoint passes over them, or one row could stop everything. What is kept is the second in which the row lies, or
//! its slice when it shows no time; listing that again finds the customer as soon as OKKI shows its id.

use super::{Runner, Stop};
use crate::{
    okki::time,
    state::{DamagedSpan, Phase, Run, RunKind},
    walk::{Step, Walk},
    window::Window,
};
use pipeline::{lease::Lease, telemetry::names};
use std::sync::atomic::Ordering;

/// Spans that are listed again after one live run.
const AT_A_TIME: usize = 5;

impl Runner {
    pub(super) fn note_coarse(&self, is_coarse: bool) {
        self.coarse.fetch_or(is_coarse, Ordering::Relaxed);
    }

    /// Names the rows that name no customer, and keeps where they are before the cursor passes over them.
    pub(super) async fn keep_damaged(&self, run: &Run, step: &Step) -> Result<(), Stop> {
        for row in &step.damaged {
            tracing::error!(
                run = run.id,
                reason = row.reason,
                serial_id = row.serial_id,
                update_time = (row.update_time > 0).then(|| time::format(row.update_time)),
                "listed row names no customer"
            );
            metrics::counter!(names::EXTRACTOR_DAMAGED_ROWS).increment(1);
        }
        let spans = step.damaged.iter().map(|row| {
            let (start, end) = match row.update_time {
                // One second around it, whether or not bounds are inclusive.
                time if time > 0 => (Some(time - 1), time + 1),
                _ => (step.slice.start, step.slice.end),
            };
            DamagedSpan {
                removed: run.phase == Phase::Removed,
                start,
                end,
                serial_id: row.serial_id.clone(),
                reason: row.reason.clone(),
                tries: 0,
                due_ms: 0,
            }
        });
        let spans: Vec<_> = spans.collect();
        Ok(self.state.keep_damaged(&spans).await?)
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
            let is_whole = match self.walk_again(window, &mut run, lease).await {
                Ok(()) => run.damaged == 0,
                // What only this span is answered with must not stop the others.
                Err(Stop::Okki(error)) if !error.is_transient() && !error.needs_person() => {
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

    async fn walk_again(&self, window: Window, run: &mut Run, lease: &Lease) -> Result<(), Stop> {
        let removed = run.phase == Phase::Removed;
        for part in 0..self.client.source().parts() {
            let mut walk = Walk::new(window, None, self.settings.count, removed);
            while let Some(step) = walk.next(&self.vendor(RunKind::Live, part)).await? {
                self.note_coarse(walk.is_coarse());
                self.publish(RunKind::Live, run, step, lease).await?;
            }
        }
        Ok(())
    }
}
