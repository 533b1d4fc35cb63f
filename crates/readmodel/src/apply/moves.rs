//! Plans and operations: which letters each of them has moved, and what has become of every one.

use super::{Change, Origin, is_move, letters::digits};
use crate::error::Result;
use pipeline::events::{Event, What};

impl Change<'_> {
    pub(super) fn moved(&mut self, by: &Origin, customer: i64, event: &Event) -> Result<()> {
        if event.plan_id.is_empty() || event.letter_id.is_empty() {
            return Ok(());
        }
        let what = event.what();
        let sql =
            "INSERT INTO move (name, stage, first_at, last_at) VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE
            SET first_at = min(first_at, ?3), last_at = max(last_at, ?3) RETURNING id";
        let mut statement = self.tx.prepare_cached(sql)?;
        let id: i64 = statement.query_row((&event.plan_id, by.stage, by.at), |row| row.get(0))?;
        drop(statement);
        if what == What::Died {
            return self.failed_again(id, by, customer, event);
        }
        let reason = self.word(if is_move(what) { "" } else { &event.reason })?;
        let way = if is_move(what) { event.what } else { 0 };
        // A later stage may overtake an earlier one, and nothing comes behind the end of a replay.
        let sql = "INSERT INTO move_letter VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '') ON CONFLICT DO UPDATE
            SET way = max(way, excluded.way), at = excluded.at, stage = excluded.stage, what = excluded.what,
                reason = excluded.reason
            WHERE excluded.way = 0 AND (excluded.at, excluded.stage) >= (at, stage)";
        let mut statement = self.tx.prepare_cached(sql)?;
        let letter = digits(&event.letter_id);
        statement.execute((id, letter, customer, way, by.at, by.stage, event.what, reason))?;
        if way != 0 {
            let sql = "UPDATE move_letter SET way = ? WHERE move = ? AND digits = ?";
            self.tx.prepare_cached(sql)?.execute((way, id, letter))?;
        }
        Ok(())
    }

    /// The event names the new letter; the one that it was is that of the customer that the plan put back.
    fn failed_again(&mut self, id: i64, by: &Origin, customer: i64, event: &Event) -> Result<()> {
        let reason = self.word(&event.reason)?;
        let sql = "UPDATE move_letter SET at = ?, stage = ?, what = ?, reason = ?, again = ? WHERE move = ? AND digits =
            (SELECT digits FROM move_letter WHERE move = ? AND customer = ? AND what <> ? LIMIT 1)";
        self.tx.prepare_cached(sql)?.execute((
            by.at,
            by.stage,
            event.what,
            reason,
            digits(&event.letter_id),
            id,
            id,
            customer,
            event.what,
        ))?;
        Ok(())
    }
}
