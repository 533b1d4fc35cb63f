//! What a batch of events adds to sums, written once for each sum: minutes, runs, and the last step of each customer.

use super::Change;
use crate::error::Result;
use pipeline::events::Event;
use std::collections::HashMap;

const MINUTE_MS: i64 = 60_000;

/// Stage and word of an event, as the stream numbers them.
type Kind = (i64, i64);

#[derive(Default)]
pub(super) struct Counts {
    minutes: HashMap<(i64, Kind), i64>,
    runs: HashMap<String, Run>,
    customers: HashMap<i64, (i64, Kind)>,
}

#[derive(Default)]
struct Run {
    first: i64,
    last: i64,
    kinds: HashMap<Kind, i64>,
}

impl Counts {
    pub(super) fn add(&mut self, at: i64, stage: i64, customer: i64, event: &Event) {
        let kind = (stage, i64::from(event.what));
        *self.minutes.entry((at.div_euclid(MINUTE_MS), kind)).or_default() += 1;
        let last = self.customers.entry(customer).or_insert((at, kind));
        // In the order of time, then of stages, as far as the clocks agree.
        if (at, stage) >= (last.0, last.1.0) {
            *last = (at, kind);
        }
        if event.run_id.is_empty() {
            return;
        }
        let run = match self.runs.get_mut(&event.run_id) {
            Some(run) => run,
            None => self.runs.entry(event.run_id.clone()).or_insert(Run {
                first: at,
                ..Run::default()
            }),
        };
        run.first = run.first.min(at);
        run.last = run.last.max(at);
        *run.kinds.entry(kind).or_default() += 1;
    }

    pub(super) fn write(self, change: &Change<'_>) -> Result<()> {
        let tx = change.tx;
        let sql = "INSERT INTO minute VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET events = events + excluded.events";
        let mut minute = tx.prepare_cached(sql)?;
        for ((at, (stage, what)), events) in self.minutes {
            minute.execute((at, stage, what, events))?;
        }
        let sql = "INSERT INTO run (name, first_at, last_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE
            SET first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at) RETURNING id";
        let mut run_row = tx.prepare_cached(sql)?;
        let sql = "INSERT INTO run_count VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET events = events + excluded.events";
        let mut run_count = tx.prepare_cached(sql)?;
        for (name, run) in self.runs {
            let id: i64 = run_row.query_row((name, run.first, run.last), |row| row.get(0))?;
            for ((stage, what), events) in run.kinds {
                run_count.execute((id, stage, what, events))?;
            }
        }
        let sql =
            "UPDATE customer SET at = ?2, stage = ?3, what = ?4 WHERE id = ?1 AND (at, stage) <= (?2, ?3)";
        let mut customer = tx.prepare_cached(sql)?;
        for (id, (at, (stage, what))) in self.customers {
            customer.execute((id, at, stage, what))?;
        }
        Ok(())
    }
}
