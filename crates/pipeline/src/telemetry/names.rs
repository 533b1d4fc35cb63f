//! Every metric with its labels and meaning; metric names are written here only.
//!
//! The file is long because there is one table of all of them.
//!
//! Prometheus conventions: base units, `_total` for counters, bounded label sets (no ids, no free text).

use super::metric::{CALL_BUCKETS, LAG_BUCKETS, SIZE_BUCKETS, WAIT_BUCKETS, counter, gauge, seconds};
pub use super::metric::{Kind, Metric};
use metrics::Unit;

/// Label of every metric: whose pipeline it is about.
pub const NAMESPACE: &str = "namespace";

/// Records whose delivery was settled, by disposition. Labels: `stage`, `outcome`.
pub const RECORDS: &str = "okki_records_total";
/// Records dropped by a rule. Labels: `stage`, `reason`.
pub(crate) const FILTERED: &str = "okki_filtered_total";
/// Halves of characters in answers, replaced by `�`. Labels: `stage`.
pub const REPLACED_CHARACTERS: &str = "okki_replaced_characters_total";
/// Keys of OKKI's answers that appeared, vanished, came back or hold another type. Labels: `change`.
pub const FIELD_DRIFT: &str = "okki_field_drift_total";
/// Records per handled batch. Labels: `stage`.
pub const BATCH_SIZE: &str = "okki_batch_size_records";
/// Time of a vendor call. Labels: `vendor`, `endpoint`, `code`.
pub const CALL_DURATION: &str = "okki_call_duration_seconds";
/// Wait for a permit of a quota. Labels: `bucket`, `lane`.
pub const QUOTA_WAIT: &str = "okki_quota_wait_seconds";
/// Permits given back because the process woke too late. Labels: `bucket`.
pub(crate) const QUOTA_LATE: &str = "okki_quota_late_total";
/// How often a vendor pushed a bucket back. Labels: `bucket`.
pub(crate) const QUOTA_PUSHED_BACK: &str = "okki_quota_pushed_back_total";
/// Attempts that failed and will be repeated. Labels: `stage`, `reason`.
pub(crate) const RETRIES: &str = "okki_retries_total";
/// Records that became dead letters. Labels: `stage`, `reason`.
pub const DEAD_LETTERS: &str = "okki_dead_letters_total";
/// Records whose deliveries are not settled. Labels: `stage`.
pub const IN_FLIGHT: &str = "okki_in_flight_records";
/// 1 while the gate is closed for this reason. Labels: `reason`.
pub(crate) const GATE_CLOSED: &str = "okki_gate_closed";
/// How often the gate was closed for this reason. Labels: `reason`.
pub(crate) const PAUSES: &str = "okki_pauses_total";
/// From the customer's change in the CRM to the row in the form, without backfills and first loads. No labels.
pub(crate) const END_TO_END_LAG: &str = "okki_end_to_end_lag_seconds";
/// Since the checkpoint. No labels.
pub const CHECKPOINT_AGE: &str = "okki_checkpoint_age_seconds";
/// How long the first checkpoint has been waited for; 0 once there was one. No labels.
pub const CHECKPOINT_AWAITED: &str = "okki_checkpoint_awaited_seconds";
/// A checkpoint that is older is a problem (`ALERT_CHECKPOINT_AGE`). No labels.
pub(crate) const CHECKPOINT_LIMIT: &str = "okki_checkpoint_limit_seconds";
/// 1 on the leader. No labels.
pub const LEADER: &str = "okki_leader";
/// Messages that were delivered again. Labels: `stage`.
pub(crate) const REDELIVERIES: &str = "okki_redeliveries_total";
/// Records of bundles that came again and went on alone. Labels: `stage`.
pub(crate) const DIVIDED: &str = "okki_divided_records_total";
/// Records that a message of the work queue carries, on average. Labels: `stage`.
pub(crate) const RECORDS_PER_MESSAGE: &str = "okki_records_per_message";
/// Records ready in a queue, about: messages times what they carry. Labels: `queue`.
pub(crate) const QUEUE_RECORDS: &str = "okki_queue_depth_records";
/// Acknowledgements that were lost because the channel was gone. Labels: `stage`.
pub(crate) const ACK_LOST: &str = "okki_ack_lost_total";
/// Messages published once more because the connection was lost before their confirms. Labels: `queue`.
pub const REPUBLISHED: &str = "okki_republished_total";
/// Events that wait for the broker to take them. No labels.
pub(crate) const EVENTS_LATE: &str = "okki_events_late";
/// Events that were never written. No labels.
pub(crate) const EVENTS_LOST: &str = "okki_events_lost_total";
/// Messages ready in a queue. Labels: `queue`.
pub(crate) const QUEUE_DEPTH: &str = "okki_queue_depth_messages";
/// Age of the oldest record in work. Labels: `stage`.
pub(crate) const OLDEST_UNFINISHED: &str = "okki_oldest_unfinished_seconds";
/// Since the customer was listed as changed that has waited longest, in whichever queue; 0 when nobody waits. No labels.
pub(crate) const OLDEST_OPEN: &str = "okki_oldest_open_seconds";
/// Listed customers of all runs, by disposition. Labels: `fate`.
pub(crate) const BOOKS_RECORDS: &str = "okki_books_records";
/// Listed customers that the account misses. No labels; a run's name would make a series each.
pub(crate) const BOOKS_DIFFERENCE: &str = "okki_books_difference_records";
/// Customers asked for again because they had left every queue without a disposition. No labels.
pub const EXTRACTOR_ASKED_AGAIN: &str = "okki_extractor_asked_again_total";
/// Rows of the listing that named no customer. No labels.
pub const EXTRACTOR_DAMAGED_ROWS: &str = "okki_extractor_damaged_rows_total";
/// Changes that the listing showed later than windows overlap. No labels.
pub const EXTRACTOR_LATE_CHANGES: &str = "okki_extractor_late_changes_total";
/// Customers that were listed and, up to the last attempt, not shown. No labels.
pub const EXTRACTOR_MISSING: &str = "okki_extractor_missing_total";
/// Polls of the listing between two runs. Labels: `found`.
pub const EXTRACTOR_POLLS: &str = "okki_extractor_polls_total";
/// Between two polls of the listing, as it is now. No labels.
pub const EXTRACTOR_POLL_INTERVAL: &str = "okki_extractor_poll_interval_seconds";
/// Calls whose outcome was unknown, so they were repeated. No labels.
pub const LOADER_UNKNOWN_OUTCOMES: &str = "okki_loader_unknown_outcomes_total";
/// Rows that a late call had changed and that were written again. No labels.
pub const LOADER_LATE_WRITES: &str = "okki_loader_late_writes_total";
/// Batches of dead loaders that were finished by this one. No labels.
pub const LOADER_BATCHES_TAKEN_OVER: &str = "okki_loader_batches_taken_over_total";
/// Batches that the vendor answered with fewer rows than sent. No labels.
pub const LOADER_INCOMPLETE_BATCHES: &str = "okki_loader_incomplete_batches_total";
/// Rows of the form that were written. Labels: `change` (created, updated, marked, removed).
pub const LOADER_ROWS: &str = "okki_loader_rows_total";
/// Rows that were written by calls which the vendor refused. No labels.
pub const LOADER_STORED_REFUSALS: &str = "okki_loader_stored_refusals_total";
/// Answers whose row ids were not those of the rows in their order. No labels.
pub const LOADER_ODD_ANSWERS: &str = "okki_loader_odd_answers_total";
/// Batches that were split to find a refused row. No labels.
pub const LOADER_SPLITS: &str = "okki_loader_splits_total";
/// Batches whose rows were looked up by key, too old to be sent again. No labels.
pub const LOADER_RECONCILED_BATCHES: &str = "okki_loader_reconciled_batches_total";
/// Customers whose details were asked for again after Redis was lost. No labels.
pub const LOADER_REFETCHED: &str = "okki_loader_refetched_total";
/// Customers whose rows were looked up in the form because the index had not seen them. No labels.
pub const LOADER_LOOKED_UP: &str = "okki_loader_looked_up_total";
/// Rows to update that were deleted in the form. No labels.
pub const LOADER_MISSING_ROWS: &str = "okki_loader_missing_rows_total";
/// Rows in the form beside another one of the same customer, as the walk and the look-ups have found. No labels.
pub const LOADER_FORM_DUPLICATES: &str = "okki_loader_form_duplicates";
/// Duplicate rows that were deleted in the form on demand. No labels.
pub const LOADER_MERGED_ROWS: &str = "okki_loader_merged_rows_total";
/// Events of OKKI's webhook, and what their customers' fetches found. Labels: `result` (sent, later, repeated, left,
/// unknown, not-shown, not-newer).
pub const EXTRACTOR_WEBHOOK_EVENTS: &str = "okki_extractor_webhook_events_total";
/// Listed changes that no event announced. No labels.
pub const EXTRACTOR_LOST_WEBHOOKS: &str = "okki_extractor_lost_webhooks_total";
/// Pushes about rows that arrived. Labels: `deed` (create, update, remove, recover, other, unknown), `result`.
pub const LOADER_PUSHES: &str = "okki_loader_pushes_total";
/// Rows that people have touched, once they were looked at. Labels: `change`, `action` (left, asked).
pub const LOADER_TOUCHED_ROWS: &str = "okki_loader_touched_rows_total";
/// Removals that wait for a person because too many rows would go. No labels.
pub const LOADER_PARKED_REMOVALS: &str = "okki_loader_parked_removals";
/// Calls of a vendor's webhook. Labels: `result` (accepted, forged, malformed, busy, failed).
pub(crate) const WEBHOOK_CALLS: &str = "okki_webhook_calls_total";
/// Version of the program, value 1. Labels: `service`, `version`.
pub const BUILD_INFO: &str = "okki_build_info";

/// All of them.
pub const ALL: &[Metric] = &[
    counter(
        RECORDS,
        &["stage", "outcome"],
        "Records whose delivery was settled, by disposition",
    ),
    counter(FILTERED, &["stage", "reason"], "Records dropped by a rule"),
    counter(
        REPLACED_CHARACTERS,
        &["stage"],
        "Halves of characters in answers that were replaced by U+FFFD",
    ),
    counter(
        FIELD_DRIFT,
        &["change"],
        "Keys of OKKI's answers that appeared, vanished, came back or hold another type",
    ),
    Metric {
        name: BATCH_SIZE,
        kind: Kind::Histogram(SIZE_BUCKETS),
        unit: Unit::Count,
        labels: &["stage"],
        help: "Records per handled batch",
    },
    seconds(
        CALL_DURATION,
        CALL_BUCKETS,
        &["vendor", "endpoint", "code"],
        "Duration of vendor calls, by result code",
    ),
    seconds(
        QUOTA_WAIT,
        WAIT_BUCKETS,
        &["bucket", "lane"],
        "Wait for a permit of a shared quota",
    ),
    counter(
        QUOTA_LATE,
        &["bucket"],
        "Permits given back because the process woke too late",
    ),
    counter(
        QUOTA_PUSHED_BACK,
        &["bucket"],
        "How often a vendor's refusal pushed a bucket back",
    ),
    counter(
        RETRIES,
        &["stage", "reason"],
        "Attempts that failed and will be repeated",
    ),
    counter(
        DEAD_LETTERS,
        &["stage", "reason"],
        "Records that became dead letters, by reason",
    ),
    gauge(
        IN_FLIGHT,
        Unit::Count,
        &["stage"],
        "Records whose deliveries are not yet settled",
    ),
    gauge(
        GATE_CLOSED,
        Unit::Count,
        &["reason"],
        "1 while the gate is closed for this reason",
    ),
    counter(
        PAUSES,
        &["reason"],
        "How often the gate was closed for this reason",
    ),
    seconds(
        END_TO_END_LAG,
        LAG_BUCKETS,
        &[],
        "From the change in the CRM to the row in the form, without backfills, first loads and replays",
    ),
    gauge(
        CHECKPOINT_AGE,
        Unit::Seconds,
        &[],
        "Since the checkpoint, the end of the last window of which every ref is confirmed",
    ),
    gauge(
        CHECKPOINT_AWAITED,
        Unit::Seconds,
        &[],
        "How long the first checkpoint has been waited for; 0 once there was one",
    ),
    gauge(
        CHECKPOINT_LIMIT,
        Unit::Seconds,
        &[],
        "ALERT_CHECKPOINT_AGE: a checkpoint that is older is a problem",
    ),
    gauge(
        LEADER,
        Unit::Count,
        &[],
        "1 on the leader, the replica that lists",
    ),
    counter(REDELIVERIES, &["stage"], "Messages that were delivered again"),
    counter(
        ACK_LOST,
        &["stage"],
        "Acknowledgements that were lost because the channel was gone",
    ),
    counter(
        REPUBLISHED,
        &["queue"],
        "Messages published once more because the connection was lost before their confirms",
    ),
    counter(
        DIVIDED,
        &["stage"],
        "Records of bundles that came again and went on alone",
    ),
    gauge(QUEUE_DEPTH, Unit::Count, &["queue"], "Messages ready in a queue"),
    gauge(
        QUEUE_RECORDS,
        Unit::Count,
        &["queue"],
        "Records ready in a work queue, about: messages times what they carry",
    ),
    gauge(
        RECORDS_PER_MESSAGE,
        Unit::Count,
        &["stage"],
        "Records that a message of the work queue carries, on average",
    ),
    gauge(
        OLDEST_UNFINISHED,
        Unit::Seconds,
        &["stage"],
        "Age of the oldest record in work",
    ),
    gauge(
        OLDEST_OPEN,
        Unit::Seconds,
        &[],
        "Since the customer was listed as changed that has waited longest, in whichever queue",
    ),
    gauge(
        BOOKS_RECORDS,
        Unit::Count,
        &["fate"],
        "Listed customers of all runs, by disposition",
    ),
    gauge(
        BOOKS_DIFFERENCE,
        Unit::Count,
        &[],
        "Listed customers that the account misses",
    ),
    gauge(
        EVENTS_LATE,
        Unit::Count,
        &[],
        "Events that wait for the broker to take them",
    ),
    counter(
        EVENTS_LOST,
        &[],
        "Events that were never written, because the broker took none for too long",
    ),
    counter(
        EXTRACTOR_ASKED_AGAIN,
        &[],
        "Customers asked for again that had left every queue without a disposition",
    ),
    counter(
        EXTRACTOR_DAMAGED_ROWS,
        &[],
        "Rows and seconds of the listing that named no customer",
    ),
    counter(
        EXTRACTOR_LATE_CHANGES,
        &[],
        "Changes that the listing showed later than windows overlap",
    ),
    counter(
        EXTRACTOR_MISSING,
        &[],
        "Customers that were listed and, up to the last attempt, not shown",
    ),
    counter(
        EXTRACTOR_POLLS,
        &["found"],
        "Polls of the listing between two runs, by what they found: nothing, changes, failure",
    ),
    gauge(
        EXTRACTOR_POLL_INTERVAL,
        Unit::Seconds,
        &[],
        "Between two polls of the listing, as it is now",
    ),
    counter(
        LOADER_UNKNOWN_OUTCOMES,
        &[],
        "Calls whose outcome was unknown, so they were repeated",
    ),
    counter(
        LOADER_LATE_WRITES,
        &[],
        "Rows that a late call had changed and that were written again",
    ),
    counter(
        LOADER_BATCHES_TAKEN_OVER,
        &[],
        "Batches of dead loaders that were finished by this one",
    ),
    counter(
        LOADER_INCOMPLETE_BATCHES,
        &[],
        "Batches that the vendor answered with fewer rows than sent",
    ),
    counter(LOADER_ROWS, &["change"], "Rows of the form that were written"),
    counter(
        LOADER_STORED_REFUSALS,
        &[],
        "Rows that were written by calls which the vendor refused",
    ),
    counter(
        LOADER_ODD_ANSWERS,
        &[],
        "Answers whose row ids were not those of the rows in their order",
    ),
    counter(
        LOADER_SPLITS,
        &[],
        "Batches that were split to find a refused row",
    ),
    counter(
        LOADER_RECONCILED_BATCHES,
        &[],
        "Batches whose rows were looked up by key, too old to be sent again",
    ),
    counter(
        LOADER_REFETCHED,
        &[],
        "Customers whose details were asked for again after Redis was lost",
    ),
    counter(
        LOADER_LOOKED_UP,
        &[],
        "Customers whose rows were looked up because the index had not seen them",
    ),
    counter(
        LOADER_MISSING_ROWS,
        &[],
        "Rows to update that were deleted in the form",
    ),
    gauge(
        LOADER_FORM_DUPLICATES,
        Unit::Count,
        &[],
        "Rows in the form beside another one of the same customer",
    ),
    counter(
        LOADER_MERGED_ROWS,
        &[],
        "Duplicate rows that were deleted in the form on demand",
    ),
    counter(
        EXTRACTOR_WEBHOOK_EVENTS,
        &["result"],
        "Events of OKKI's webhook, by what became of them, and what their fetches did not find",
    ),
    counter(
        EXTRACTOR_LOST_WEBHOOKS,
        &[],
        "Listed changes that no event of the webhook announced",
    ),
    counter(
        LOADER_PUSHES,
        &["deed", "result"],
        "Pushes about what people did to rows, by what became of them",
    ),
    counter(
        LOADER_TOUCHED_ROWS,
        &["change", "action"],
        "Rows that people were found to have touched, and what was done about it",
    ),
    gauge(
        LOADER_PARKED_REMOVALS,
        Unit::Count,
        &[],
        "Removals that wait for a person because too many rows would go",
    ),
    counter(
        WEBHOOK_CALLS,
        &["result"],
        "Calls that arrived at the listener for webhooks, by what became of them",
    ),
    gauge(
        BUILD_INFO,
        Unit::Count,
        &["service", "version"],
        "Version of the program",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        for (index, metric) in ALL.iter().enumerate() {
            assert!(metric.name.starts_with("okki_"), "{}", metric.name);
            assert_eq!(
                metric.kind == Kind::Counter,
                metric.name.ends_with("_total"),
                "{}",
                metric.name
            );
            assert_eq!(
                metric.unit == Unit::Seconds,
                metric.name.ends_with("_seconds"),
                "{}",
                metric.name
            );
            assert!(
                ALL[..index].iter().all(|earlier| earlier.name != metric.name),
                "{} twice",
                metric.name
            );
        }
    }
}
