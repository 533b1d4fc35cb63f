//! Open letters: one that died or came back is there, one that was put back or away is not.

use super::{Change, Origin, version_of};
use crate::{error::Result, row::Row, stages::of_number};
use pipeline::{
    events::{Event, What},
    failure::{identity, outcome::replay_tag},
    message::{Death, Envelope},
};
use replay::letter::Letter;
use rusqlite::OptionalExtension;

/// How much is known of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whole {
    /// That it is there.
    Named = 0,
    /// Why it died.
    Recorded = 1,
    /// What it holds.
    Seen = 2,
}

impl Change<'_> {
    pub(super) fn letter(&mut self, by: &Origin, event: &Event) -> Result<()> {
        let Some(stage) = of_number(by.stage) else {
            return Ok(());
        };
        let (what, digits) = (event.what(), digits(&event.letter_id));
        match what {
            What::PutBack | What::Edited | What::Discarded => self.leaves(by.stage, digits),
            What::Died | What::Restored | What::Imported if !event.letter_id.is_empty() => {
                let life = match what {
                    What::Died => "",
                    _ => event.plan_id.as_str(),
                };
                if self.find(by.stage, digits, life)?.is_some() {
                    return Ok(());
                }
                let mut letter =
                    Letter::read(stage, "", envelope(event), &Death::default(), Vec::new().into());
                let whole = match event.failure.is_empty() {
                    true => Whole::Named,
                    false => Whole::Recorded,
                };
                if whole == Whole::Named {
                    named(&mut letter, by, event);
                }
                let row = Row::of(&letter, event.group.clone());
                self.put(None, by.stage, &row, whole).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// A letter that was moved; of two lives of it that are both there the older one.
    fn leaves(&mut self, stage: i64, digits: &str) -> Result<()> {
        let sql = "DELETE FROM letter WHERE n = (SELECT min(n) FROM letter WHERE stage = ? AND digits = ?)";
        self.tx.prepare_cached(sql)?.execute((stage, digits))?;
        Ok(())
    }

    pub(super) fn find(&self, stage: i64, digits: &str, life: &str) -> Result<Option<(i64, i64)>> {
        let sql = "SELECT n, whole FROM letter WHERE stage = ? AND digits = ? AND life = ?";
        let mut statement = self.tx.prepare_cached(sql)?;
        let found = statement.query_row((stage, digits, life), |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }

    /// Writes a letter down, in the place of another row or behind all others; answers its place.
    pub(super) fn put(&mut self, at: Option<i64>, stage: i64, row: &Row, whole: Whole) -> Result<i64> {
        let (code, grp, said) = (
            self.word(&row.code)?,
            self.word(&row.group)?,
            self.word(&row.stage)?,
        );
        let (outcome, program) = (self.word(row.outcome)?, self.word(&row.program)?);
        let (vendor, field) = (
            self.maybe_word(row.vendor.as_deref())?,
            self.maybe_word(row.field.as_deref())?,
        );
        let (plan, tag) = (
            self.maybe_word(row.plan.as_deref())?,
            self.maybe_word(row.tag.as_deref())?,
        );
        let restored = self.maybe_word(row.restored.as_deref())?;
        let sql = "INSERT INTO letter (n, stage, digits, life, message, rank, code, vendor, field, grp, said, plan, tag, outcome,
            program, version, restored, attempts, replays, first, died, whole)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let n = self.tx.prepare_cached(sql)?.insert(rusqlite::params![
            at,
            stage,
            row.digits,
            row.life,
            row.message,
            row.rank,
            code,
            vendor,
            field,
            grp,
            said,
            plan,
            tag,
            outcome,
            program,
            row.version,
            restored,
            row.attempts,
            row.replays,
            row.first,
            row.died,
            whole as i64
        ])?;
        let sql = "INSERT INTO letter_record VALUES (?, ?, ?, ?)";
        self.tx
            .prepare_cached(sql)?
            .execute((n, &row.record, &row.kind, row.body.as_deref()))?;
        let sql = "INSERT OR IGNORE INTO letter_customer VALUES (?, ?)";
        for rank in &row.ranks {
            self.tx.prepare_cached(sql)?.execute((rank, n))?;
        }
        let sql = "INSERT INTO letter_text (rowid, pieces) VALUES (?, ?)";
        self.tx.prepare_cached(sql)?.execute((n, &row.pieces))?;
        Ok(n)
    }
}

/// The letter's own digits in whatever names it: its id, or its digits with a life behind them.
pub(super) fn digits(letter: &str) -> &str {
    match identity::digits(letter) {
        Some(digits) => digits,
        None => letter.split_once('.').map_or(letter, |(digits, _)| digits),
    }
}

/// What stood on the letter, as far as the event says.
fn envelope(event: &Event) -> Envelope {
    let is_life = matches!(event.what(), What::Restored | What::Imported);
    let replayed = !is_life && !event.plan_id.is_empty();
    let id = &event.letter_id;
    let message = identity::digits(id).map_or(id.as_str(), |digits| &id[..id.len() - digits.len() - 1]);
    Envelope {
        message_id: message.to_owned(),
        company_id: event.company_id.clone(),
        version: version_of(event),
        run_id: event.run_id.clone(),
        replays: event.replays,
        replay: replayed.then(|| replay_tag(&event.plan_id, "")),
        life: is_life.then(|| event.plan_id.clone()),
        failure: (!event.failure.is_empty()).then(|| event.failure.clone()),
        ..Envelope::default()
    }
}

/// A letter of which only the event is known.
fn named(letter: &mut Letter, by: &Origin, event: &Event) {
    let record = &mut letter.record;
    record.id.clone_from(&event.letter_id);
    record.code.clone_from(&event.reason);
    record.message.clear();
    record.attempts.clear();
    record.first_failed_at = by.at;
    record.last_failed_at = by.at;
}
