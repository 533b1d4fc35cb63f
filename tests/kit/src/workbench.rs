//! A stage on a workbench: a namespace of its own on a real broker, a scripted handler, and counts of the queues.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that lacks its services cannot go on"
)]

use crate::{config, proxy::Proxy};
use pipeline::{
    config::CommonConfig,
    consumer::{self, ConsumerOptions},
    gate::Gate,
    handler::{Handler, Job, Outcome},
    message::{Envelope, Outgoing, SubjectRef},
    service::Runtime,
    setting::Secret,
    shutdown::Shutdown,
    stage::Stage,
};
use proto::v1::CompanyRef;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// Decides about one customer reference.
pub type Script = dyn Fn(&Runtime, &Job<CompanyRef>) -> Outcome + Send + Sync;

/// Handles each job by a script and records what it saw.
pub struct Scripted {
    rt: Runtime,
    script: Box<Script>,
    /// Customers of the jobs so far, with the attempt that each job was.
    pub seen: Mutex<Vec<(String, u32)>>,
    /// How many jobs came together, batch by batch.
    pub batches: Mutex<Vec<usize>>,
    /// Customers whose messages died so far.
    pub died: Mutex<Vec<String>>,
}

impl Handler for Scripted {
    type In = CompanyRef;
    type Receipt = ();

    async fn handle(&self, batch: Vec<Job<CompanyRef>>) -> Vec<Outcome> {
        self.batches.lock().unwrap().push(batch.len());
        let mut outcomes = Vec::new();
        for job in &batch {
            self.seen
                .lock()
                .unwrap()
                .push((job.message.company_id.clone(), job.meta.attempt));
            outcomes.push((self.script)(&self.rt, job));
        }
        outcomes
    }

    async fn died(&self, subjects: Vec<SubjectRef>) {
        self.died
            .lock()
            .unwrap()
            .extend(subjects.into_iter().map(|subject| subject.company_id));
    }
}

/// A namespace on the broker.
pub struct Workbench {
    /// What the product would run with in this namespace.
    pub rt: Runtime,
    /// Its name.
    pub namespace: String,
    common: CommonConfig,
}

/// A consumer at work.
pub struct Running {
    /// What it has seen.
    pub handler: Arc<Scripted>,
    /// Its gate.
    pub gate: Gate,
    /// Ends it.
    pub shutdown: Shutdown,
    /// Ends with it.
    pub task: JoinHandle<Result<(), consumer::Error>>,
}

/// Small batches, so that a few messages already make several.
pub const OPTIONS: ConsumerOptions = ConsumerOptions {
    stage: Stage::Extract,
    batch_max: 20,
    linger: Duration::from_millis(20),
    concurrency: 2,
};

impl Workbench {
    /// A new namespace with the queues of the extract stage.
    pub async fn new() -> Self {
        Self::with(config::common("t")).await
    }

    /// The same on other services than those that all tests share.
    pub async fn with(mut common: CommonConfig) -> Self {
        let namespace = format!("t{}", uuid::Uuid::new_v4().simple());
        common.namespace = namespace.parse().unwrap();
        let rt = runtime(&common);
        rt.declare(Stage::Extract).await.unwrap();
        Self {
            rt,
            namespace,
            common,
        }
    }

    /// Starts a consumer that ends by a shutdown of its own.
    pub fn consume(
        &self,
        options: ConsumerOptions,
        script: impl Fn(&Runtime, &Job<CompanyRef>) -> Outcome + Send + Sync + 'static,
    ) -> Running {
        self.run(runtime(&self.common), options, script)
    }

    /// The same with other settings.
    pub fn consume_with(
        &self,
        change: impl FnOnce(&mut CommonConfig),
        options: ConsumerOptions,
        script: impl Fn(&Runtime, &Job<CompanyRef>) -> Outcome + Send + Sync + 'static,
    ) -> Running {
        let mut common = self.common.clone();
        change(&mut common);
        self.run(runtime(&common), options, script)
    }

    /// A proxy in front of the broker.
    pub async fn proxy(&self) -> Proxy {
        Proxy::before(self.common.amqp.url.expose()).await.unwrap()
    }

    /// Consumes through a proxy.
    pub fn consume_through(
        &self,
        proxy: &Proxy,
        options: ConsumerOptions,
        script: impl Fn(&Runtime, &Job<CompanyRef>) -> Outcome + Send + Sync + 'static,
    ) -> Running {
        let mut common = self.common.clone();
        let through = proxy.redirected(common.amqp.url.expose()).unwrap();
        common.amqp.url = Secret::new(through.as_str());
        self.run(runtime(&common), options, script)
    }

    fn run(
        &self,
        rt: Runtime,
        options: ConsumerOptions,
        script: impl Fn(&Runtime, &Job<CompanyRef>) -> Outcome + Send + Sync + 'static,
    ) -> Running {
        let handler = Arc::new(Scripted {
            rt: rt.clone(),
            script: Box::new(script),
            seen: Mutex::default(),
            batches: Mutex::default(),
            died: Mutex::default(),
        });
        let (gate, shutdown) = (rt.gate.clone(), rt.shutdown.clone());
        let worker = Arc::clone(&handler);
        let task = tokio::spawn(async move { consumer::run(&rt, options, worker).await });
        Running {
            handler,
            gate,
            shutdown,
            task,
        }
    }

    /// Publishes references to these customers, with confirms.
    pub async fn publish(&self, ids: impl IntoIterator<Item = usize>) {
        let messages = ids
            .into_iter()
            .map(|id| Outgoing::to(Stage::Extract, &reference(id)))
            .collect();
        self.rt.publisher.publish(messages).await.unwrap();
    }

    /// Messages ready in a queue.
    pub async fn depth(&self, queue: &str) -> u32 {
        self.rt.broker.depth(queue).await.unwrap()
    }

    /// The work queue of a stage.
    pub fn queue(&self, stage: Stage) -> String {
        self.rt.namespace.queue(stage)
    }

    /// The dead-letter queue of the extract stage.
    pub fn dead(&self) -> String {
        self.rt.namespace.dead_queue(Stage::Extract)
    }

    /// Waits until a queue holds exactly this many messages.
    pub async fn until_depth(&self, queue: &str, wanted: u32) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let depth = self.depth(queue).await;
            if depth == wanted {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{queue} holds {depth} messages, expected {wanted}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Running {
    /// Asks the consumer to end and waits until it has.
    pub async fn stop(self) -> Arc<Scripted> {
        self.shutdown.trigger();
        self.task.await.unwrap().unwrap();
        self.handler
    }
}

/// What a process has with these settings.
pub fn runtime(common: &CommonConfig) -> Runtime {
    Runtime::assemble("test", common, Shutdown::manual(common.drain_deadline)).unwrap()
}

/// A reference to a customer, the same for the same number.
pub fn reference(id: usize) -> CompanyRef {
    CompanyRef {
        company_id: id.to_string(),
        run_id: "run".into(),
        update_time: 7,
        ..CompanyRef::default()
    }
}

/// Passes the reference on, as the next stage's message would be.
pub fn forward(job: &Job<CompanyRef>) -> Outcome {
    Outcome::forward(vec![Outgoing::to(Stage::Transform, &job.message)], None)
}

/// A message without any of our headers, as a program of another team would publish it.
pub fn foreign(queue: &str, body: &[u8]) -> Outgoing {
    Outgoing::raw(queue.to_owned(), Envelope::default(), body.to_vec().into())
}
