//! `notify --test`: whether notices arrive, asked without broker and Redis.

use super::config::NotifyArgs;
use crate::{
    alert::{self, AlertConfig, Origin},
    setting::ConfigError,
    tls::TlsFiles,
};
use clap::CommandFactory;

/// Sends a test notice in the name of the program whose command line is `C`.
pub(super) async fn notify<C: CommandFactory>(args: NotifyArgs) -> anyhow::Result<()> {
    let config = AlertConfig::try_from(args.alert)?;
    let tls = TlsFiles::try_from(args.tls)?;
    let Some(receiver) = config.receiver else {
        let remedy = words::text!(
            "set it to the webhook of a robot (钉钉, 企业微信, 飞书), or any URL that takes JSON"
        );
        return Err(ConfigError::new("ALERT_URL", words::text!("is required but not set"), remedy).into());
    };
    let origin = Origin {
        namespace: args.namespace,
        service: service(C::command().get_name()),
        instance: std::fs::read_to_string("/proc/sys/kernel/hostname")
            .unwrap_or_default()
            .trim()
            .to_owned(),
    };
    match alert::send_test(&receiver, &origin, &tls).await {
        Ok(()) => Ok(crate::say!("the receiver has taken a test notice")?),
        Err(problem) => Err(words::failure!("the test notice was not delivered: {problem}")),
    }
}

fn service(name: &str) -> &'static str {
    ["extractor", "transformer", "loader"]
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("service")
}
