//! Proxies between the services and everything that they talk to.

use super::settings::Settings;
use crate::proxy::Proxy;

/// One proxy for each connection that may be cut, shared by all replicas.
#[derive(Debug)]
pub struct Proxies {
    /// In front of RabbitMQ.
    pub broker: Proxy,
    /// In front of Redis.
    pub redis: Proxy,
    /// In front of both vendors.
    pub vendors: Proxy,
}

impl Proxies {
    pub(super) async fn start(amqp_url: &str, redis_url: &str, vendors: &str) -> anyhow::Result<Self> {
        Ok(Self {
            broker: Proxy::before(amqp_url).await?,
            redis: Proxy::before(redis_url).await?,
            vendors: Proxy::before(vendors).await?,
        })
    }

    /// Leads whatever these settings connect to through the proxies.
    pub(super) fn redirect(&self, settings: &mut Settings) -> anyhow::Result<()> {
        for (name, proxy) in [
            ("AMQP_URL", &self.broker),
            ("REDIS_URL", &self.redis),
            ("OKKI_BASE_URL", &self.vendors),
            ("JDY_BASE_URL", &self.vendors),
        ] {
            if let Some(url) = settings.get_mut(name) {
                *url = proxy.redirected(url)?;
            }
        }
        Ok(())
    }
}
