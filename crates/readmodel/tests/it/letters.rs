//! Letters and events out of nothing.

use bytes::Bytes;
use pipeline::{
    events::{Event, EventStage, Events, Stored, What},
    failure::{
        VendorAnswer,
        record::{Attempt, FailureRecord},
    },
    message::{Death, Envelope, Subject},
    stage::Stage,
};
use prost::Message;
use proto::v1::{FieldValue, FormRecord, field_value::Value};
use readmodel::{Model, Walked, read::letters};
use replay::{letter::Letter, query::Query};

/// What distinguishes a letter from others.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) number: u64,
    pub(crate) code: String,
    pub(crate) company: String,
    pub(crate) message: String,
    pub(crate) field: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) plan: Option<String>,
    pub(crate) life: Option<String>,
    pub(crate) attempts: usize,
    pub(crate) replays: u32,
    pub(crate) died: i64,
    pub(crate) cell: String,
}

impl Facts {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            code: "row-refused".into(),
            company: number.to_string(),
            message: "The Name is too long".into(),
            field: Some("客户名称".into()),
            vendor: Some("4007".into()),
            plan: None,
            life: None,
            attempts: 1,
            replays: 0,
            died: 1_767_322_800_000 + i64::try_from(number).unwrap(),
            cell: "上海某某贸易有限公司".into(),
        }
    }

    pub(crate) fn id(&self) -> String {
        format!(
            "FormRecord:{}:7:{}~{:016x}",
            self.company, self.number, self.number
        )
    }

    pub(crate) fn record(&self) -> FailureRecord {
        let attempt = Attempt {
            at: self.died,
            code: self.code.clone(),
            message: self.message.clone(),
            action: "dead".into(),
        };
        FailureRecord {
            id: self.id(),
            stage: "load".into(),
            return_queue: "t.load".into(),
            code: self.code.clone(),
            message: self.message.clone(),
            vendor: self.vendor.clone().map(|code| VendorAnswer {
                code,
                message: "no".into(),
            }),
            field: self.field.clone(),
            expression: None,
            company_id: self.company.clone(),
            version: format!("7:{}", self.number),
            run_id: "run-1".into(),
            batch: None,
            attempts: vec![attempt; self.attempts],
            first_failed_at: self.died - 10,
            last_failed_at: self.died,
            instance: "host-1".into(),
            program_version: "0.2.0".into(),
            mapping: None,
            replays: self.replays,
            last_replay: self.plan.clone(),
            repair_of: None,
            traceparent: None,
            cut: Vec::new(),
        }
    }

    pub(crate) fn letter(&self) -> Letter {
        let cell = |label: &str, value: &str| FieldValue {
            field: "_widget_1".into(),
            label: label.into(),
            value: Some(Value::Text(value.into())),
        };
        let body = FormRecord {
            company_id: self.company.clone(),
            fields: vec![cell("客户名称", &self.cell)],
            ..FormRecord::default()
        };
        let envelope = Envelope {
            message_id: format!("FormRecord:{}:7:{}", self.company, self.number),
            kind: FormRecord::TYPE.into(),
            replay: self.plan.as_ref().map(|plan| format!("{plan}/00ff")),
            replays: self.replays,
            life: self.life.clone(),
            failure: Some(serde_json::to_string(&self.record()).unwrap()),
            ..Envelope::default()
        };
        let body = match self.cell.strip_prefix("raw ") {
            // Nobody of ours has written it.
            Some(text) => Bytes::from([&[0xff], text.as_bytes()].concat()),
            None => Bytes::from(body.encode_to_vec()),
        };
        Letter::read(Stage::Load, "t.load", envelope, &Death::default(), body)
    }

    /// The event of its death.
    pub(crate) fn died(&self) -> Event {
        let record = self.record();
        Event {
            id: 1_000_000 + self.number,
            what: What::Died.into(),
            company_id: self.company.clone(),
            run_id: "run-1".into(),
            reason: self.code.clone(),
            group: pipeline_group(&record),
            letter_id: self.id(),
            plan_id: self.plan.clone().unwrap_or_default(),
            attempt: 1,
            failure: serde_json::to_string(&record).unwrap(),
            ..Event::default()
        }
    }

    /// What an operator or a replay does to it.
    pub(crate) fn moved(&self, what: What, operation: &str) -> Event {
        pipeline::events::moved(what, &self.record(), operation)
    }
}

pub(crate) fn pipeline_group(record: &FailureRecord) -> String {
    replay::letter::fingerprint::fingerprint(record)
}

/// A message of the loader's.
pub(crate) fn message(offset: u64, events: Vec<Event>) -> Stored {
    message_of(offset, EventStage::Load, events)
}

pub(crate) fn message_of(offset: u64, stage: EventStage, events: Vec<Event>) -> Stored {
    Stored {
        offset,
        events: Events {
            stage: stage.into(),
            instance: "host-1".into(),
            program_version: "0.2.0".into(),
            at: 1_767_322_800_000 + i64::try_from(offset).unwrap(),
            events,
            lost: 0,
            audit: None,
        },
    }
}

/// A model in a folder that vanishes.
pub(crate) fn model() -> (tempfile::TempDir, Model) {
    let folder = tempfile::tempdir().unwrap();
    let model = Model::open(folder.path(), "t").unwrap();
    (folder, model)
}

/// As a walk sees them.
pub(crate) fn walked(model: &Model, letters: &[Letter]) -> Walked {
    model
        .write(|writer| {
            let mut walk = Walked::begin(writer, Stage::Load)?;
            for letters in letters.chunks(100) {
                walk.take(writer, letters)?;
            }
            walk.end(writer, 1)?;
            Ok(walk)
        })
        .unwrap()
}

/// Ids of all letters that a query means, page by page.
pub(crate) fn found(model: &Model, stage: Stage, query: &Query) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), 0);
    loop {
        let page = model
            .read(|connection| letters::page(connection, stage, query, after, 7))
            .unwrap();
        ids.extend(
            page.letters
                .iter()
                .map(|letter| letter.record["id"].as_str().unwrap().to_owned()),
        );
        match page.next {
            Some(next) => after = next,
            None => return ids,
        }
    }
}
