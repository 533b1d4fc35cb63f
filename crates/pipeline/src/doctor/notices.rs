//! Notices: whether there is a receiver, whether its host answers, and with `--send` whether it takes one.

use super::{config::DoctorArgs, finding::Finding};
use crate::{
    alert::{self, AlertConfig, Origin},
    service::Runtime,
    tls::TlsFiles,
};

const WHAT: &str = words::mark!("notices");

/// Examines the receiver of notices.
pub async fn notices(
    rt: &Runtime,
    service: &'static str,
    config: &AlertConfig,
    tls: &TlsFiles,
    args: DoctorArgs,
) -> Finding {
    let Some(receiver) = &config.receiver else {
        return Finding::good(WHAT, words::text!("none are sent, for ALERT_URL is not set"));
    };
    let origin = Origin {
        namespace: rt.namespace.to_string(),
        service,
        instance: rt.instance.clone(),
    };
    let (tried, good) = match args.send {
        true => (
            alert::send_test(receiver, &origin, tls).await,
            words::text!("the receiver has taken a test notice"),
        ),
        false => (
            alert::reach(receiver, tls).await,
            words::text!("the receiver's host answers; `doctor --send` sends it a test notice"),
        ),
    };
    match tried {
        Ok(()) => Finding::good(WHAT, good),
        Err(problem) => Finding::risk(
            WHAT,
            problem,
            words::text!(
                "check ALERT_URL, ALERT_KIND and ALERT_SECRET, and whether this machine may reach the receiver"
            ),
        ),
    }
}
