//! Test notices: sent by a replica of the stage that is named, because only that one's settings are in question.

use super::{kind::WishKind, serve::Servant, served::Served, taken::Taken};
use crate::{
    alert::{Origin, Receiver, send_test},
    tls::TlsFiles,
};

/// Sends test notices in the name of this replica.
pub(crate) struct Notices {
    /// Where notices go, if anywhere.
    pub(crate) receiver: Option<Receiver>,
    /// Who sends.
    pub(crate) origin: Origin,
    /// Certificates.
    pub(crate) tls: TlsFiles,
}

impl Servant for Notices {
    async fn serve(&self, taken: &Taken) -> Served {
        let WishKind::TestNotice { .. } = taken.wish.kind else {
            return Served::PutBack;
        };
        let Some(receiver) = &self.receiver else {
            return Served::failed(words::kept!(
                "ALERT_URL of this {} is not set, so nobody is notified by it",
                self.origin.service
            ));
        };
        match send_test(receiver, &self.origin, &self.tls).await {
            Ok(()) => Served::done(words::kept!("the receiver has taken a test notice"), []),
            Err(problem) => Served::failed(words::kept!("the test notice was not delivered: {problem}")),
        }
    }
}
