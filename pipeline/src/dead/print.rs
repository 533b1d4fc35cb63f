//! Dead letters for people's eyes: a table, groups, one letter in full.

use super::{letter::Letter, record::FailureRecord};
use serde::Serialize;

/// Time as people write it; the record holds milliseconds.
fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| "-".to_owned(), |time| format!("{time:.0}"))
}

/// One line of the list, after a headline for the first.
pub(super) fn row(record: &FailureRecord, first: bool) {
    if first {
        println!(
            "{:<20}  {:<22}  {:<16}  {:>5}  ID / MESSAGE",
            "LAST FAILED", "CODE", "CUSTOMER", "TRIES"
        );
    }
    let tries = record.attempts.len();
    println!(
        "{:<20}  {:<22}  {:<16}  {tries:>5}  {}\n{:<71}  {}",
        time(record.last_failed_at),
        record.code,
        record.company_id,
        record.id,
        "",
        record.message
    );
}

/// Dead letters that died of the same thing.
#[derive(Debug, Default, Serialize)]
pub(super) struct Group {
    code: String,
    field: Option<String>,
    count: u64,
    first_failed_at: i64,
    last_failed_at: i64,
    example_id: String,
    example: String,
}

impl Group {
    pub(super) fn add(&mut self, record: &FailureRecord) {
        if self.count == 0 {
            self.code.clone_from(&record.code);
            self.field.clone_from(&record.field);
            self.first_failed_at = record.first_failed_at;
            self.example_id.clone_from(&record.id);
            self.example.clone_from(&record.message);
        }
        self.count += 1;
        self.first_failed_at = self.first_failed_at.min(record.first_failed_at);
        self.last_failed_at = self.last_failed_at.max(record.last_failed_at);
    }
}

pub(super) fn groups(groups: impl Iterator<Item = Group>, json: bool) -> anyhow::Result<()> {
    let mut groups: Vec<_> = groups.collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    if json {
        println!("{}", serde_json::to_string(&groups)?);
        return Ok(());
    }
    println!(
        "{:>7}  {:<22}  {:<20}  {:<20}  EXAMPLE",
        "COUNT", "CODE", "FIRST", "LAST"
    );
    for group in &groups {
        println!(
            "{:>7}  {:<22}  {:<20}  {:<20}  {}",
            group.count,
            group.code,
            time(group.first_failed_at),
            time(group.last_failed_at),
            group.example
        );
    }
    Ok(())
}

/// Everything about a letter; the body is shown by its size, since it holds customer data.
pub(super) fn letter(letter: &Letter, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(&letter.record)?);
        return Ok(());
    }
    let record = &letter.record;
    println!(
        "id        {}\ncustomer  {}  version {}",
        record.id, record.company_id, record.version
    );
    println!("reason    {}: {}", record.code, record.message);
    if let Some(vendor) = &record.vendor {
        println!("vendor    {}: {}", vendor.code, vendor.message);
    }
    if let Some(field) = &record.field {
        println!("field     {field}");
    }
    if let Some(batch) = &record.batch {
        println!("batch     {} position {}", batch.id, batch.position);
    }
    println!(
        "returns   to {}, {} replays so far",
        record.return_queue, record.replays
    );
    println!("by        {} version {}", record.instance, record.program_version);
    println!("body      {} bytes", letter.body.len());
    for attempt in &record.attempts {
        println!(
            "  {}  {:<10}  {}: {}",
            time(attempt.at),
            attempt.action,
            attempt.code,
            attempt.message
        );
    }
    Ok(())
}
