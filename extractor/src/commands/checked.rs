//! What `extractor run` needs of the settings, with all that is wrong with them.

use crate::{
    cli::RunArgs,
    hooks::Signature,
    run::RunSettings,
    settings::{OkkiConfig, Schedules},
};
use pipeline::{
    config::CommonConfig, http::HttpConfig, setting::ConfigError, settings, setup::Setup,
    webhook::WebhookConfig,
};
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

/// All that is wrong with the settings; of an extractor that is still to be set up nothing of its own is.
pub(crate) fn check(args: &RunArgs) -> Result<(), ConfigError> {
    let is_awaited = Setup::new(&args.setup, "extractor").is_awaited();
    settings! {
        _common = CommonConfig::try_from(args.common.clone());
        _http = HttpConfig::try_from(args.http.clone());
        _own = match Checked::new(args) {
            Err(fault) if !is_awaited => Err(fault),
            _ => Ok(()),
        };
    }
    Ok(())
}
