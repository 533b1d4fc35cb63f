//! What people want of a running service: that it rests, and test notices.

use super::Runtime;
use crate::{
    alert::Origin,
    config::CommonConfig,
    tls::TlsFiles,
    wish::{Decisions, Notices, Obedience, Server, WishKind, Wishes, obey, serve},
};
use std::time::Duration;

/// How long a test notice stays with a replica that says nothing.
const NOTICE_TERM: Duration = Duration::from_secs(10);

impl Wishes {
    /// Those of the process's namespace.
    #[must_use]
    pub fn of(runtime: &Runtime) -> Self {
        Self::new(runtime.store.clone(), &runtime.namespace)
    }
}

impl Decisions {
    /// Those of the process's namespace.
    #[must_use]
    pub fn of(runtime: &Runtime) -> Self {
        Self::new(runtime.store.clone(), &runtime.namespace)
    }
}

impl Runtime {
    /// Takes no work before it is known whether the stage is to rest, and obeys from then on.
    pub(super) async fn obey(&self) {
        let Some(obedience) = &self.obedience else { return };
        if let Err(error) = obedience.look().await {
            self.redis_lost(&error);
        }
        tokio::spawn(obey(obedience.clone(), self.shutdown.clone()));
    }

    /// Whether it is known what was decided about the stage, as far as there is one.
    pub(super) async fn knows_decisions(&self) -> bool {
        match &self.obedience {
            Some(obedience) => obedience.look().await.is_ok(),
            None => true,
        }
    }

    /// Sends test notices to whoever asks for them, paused or not.
    pub(super) fn serve_notices(&self, common: &CommonConfig, tls: &TlsFiles) {
        let Some(stage) = self.obedience.as_ref().map(Obedience::stage) else {
            return;
        };
        let server = self.server(vec![WishKind::notices(stage)], NOTICE_TERM);
        let notices = Notices {
            receiver: common.alerts.receiver.clone(),
            origin: Origin {
                namespace: self.namespace.to_string(),
                service: stage.program(),
                instance: self.instance.clone(),
            },
            tls: tls.clone(),
        };
        tokio::spawn(serve(Server { gate: None, ..server }, notices));
    }

    /// Serves wishes of these lanes while the gate is open.
    #[must_use]
    pub fn server(&self, lanes: Vec<&'static str>, term: Duration) -> Server {
        Server {
            wishes: Wishes::of(self),
            lanes,
            instance: self.instance.clone(),
            term,
            gate: Some(self.gate.clone()),
            shutdown: self.shutdown.clone(),
        }
    }
}
