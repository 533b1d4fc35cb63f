//! Everything that runs: services behind proxies, the vendors, two replicas of each stage; and the tools a person would
//! type, which go past the proxies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use pipeline::names::Namespace;
use pipeline::stage::Stage;
use pipeline::telemetry::names;
use url::Url;

use super::schedule::REPLICAS;
use super::seat::Seat;
use kit::config::ServicesArgs;
use kit::harness::{Queues, Service, Settings, command, vendor_settings};
use kit::proxy::Proxy;
use kit::services::Services;
use kit::simulator::dice::Dice;
use kit::simulator::{Concurrent, Options, Simulator};

/// The same number of steps as in production, in less time.
const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
];
/// Books that a killed leader or a Redis without its last second left open are closed this soon.
const ASK_AGAIN_AFTER: &str = "10s";
const DRAINED: Duration = Duration::from_secs(40);

/// What a tool printed, and whether it was content.
#[derive(Debug)]
pub struct Said {
    pub success: bool,
    pub out: String,
    pub errors: String,
}

pub struct Cast {
    pub simulator: Simulator,
    pub queues: Queues,
    pub seats: Vec<Seat>,
    pub services: Services,
    pub broker_line: Proxy,
    pub redis_line: Proxy,
    pub vendor_line: Proxy,
    /// Customer whose record kills every loader that is started now.
    pub deadly: Option<i64>,
    namespace: Namespace,
    folder: PathBuf,
}

impl Cast {
    /// Services, proxies and vendors; nobody else yet. Logs go to `folder`.
    pub async fn gather(customers: u32, seed: u64, folder: &Path) -> anyhow::Result<Self> {
        let services = Services::obtain(&ServicesArgs::default()).await?;
        let mut options = Options {
            customers,
            seed,
            ..Options::default()
        };
        readings(&mut options, seed);
        let simulator = Simulator::start(options).await.context("start the simulator")?;
        let broker_line = Proxy::start(address(services.amqp_url())?).await?;
        let redis_line = Proxy::start(address(services.redis_url())?).await?;
        let vendor_line = Proxy::start(simulator.addr()).await?;
        let namespace: Namespace = format!("chaos-{seed}").parse()?;
        let queues = Queues::new(services.amqp_url(), namespace.clone(), RETRY_DELAYS.to_vec());
        Ok(Self {
            simulator,
            queues,
            seats: Vec::new(),
            services,
            broker_line,
            redis_line,
            vendor_line,
            deadly: None,
            namespace,
            folder: folder.to_path_buf(),
        })
    }

    /// Starts all replicas.
    pub fn enter(&mut self) -> anyhow::Result<()> {
        for service in Service::ALL {
            for number in 0..REPLICAS {
                let settings = self.settings(service, true)?;
                self.seats
                    .push(Seat::take(service, number, &settings, &self.folder)?);
            }
        }
        Ok(())
    }

    /// Notices who has ended and starts who is due; whether anybody was.
    pub fn supervise(&mut self) -> anyhow::Result<bool> {
        let settings: BTreeMap<Service, Settings> = Service::ALL
            .into_iter()
            .map(|service| Ok((service, self.settings(service, true)?)))
            .collect::<anyhow::Result<_>>()?;
        let mut started = false;
        for seat in &mut self.seats {
            started |= seat.supervise(&settings[&seat.service], &self.folder)?;
        }
        Ok(started)
    }

    /// The seat of a replica.
    pub fn seat(&mut self, service: Service, number: usize) -> anyhow::Result<&mut Seat> {
        self.seats
            .iter_mut()
            .find(|seat| (seat.service, seat.number) == (service, number))
            .with_context(|| format!("no {} {number}", service.name()))
    }

    /// Whether everybody is ready.
    pub async fn all_ready(&self) -> bool {
        for seat in &self.seats {
            if !seat.is_ready().await {
                return false;
            }
        }
        true
    }

    /// What everybody says of itself.
    pub async fn states(&self) -> String {
        let mut states = Vec::new();
        for seat in &self.seats {
            states.push(seat.state().await);
        }
        states.join("\n")
    }

    /// `Ok` when nobody has a record in hand, else a sentence that says who holds how many or does not answer.
    pub async fn idle(&self) -> Result<(), String> {
        let mut said = Vec::new();
        for seat in &self.seats {
            match seat.metric(names::IN_FLIGHT).await {
                Some(0.0) => {}
                held => said.push(format!("{} {}: {held:?}", seat.service.name(), seat.number)),
            }
        }
        if said.is_empty() {
            Ok(())
        } else {
            Err(said.join(", "))
        }
    }

    /// Whether a `kill -9` of the broker would cost the queues themselves, which is not what is being tested
    /// ([`RabbitMq::has_on_disk`](kit::services::RabbitMq::has_on_disk)).
    pub fn queues_are_on_disk(&mut self) -> bool {
        let namespace = self.namespace.clone();
        let Some(broker) = self.services.broker() else {
            return true;
        };
        Stage::ALL.into_iter().all(|stage| {
            let retry = RETRY_DELAYS.map(|delay| namespace.retry_queue(stage, delay));
            let others = [namespace.queue(stage), namespace.dead_queue(stage)];
            retry.iter().chain(&others).all(|queue| broker.has_on_disk(queue))
        })
    }

    /// A subcommand of one of the binaries, past the proxies.
    pub async fn tool(&self, service: Service, arguments: &[&str]) -> anyhow::Result<Said> {
        let settings = self.settings(service, false)?;
        let output = tokio::process::Command::from(command(service, &settings)?)
            .args(arguments)
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("run {} {}", service.name(), arguments.join(" ")))?;
        Ok(Said {
            success: output.status.success(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Asks everybody to drain and waits for it.
    pub async fn bow(mut self) -> anyhow::Result<()> {
        for seat in &mut self.seats {
            seat.terminate()?;
        }
        for seat in &mut self.seats {
            seat.retire(DRAINED).await?;
        }
        Ok(())
    }

    fn settings(&self, service: Service, proxied: bool) -> anyhow::Result<Settings> {
        let through = |url: &str, proxy: &Proxy| -> anyhow::Result<String> {
            let mut url = Url::parse(url).context("a service's URL")?;
            if proxied {
                url.set_port(Some(proxy.address().port()))
                    .map_err(|()| anyhow::anyhow!("{url} takes no port"))?;
            }
            Ok(url.into())
        };
        let vendors = through(&self.simulator.url(), &self.vendor_line)?;
        let vendors = vendors.trim_end_matches('/').to_owned();
        let delays = RETRY_DELAYS.map(|delay| format!("{}s", delay.as_secs()));
        let mut settings: Vec<(&str, String)> = vec![
            ("AMQP_URL", through(self.services.amqp_url(), &self.broker_line)?),
            ("REDIS_URL", through(self.services.redis_url(), &self.redis_line)?),
            ("NAMESPACE", self.namespace.to_string()),
            ("RETRY_DELAYS", delays.join(",")),
        ];
        if proxied {
            settings.push(("ADMIN_LISTEN", "127.0.0.1:0".into()));
            settings.push(("LOG_FORMAT", "json".into()));
        }
        settings.extend(vendor_settings(service, vendors));
        match service {
            Service::Extractor => settings.extend([
                ("OKKI_RATE", "200".into()),
                ("OKKI_BURST", "10".into()),
                ("OKKI_CONCURRENCY", "16".into()),
                ("OKKI_TIMEOUT", "3s".into()),
                ("EVERY", "1s".into()),
                ("SETTLE_DELAY", "2s".into()),
                ("LEASE_TTL", "3s".into()),
                ("REMOVALS", "true".into()),
                ("ASK_AGAIN_AFTER", ASK_AGAIN_AFTER.into()),
            ]),
            Service::Transformer => {}
            Service::Loader => settings.extend([
                ("JDY_TIMEOUT", "2s".into()),
                // A stalled line, a slow vendor and a late commit together, see the schedule.
                ("LATE_WRITES", "5s".into()),
                ("LEASE", "10s".into()),
                ("ON_REMOVAL", "delete".into()),
            ]),
        }
        if let (Service::Loader, Some(company), true) = (service, self.deadly, proxied) {
            settings.push(("FAILPOINT", format!("record-{company}:abort")));
        }
        Ok(settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect())
    }
}

/// What the vendor's documents leave open is read differently from seed to seed.
fn readings(options: &mut Options, seed: u64) {
    let mut dice = Dice::new(&[seed, 0x0DE2]);
    let settings = &mut options.settings;
    settings.okki.per_second = None;
    settings.okki.latency_ms = dice.below(30);
    settings.jdy.latency_ms = dice.below(60);
    settings.jdy.overwrite_keeps_id = dice.one_in(2);
    settings.jdy.concurrent = *dice.pick(&[Concurrent::Wait, Concurrent::Lock9007, Concurrent::Exists17026]);
    settings.jdy.list_delay_ms = *dice.pick(&[0, 0, 800]);
}

fn address(url: &str) -> anyhow::Result<SocketAddr> {
    let url = Url::parse(url).context("a service's URL")?;
    let port = url.port().context("a private service's port")?;
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}
