//! What is too old to be asked for goes, a piece at a time.

use super::Writer;
use crate::error::Result;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Sums by the minute, runs and moves.
const KEEP_SUMS: i64 = 90 * DAY_MS;
/// Steps of customers; longer than a stream keeps them, for what was forgotten would count anew when it is read again.
const KEEP_STEPS: i64 = 30 * DAY_MS;
/// What is known of the audit log, which keeps everything.
const KEEP_MARKS: i64 = 400 * DAY_MS;
/// Rows that go at a time, so that nobody waits for it.
const PIECE: i64 = 5_000;

impl Writer {
    /// Takes away one piece of what is too old; `true` when there may be more.
    ///
    /// # Errors
    /// When the file does not serve.
    pub fn prune(&mut self, now: i64) -> Result<bool> {
        let (sums, steps) = (now - KEEP_SUMS, now - KEEP_STEPS);
        self.change(|change| {
            let tx = change.tx;
            let sql = "DELETE FROM step WHERE n IN (SELECT n FROM (SELECT n, at FROM step ORDER BY n LIMIT ?) WHERE at < ?)";
            let mut gone = tx.execute(sql, (PIECE, steps))?;
            gone += tx.execute("DELETE FROM minute WHERE minute < ?", [sums / 60_000])?;
            tx.execute("DELETE FROM audit_mark WHERE ms < ?", [now - KEEP_MARKS])?;
            let sql = "DELETE FROM run_count WHERE run IN (SELECT id FROM run WHERE last_at < ?)";
            tx.execute(sql, [sums])?;
            tx.execute("DELETE FROM run WHERE last_at < ?", [sums])?;
            let sql = "DELETE FROM move_letter WHERE move IN (SELECT id FROM move WHERE last_at < ?)";
            tx.execute(sql, [sums])?;
            tx.execute("DELETE FROM move WHERE last_at < ?", [sums])?;
            Ok(gone >= usize::try_from(PIECE).unwrap_or(usize::MAX))
        })
    }
}
