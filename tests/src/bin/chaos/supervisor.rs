//! Replaces replicas that have ended, as a supervisor in production does; an end that no fault caused is an error.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::schedule::REPLICAS;
use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};

/// The variable that makes a loader die on a record.
const FAILPOINT: &str = "FAILPOINT";

/// The pipeline whose replicas are supervised.
pub(crate) struct Supervised {
    pub pipeline: PipelineUnderTest,
    replicas: Vec<Supervision>,
}

/// What is expected of one replica.
struct Supervision {
    id: ReplicaId,
    service: Service,
    number: usize,
    /// It was asked to end, or may meet the customer that kills it.
    may_end: bool,
    /// When the next one starts, if this one was killed or has ended.
    restart_at: Option<Instant>,
}

impl Supervised {
    /// Starts all replicas; the extractors with a listener for webhooks each.
    pub(crate) fn start(&mut self, listeners: &[String; REPLICAS]) -> anyhow::Result<()> {
        for service in Service::ALL {
            for (number, listener) in listeners.iter().enumerate() {
                let listen = [("HOOK_LISTEN", listener.as_str())];
                let own = if service == Service::Extractor {
                    &listen[..]
                } else {
                    &[]
                };
                self.replicas.push(Supervision {
                    id: self.pipeline.try_run_with(service, own)?,
                    service,
                    number,
                    may_end: false,
                    restart_at: None,
                });
            }
        }
        Ok(())
    }

    /// A pipeline without replicas yet.
    pub(crate) fn new(pipeline: PipelineUnderTest) -> Self {
        Self {
            pipeline,
            replicas: Vec::new(),
        }
    }

    fn find(&mut self, service: Service, number: usize) -> anyhow::Result<&mut Supervision> {
        self.replicas
            .iter_mut()
            .find(|replica| (replica.service, replica.number) == (service, number))
            .with_context(|| format!("no {} {number}", service.name()))
    }

    /// `kill -9`; the next one starts `later`.
    pub(crate) fn kill(&mut self, service: Service, number: usize, later: Duration) -> anyhow::Result<()> {
        let replica = self.find(service, number)?;
        replica.restart_at.get_or_insert(Instant::now() + later);
        let id = replica.id;
        self.pipeline[id].process().kill9()
    }

    /// Asks it to drain; the next one starts when it has ended.
    pub(crate) fn terminate(&mut self, service: Service, number: usize) -> anyhow::Result<()> {
        let replica = self.find(service, number)?;
        replica.may_end = true;
        let id = replica.id;
        self.pipeline[id].process().sigterm()
    }

    pub(crate) fn freeze(&mut self, service: Service, number: usize) -> anyhow::Result<()> {
        let id = self.find(service, number)?.id;
        self.pipeline[id].process().sigstop()
    }

    pub(crate) fn resume(&mut self, service: Service, number: usize) -> anyhow::Result<()> {
        let id = self.find(service, number)?.id;
        self.pipeline[id].process().sigcont()
    }

    /// Kills all loaders; those that follow die whenever they meet this customer.
    pub(crate) fn crash_loaders_on(&mut self, company_id: i64) -> anyhow::Result<()> {
        let failpoint = format!("record-{company_id}:abort");
        self.pipeline.set_for(Service::Loader, FAILPOINT, failpoint);
        for number in 0..REPLICAS {
            self.kill(Service::Loader, number, Duration::ZERO)?;
        }
        Ok(())
    }

    /// Loaders that start from now on live.
    pub(crate) fn spare_loaders(&mut self) {
        self.pipeline.unset_for(Service::Loader, FAILPOINT);
    }

    /// Notices who has ended and starts who is due; whether anybody was started.
    pub(crate) fn supervise(&mut self) -> anyhow::Result<bool> {
        let mut started = false;
        for replica in &mut self.replicas {
            let process = self.pipeline[replica.id].process();
            let restart_at = match (replica.restart_at, process.exited()?) {
                (Some(at), _) => at,
                (None, None) => continue,
                (None, Some(_)) if replica.may_end => Instant::now(),
                (None, Some(status)) => bail!(
                    "{} ended by itself ({status}); its log ends:\n{}",
                    process.name(),
                    process.log_tail(25)
                ),
            };
            replica.restart_at = Some(restart_at);
            if restart_at <= Instant::now() {
                self.pipeline.restart(replica.id)?;
                // One that was started to die on a record may meet it at any later time.
                replica.may_end = self.pipeline.settings(replica.service).contains_key(FAILPOINT);
                replica.restart_at = None;
                started = true;
            }
        }
        Ok(started)
    }

    /// Whether every replica runs and is ready.
    pub(crate) async fn all_ready(&self) -> bool {
        self.replicas.iter().all(|replica| replica.restart_at.is_none()) && self.pipeline.all_ready().await
    }
}
