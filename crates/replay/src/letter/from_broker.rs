//! The failure record of a message that no consumer gave up: the broker moved it here itself.

use pipeline::{
    failure::{
        outcome,
        record::{Attempt, FailureRecord},
    },
    message::{Death, Envelope},
    stage::Stage,
};

/// Reason code of a message that the broker itself dead-lettered: its consumers died on it again and again.
pub(super) const DELIVERY_LIMIT: &str = "delivery-limit";

/// What can be said about a message that the broker moved here after its delivery limit.
pub(super) fn broker_record(
    stage: Stage,
    home: &str,
    envelope: &Envelope,
    death: &Death,
    customers: usize,
) -> FailureRecord {
    let (code, message) = cause(death, customers);
    let at = death.at_ms;
    let mut attempts: Vec<Attempt> = serde_json::from_str(&envelope.history).unwrap_or_default();
    attempts.push(Attempt {
        at,
        code: code.clone(),
        message: message.clone(),
        action: "dead".to_owned(),
    });
    FailureRecord {
        id: envelope.message_id.clone(),
        stage: stage.name().to_owned(),
        return_queue: home.to_owned(),
        code,
        message,
        vendor: None,
        field: None,
        expression: None,
        company_id: envelope.company_id.clone(),
        version: envelope.version.clone(),
        run_id: envelope.run_id.clone(),
        batch: None,
        first_failed_at: attempts.first().map_or(at, |attempt| attempt.at),
        last_failed_at: at,
        attempts,
        instance: "broker".to_owned(),
        program_version: String::new(),
        mapping: None,
        replays: envelope.replays,
        last_replay: envelope
            .replay
            .as_deref()
            .map(|tag| outcome::plan_of(tag).to_owned()),
        repair_of: envelope.repair_of.clone(),
        traceparent: envelope.traceparent.clone(),
        cut: Vec::new(),
    }
}

/// Why the broker has moved it, as code and in words.
fn cause(death: &Death, customers: usize) -> (String, String) {
    let (code, message) = match death.reason.as_str() {
        "delivery_limit" => (
            DELIVERY_LIMIT.to_owned(),
            words::text!("every consumer that took this message died before settling it").to_owned(),
        ),
        "" => (
            "unknown".to_owned(),
            words::text!("no failure record and no word from the broker").to_owned(),
        ),
        other => (
            format!("broker-{}", other.replace('_', "-")),
            words::tr!("dead-lettered by the broker: {other}"),
        ),
    };
    match customers {
        0 => (code, message),
        _ => {
            let message = words::tr!(
                "{message}; it carries the records of {customers} customers, and a replay puts each of them back"
            );
            (code, message)
        }
    }
}
