//! What `extractor run` needs of the settings, with all that is wrong with them.

use crate::{
    cli::RunArgs,
    hooks::Signature,
    run::RunSettings,
    settings::{OkkiConfig, Schedules},
};
use pipeline::{setting::ConfigError, settings, webhook::WebhookConfig};
use std::time::Duration;

/// The settings of a run, once they are known to be right.
pub(super) struct Checked {
    pub(super) okki: OkkiConfig,
    pub(super) settings: RunSettings,
    pub(super) schedules: Schedules,
    pub(super) ttl: Duration,
    pub(super) hook: Option<(WebhookConfig, Signature)>,
}

impl Checked {
    pub(super) fn new(args: &RunArgs) -> Result<Self, ConfigError> {
        settings! {
            okki = OkkiConfig::try_from(args.okki.clone());
            settings = match &okki {
                Ok(okki) => args.list.clone().check(okki),
                Err(fault) => Err(fault.clone()),
            };
            schedules = match &okki {
                Ok(okki) => args.schedule.clone().check(okki),
                Err(fault) => Err(fault.clone()),
            };
            ttl = args.lease.check();
            hook = args.hook.clone().check();
        }
        Ok(Self {
            okki,
            settings,
            schedules,
            ttl,
            hook,
        })
    }
}
