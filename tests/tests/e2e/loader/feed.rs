//! Puts form records for simulated customers into the loader's queue, as a transformer would.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use jiff::Timestamp;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{LABELS, cell_widget};
use pipeline::config::{CommonArgs, CommonConfig};
use pipeline::consumer::{self, ConsumerOptions};
use pipeline::handler::{Handler, Job, Outcome};
use pipeline::message::{Envelope, Outgoing, Subject as _};
use pipeline::service::Runtime;
use pipeline::shutdown::Shutdown;
use pipeline::stage::Stage;
use prost::Message as _;
use proto::v1::{CompanyRef, FieldValue, FormRecord, Operation, Version, field_value};
use proto::v2::{Bundle, BundledRecord};
use tokio_util::task::AbortOnDropHandle;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: CommonArgs,
}

/// A transformer's stand-in.
pub(crate) struct Feed {
    runtime: Runtime,
    /// One for everything that is fetched, as in life: versions of the same second differ by it.
    sequence: Arc<AtomicU64>,
}

impl Feed {
    /// Declares the loader's queues.
    pub(crate) async fn new(pipeline: &PipelineUnderTest) -> Self {
        pipeline::tls::install_crypto();
        let settings = pipeline.settings(Service::Loader);
        let given = ["AMQP_URL", "REDIS_URL", "NAMESPACE", "RETRY_DELAYS"].map(|name| {
            let flag = name.to_lowercase().replace('_', "-");
            format!("--{flag}={}", settings[name])
        });
        let args = Arguments::parse_from(std::iter::once("feed".to_owned()).chain(given));
        let common = CommonConfig::try_from(args.common).unwrap();
        let runtime = Runtime::assemble("feed", &common, Shutdown::manual(Duration::from_secs(5))).unwrap();
        for stage in [Stage::Extract, Stage::Load] {
            runtime.declare(stage).await.unwrap();
        }
        Self {
            runtime,
            sequence: Arc::new(AtomicU64::new(1)),
        }
    }

    /// Records of these customers as they are now.
    pub(crate) fn records(&self, pipeline: &PipelineUnderTest, ids: &[i64]) -> Vec<FormRecord> {
        ids.iter().map(|id| self.record(pipeline, *id)).collect()
    }

    /// The record of one customer as it is now.
    pub(crate) fn record(&self, pipeline: &PipelineUnderTest, id: i64) -> FormRecord {
        let cells = pipeline.simulator.expected(id).unwrap();
        let field = |(at, text): (usize, String)| FieldValue {
            field: cell_widget(at),
            label: LABELS[at].to_owned(),
            value: Some(field_value::Value::Text(text)).filter(|_| !cells[at].is_empty()),
        };
        let now = Timestamp::now();
        FormRecord {
            company_id: id.to_string(),
            version: Some(Version {
                update_time: now.as_second(),
                sequence: self.sequence.fetch_add(1, Ordering::Relaxed),
            }),
            fields: cells.clone().into_iter().enumerate().map(field).collect(),
            fetched_at: now.as_millisecond(),
            run_id: "feed".to_owned(),
            mapping_fingerprint: "feed".to_owned(),
            settled: true,
            operation: Operation::Upsert.into(),
            ..FormRecord::default()
        }
    }

    /// The news that a customer was removed now, which carries no fields; asked for while it is still there.
    pub(crate) fn removal(&self, pipeline: &PipelineUnderTest, id: i64) -> FormRecord {
        FormRecord {
            operation: Operation::Remove.into(),
            fields: Vec::new(),
            ..self.record(pipeline, id)
        }
    }

    /// Publishes with confirms.
    pub(crate) async fn put(&self, records: &[FormRecord]) {
        for records in records.chunks(500) {
            let messages = records
                .iter()
                .map(|record| Outgoing::to(Stage::Load, record))
                .collect();
            self.runtime.publisher.publish(messages).await.unwrap();
        }
    }

    /// Publishes records into the dead letters, as if the stage had given them up.
    pub(crate) async fn bury(&self, stage: Stage, records: &[FormRecord]) {
        let queue = self.runtime.namespace.dead_queue(stage);
        for records in records.chunks(500) {
            let letters = records.iter().map(|record| Outgoing::to(stage, record)).collect();
            self.runtime.publisher.publish_to(&queue, letters).await.unwrap();
        }
    }

    /// The same as one letter, as the broker buries a bundle.
    pub(crate) async fn bury_together(&self, stage: Stage, records: &[FormRecord]) {
        let record = |record: &FormRecord| BundledRecord {
            body: record.encode_to_vec().into(),
            message_id: format!("FormRecord:{}", record.company_id),
            attempt: 1,
            first_seen: record.fetched_at,
            run_id: record.run_id.clone(),
            company_id: record.company_id.clone(),
            ..BundledRecord::default()
        };
        let bundle = Bundle {
            kind: FormRecord::TYPE.to_owned(),
            lane: String::new(),
            records: records.iter().map(record).collect(),
        };
        let envelope = Envelope {
            message_id: "Bundle:buried".to_owned(),
            kind: kit::bundles::TYPE.to_owned(),
            attempt: 1,
            first_seen_ms: 1,
            suspect: true,
            ..Envelope::default()
        };
        let queue = self.runtime.namespace.dead_queue(stage);
        let letter = Outgoing::raw(queue, envelope, bundle.encode_to_vec().into());
        self.runtime.publisher.publish(vec![letter]).await.unwrap();
    }

    /// Publishes every customer as it is now.
    pub(crate) async fn put_all(&self, pipeline: &PipelineUnderTest) {
        let ids = pipeline.simulator.company_ids();
        self.put(&self.records(pipeline, &ids)).await;
    }

    /// Deletes every key of this pipeline, as a Redis that comes back empty would have.
    pub(crate) async fn empty_redis(&self) {
        let mut connection = self.runtime.store.connection().await.unwrap();
        let pattern = self.runtime.namespace.key_pattern();
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg(pattern)
            .query_async(&mut *connection)
            .await
            .unwrap();
        if !keys.is_empty() {
            redis::cmd("DEL")
                .arg(keys)
                .query_async::<()>(&mut *connection)
                .await
                .unwrap();
        }
    }

    /// Answers references as extractor and transformer together would, with the customers as they are now and `more`.
    pub(crate) fn answer_references(
        &self,
        pipeline: &PipelineUnderTest,
        more: &FormRecord,
    ) -> AbortOnDropHandle<()> {
        let ids = pipeline.simulator.company_ids();
        let mut records = self.records(pipeline, &ids);
        records.push(more.clone());
        self.answer_references_with(records)
    }

    /// The same with these records; all others were removed.
    pub(crate) fn answer_references_with(&self, records: Vec<FormRecord>) -> AbortOnDropHandle<()> {
        let truth = records
            .into_iter()
            .map(|record| (record.company_id.clone(), record))
            .collect();
        let fetcher = Arc::new(Fetcher {
            truth,
            sequence: Arc::clone(&self.sequence),
        });
        let runtime = self.runtime.clone();
        let options = ConsumerOptions {
            stage: Stage::Extract,
            batch_max: 50,
            linger: Duration::from_millis(100),
            concurrency: 1,
        };
        AbortOnDropHandle::new(tokio::spawn(async move {
            consumer::run(&runtime, options, fetcher).await.unwrap();
        }))
    }
}

struct Fetcher {
    truth: HashMap<String, FormRecord>,
    sequence: Arc<AtomicU64>,
}

impl Handler for Fetcher {
    type In = CompanyRef;
    type Receipt = ();

    async fn handle(&self, batch: Vec<Job<CompanyRef>>) -> Vec<Outcome> {
        let answer = |job: Job<CompanyRef>| {
            let now = Timestamp::now();
            let removed = FormRecord {
                operation: Operation::Remove.into(),
                ..FormRecord::default()
            };
            let record = FormRecord {
                fetched_at: now.as_millisecond(),
                version: Some(Version {
                    update_time: now.as_second(),
                    sequence: self.sequence.fetch_add(1, Ordering::Relaxed),
                }),
                company_id: job.message.company_id.clone(),
                ..self
                    .truth
                    .get(&job.message.company_id)
                    .unwrap_or(&removed)
                    .clone()
            };
            Outcome::forward(vec![Outgoing::to(Stage::Load, &record)], None)
        };
        batch.into_iter().map(answer).collect()
    }
}
