//! The life of a service process: telemetry, admin port, signals, then lazily the broker and Redis.
//!
//! A missing broker or Redis is waited for: the process says so once, is live, and is not ready.

mod beat;
mod births;
mod done;
mod operator;
mod pulse;
mod redis_watch;

use crate::{
    accounting::Account,
    admin::{Admin, Facts, StatusBoard},
    admin_place,
    alert::{Alerts, Origin},
    broker::{Broker, Publisher},
    config::CommonConfig,
    events::{EVENTS_REFUSED, EventWriter},
    gate::{Gate, Pause},
    names::{Namespace, VendorAccount},
    quota::{Heard, Quota, VENDOR_LIMITS},
    setting,
    shutdown::Shutdown,
    snapshots::Snapshots,
    stage::Stage,
    store::Store,
    telemetry::{self, names, trace},
    tls::TlsFiles,
    wish::{Decisions, Obedience},
};
use anyhow::Context;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use words::Language;

/// What a running service shares with all of its parts; cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    /// Prefix of queues and keys.
    pub namespace: Namespace,
    /// Redis.
    pub store: Store,
    /// RabbitMQ.
    pub broker: Broker,
    /// The process's one publisher.
    pub publisher: Publisher,
    /// Decides whether work is done and whether the process is ready.
    pub gate: Gate,
    /// Prefix of the keys of vendor accounts.
    pub accounts: Namespace,
    /// The last snapshot of each customer, where transformers keep them.
    pub snapshots: Snapshots,
    /// How the process stops.
    pub shutdown: Shutdown,
    /// What became of every listed customer.
    pub account: Account,
    /// Says in the stream what became of every customer.
    pub events: EventWriter,
    /// Notifies people of problems.
    pub alerts: Alerts,
    /// Parts put what they know here, for `/status`.
    pub status: StatusBoard,
    /// How long a paused consumer keeps unsettled deliveries.
    pub hold_at_most: Duration,
    /// Names this process in leases and failure records: host, process id, random part.
    pub instance: String,
    /// Some part of this process works under the keys of vendor accounts.
    uses_accounts: Arc<AtomicBool>,
    /// What people have decided about the stage of a running service.
    obedience: Option<Obedience>,
    /// Where `healthcheck` finds its port, until it ends.
    left: Option<Arc<admin_place::Left>>,
    /// Since when the process runs.
    since: jiff::Timestamp,
    /// What vendors have said of their limits.
    heard: Heard,
    /// What became of records, for the log.
    pub(crate) done: done::Done,
}

impl Runtime {
    /// Starts everything that a long-running service needs. `tls` are the certificates of HTTP, for receivers of notices
    /// and traces.
    ///
    /// # Errors
    /// When the admin port is taken or an address is unusable; never because something is away.
    pub async fn start(service: &'static str, common: &CommonConfig, tls: &TlsFiles) -> anyhow::Result<Self> {
        let metrics = telemetry::start(&common.log, &common.namespace)?;
        setting::warn();
        let admin = Admin::bind(common.admin_listen).await?;
        let left = admin_place::leave(service, &common.namespace.to_string(), admin.addr());
        if let Err(error) = &left {
            tracing::debug!(%error, "healthcheck cannot find the port by itself");
        }
        let shutdown = Shutdown::on_signals(common.drain_deadline)?;
        let mut runtime = Self::assemble(service, common, shutdown)?;
        runtime.left = left.ok().map(Arc::new);
        runtime.alerts = runtime.start_alerts(service, common, tls, runtime.shutdown.clone())?;
        runtime.obedience = Obedience::of(service, Decisions::of(&runtime), runtime.gate.clone());
        runtime.events = EventWriter::new(
            runtime.broker.clone(),
            runtime.instance.clone(),
            runtime.alerts.clone(),
        );
        let events = runtime.events.clone();
        runtime.status.compute(EVENTS_REFUSED, move || {
            serde_json::to_value(events.refused()).unwrap_or_default()
        });
        trace::start(
            &common.traces,
            service,
            &runtime.instance,
            runtime.namespace.to_string(),
            tls,
        )?;
        let labels = [("service", service), ("version", env!("CARGO_PKG_VERSION"))];
        ::metrics::gauge!(names::BUILD_INFO, &labels).set(1.0);
        births::begin(service, &runtime.broker.queues(&Stage::ALL));
        runtime.alerts.show_limits();
        tracing::info!(
            service,
            version = env!("CARGO_PKG_VERSION"),
            namespace = %runtime.namespace,
            instance = runtime.instance,
            "started"
        );
        // From here on a service speaks to logs and to whoever reads its answers and failure records later. People are
        // told in their own language by notices and commands.
        words::speak(Language::English);
        runtime
            .gate
            .close(Pause::Starting, words::text!("connecting to the broker"));
        admin.serve(Facts {
            gate: runtime.gate.clone(),
            shutdown: runtime.shutdown.clone(),
            status: runtime.status.clone(),
            metrics,
        });
        runtime.obey().await;
        runtime.serve_notices(common, tls);
        tokio::spawn(runtime.clone().watch_redis());
        runtime.tell(service);
        Ok(runtime)
    }

    /// The same parts for a short command: logs and signals, but no admin port and an open gate.
    ///
    /// # Errors
    /// When an address is unusable.
    pub fn tool(service: &'static str, common: &CommonConfig) -> anyhow::Result<Self> {
        telemetry::start_logging(&common.log)?;
        setting::warn();
        Self::assemble(service, common, Shutdown::on_signals(common.drain_deadline)?)
    }

    /// The parts without telemetry and signals, for several services in one process.
    ///
    /// # Errors
    /// When an address is unusable.
    pub fn assemble(
        service: &'static str,
        common: &CommonConfig,
        shutdown: Shutdown,
    ) -> anyhow::Result<Self> {
        let gate = Gate::new();
        let instance = instance();
        let store = Store::connect(&common.redis)?;
        let broker = Broker::new(
            &common.amqp.url,
            format!("okki-{service} {instance}"),
            common.namespace.clone(),
            common.retry.clone(),
            gate.clone(),
            shutdown.clone(),
        )
        .context("AMQP_URL")?
        .with_tls(common.amqp.tls.clone())
        .with_management(common.amqp.management.clone())
        .with_stream(common.stream.clone())
        .with_bundle(common.bundle);
        let events = EventWriter::new(broker.clone(), instance.clone(), Alerts::default());
        Ok(Self {
            namespace: common.namespace.clone(),
            account: Account::new(store.clone(), common.namespace.clone()),
            snapshots: Snapshots::new(&store, &common.namespace, &common.snapshot_keys),
            events,
            alerts: Alerts::default(),
            accounts: common.accounts.clone(),
            uses_accounts: Arc::default(),
            obedience: None,
            left: None,
            since: jiff::Timestamp::now(),
            heard: Heard::default(),
            done: done::Done::default(),
            publisher: broker.publisher(),
            store,
            broker,
            gate,
            shutdown,
            status: StatusBoard::default(),
            hold_at_most: common.hold_at_most,
            instance,
        })
    }

    /// Notifies people of problems, if the settings name a receiver; for a short command, which has to [`Alerts::flush`] before
    /// it ends and may do so after its shutdown.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn with_alerts(
        mut self,
        service: &'static str,
        common: &CommonConfig,
        tls: &TlsFiles,
    ) -> anyhow::Result<Self> {
        self.alerts = self.start_alerts(service, common, tls, Shutdown::manual(common.drain_deadline))?;
        Ok(self)
    }

    fn start_alerts(
        &self,
        service: &'static str,
        common: &CommonConfig,
        tls: &TlsFiles,
        shutdown: Shutdown,
    ) -> anyhow::Result<Alerts> {
        let origin = Origin {
            namespace: self.namespace.to_string(),
            service,
            instance: self.instance.clone(),
        };
        let store = self.store.clone();
        Alerts::start(&common.alerts, store, &self.namespace, origin, shutdown, tls).context("ALERT_URL")
    }

    /// The quota of a vendor account, shared with every pipeline that uses it.
    #[must_use]
    pub fn quota(&self, account: &VendorAccount) -> Quota {
        self.uses_accounts.store(true, Ordering::Relaxed);
        let heard = self.heard.clone();
        self.status.compute(VENDOR_LIMITS, move || {
            let now_ms = jiff::Timestamp::now().as_millisecond();
            serde_json::to_value(heard.standing(now_ms)).unwrap_or_default()
        });
        Quota::new(self.store.clone(), &self.accounts, account, &self.namespace).heard_by(self.heard.clone())
    }

    /// Whether Redis does what this process needs ([`Store::probe`]), under the keys of vendor accounts only when some part
    /// of it works there.
    ///
    /// # Errors
    /// When it does not.
    pub async fn probe(&self, thorough: bool) -> Result<(), crate::store::Error> {
        self.store.probe(&self.namespace, thorough).await?;
        if self.uses_accounts.load(Ordering::Relaxed) {
            self.store.probe(&self.accounts, thorough).await?;
        }
        Ok(())
    }

    /// The same for a command that is going to use a vendor account.
    ///
    /// # Errors
    /// When Redis does not do what the work needs.
    pub async fn probe_for_vendor(&self) -> Result<(), crate::store::Error> {
        self.uses_accounts.store(true, Ordering::Relaxed);
        self.probe(true).await
    }

    /// Waits until the queues are there, for commands that publish without consuming.
    ///
    /// # Errors
    /// When a queue exists with other arguments, or the broker is away for `patience`.
    pub async fn declare(&self, stage: Stage) -> anyhow::Result<()> {
        self.broker
            .declare(stage)
            .await
            .with_context(|| words::tr!("declare the queues"))
    }
}

fn instance() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() {
        "host"
    } else {
        host.trim()
    };
    format!("{host}-{}-{:04x}", std::process::id(), rand::random::<u16>())
}
