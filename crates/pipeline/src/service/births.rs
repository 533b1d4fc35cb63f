//! Every counter is there with 0 before the first thing is counted: Prometheus sees no step from nothing to one, so without
//! that `increase()` of the first dead letter of a process, or of a new reason, would be 0.

use crate::{
    disposition::Disposition,
    failure::codes,
    gate::Pause,
    stage::Stage,
    telemetry::names::{self, Kind, Metric},
    webhook::Verdict,
};

/// A series of a counter: its name and its labels.
type Series = (&'static str, Vec<(&'static str, String)>);

/// Counters of one program alone, beside those that its name begins like.
const OWN: [(&str, &str); 1] = [(names::FIELD_DRIFT, "transformer")];

/// Registers the counters of a service and what else is known before anything happens. `queues` are those that it may publish
/// to.
pub(super) fn begin(service: &str, queues: &[String]) {
    for (name, labels) in series(service, queues) {
        metrics::counter!(name, &labels).increment(0);
    }
    for pause in Pause::ALL {
        metrics::gauge!(names::GATE_CLOSED, "reason" => pause.name()).set(0.0);
    }
}

fn series(service: &str, queues: &[String]) -> Vec<Series> {
    let stage = Stage::ALL.into_iter().find(|stage| stage.program() == service);
    let counters = names::ALL
        .iter()
        .filter(|metric| metric.kind == Kind::Counter && belongs(metric, service));
    counters
        .flat_map(|metric| of_counter(metric, stage, queues))
        .collect()
}

/// Whether a service can count it.
fn belongs(metric: &Metric, service: &str) -> bool {
    let own = OWN.iter().find(|(name, _)| *name == metric.name);
    let services = ["extractor", "transformer", "loader"];
    let by_name = services
        .iter()
        .find(|service| metric.name.starts_with(&format!("okki_{service}_")));
    own.map(|(_, service)| service)
        .or(by_name)
        .is_none_or(|only| *only == service)
}

/// All combinations of what the labels may say; none where somebody else has to say which there are.
fn of_counter(metric: &Metric, stage: Option<Stage>, queues: &[String]) -> Vec<Series> {
    let mut series = vec![(metric.name, Vec::new())];
    for label in metric.labels {
        let values = values(metric.name, label, stage, queues);
        series = series
            .iter()
            .flat_map(|(name, labels)| {
                values
                    .iter()
                    .map(|value| (*name, [labels.as_slice(), &[(*label, value.clone())]].concat()))
            })
            .collect();
    }
    series
}

fn values(name: &str, label: &str, stage: Option<Stage>, queues: &[String]) -> Vec<String> {
    let known: Vec<&str> = match (name, label) {
        (_, "queue") => return queues.to_vec(),
        (_, "stage") => stage.iter().map(|stage| stage.name()).collect(),
        (_, "outcome") => Disposition::ALL.iter().map(|one| one.name()).collect(),
        (names::PAUSES, _) => Pause::ALL.iter().map(|pause| pause.name()).collect(),
        (names::RETRIES | names::DEAD_LETTERS, _) => stage.into_iter().flat_map(codes::codes).collect(),
        (names::FILTERED, _) => stage.map_or(&[][..], codes::rules).to_vec(),
        (names::WEBHOOK_CALLS, _) => Verdict::ALL.iter().map(|verdict| verdict.name()).collect(),
        (names::FIELD_DRIFT, _) => vec!["appeared", "vanished", "back", "retyped"],
        (names::EXTRACTOR_POLLS, _) => vec!["nothing", "changes", "failure"],
        (names::EXTRACTOR_WEBHOOK_EVENTS, _) => {
            vec![
                "sent",
                "later",
                "repeated",
                "left",
                "unknown",
                "not-shown",
                "not-newer",
            ]
        }
        (names::LOADER_ROWS, _) => vec!["created", "updated", "marked", "removed"],
        (names::LOADER_PUSHES, "deed") => vec!["create", "update", "remove", "recover", "other", "unknown"],
        (names::LOADER_PUSHES, _) => vec![
            "noted",
            "repeated",
            "full",
            "left",
            "failed",
            "unmapped",
            "ignored",
            "foreign",
            "forged",
            "stale",
            "malformed",
        ],
        (names::LOADER_TOUCHED_ROWS, "change") => vec![
            "removed",
            "edited",
            "replaced",
            "keyless",
            "duplicate",
            "created",
            "nothing",
            "unreadable",
        ],
        (names::LOADER_TOUCHED_ROWS, _) => vec!["left", "asked"],
        // Buckets are named by those who have them, which happens before the first permit.
        _ => Vec::new(),
    };
    known.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SERVICES: [&str; 3] = ["extractor", "transformer", "loader"];

    #[test]
    fn every_counter_of_a_service_is_born_with_0() {
        let queues = ["okki.load".to_owned()];
        let born: BTreeSet<_> = SERVICES
            .iter()
            .flat_map(|service| series(service, &queues))
            .map(|(name, _)| name)
            .collect();
        let unborn: Vec<_> = names::ALL
            .iter()
            .filter(|metric| metric.kind == Kind::Counter && !born.contains(metric.name))
            .map(|metric| metric.name)
            .collect();
        assert_eq!(
            unborn,
            [names::QUOTA_LATE, names::QUOTA_PUSHED_BACK],
            "what can their labels say? Whoever has a bucket registers these"
        );
    }

    #[test]
    fn a_service_counts_what_it_does_and_nothing_of_the_others() {
        let of = |service| series(service, &[]);
        let dead = |code: &str, service| {
            let labels = |stage: &str| vec![("stage", stage.to_owned()), ("reason", code.to_owned())];
            let stages = Stage::ALL.map(Stage::name);
            stages.map(|stage| of(service).contains(&(names::DEAD_LETTERS, labels(stage))))
        };
        assert_eq!(dead("row-refused", "loader"), [false, false, true]);
        assert_eq!(dead("undecodable", "transformer"), [false, true, false]);
        assert_eq!(dead("row-refused", "extractor"), [false; 3]);
        let has = |service, metric| of(service).iter().any(|(name, _)| *name == metric);
        assert!(has("loader", names::LOADER_SPLITS) && !has("extractor", names::LOADER_SPLITS));
        assert!(has("transformer", names::FIELD_DRIFT) && !has("loader", names::FIELD_DRIFT));
        // The desk has no stage.
        assert!(!has("desk", names::DEAD_LETTERS) && has("desk", names::PAUSES));
    }
}
