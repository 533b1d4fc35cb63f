//! How the programs of this crate run: to their end, or until a signal, with everything they started gone either way.

use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of `work`; 130 and 143 after SIGINT and SIGTERM, which drop it.
pub async fn unless_interrupted(work: impl Future<Output = anyhow::Result<bool>>) -> ExitCode {
    let ended = async {
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        tokio::select! {
            good = work => good.map(|good| u8::from(!good)),
            _ = interrupt.recv() => Ok(130),
            _ = terminate.recv() => Ok(143),
        }
    };
    match ended.await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
