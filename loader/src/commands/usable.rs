//! Whether the form can be used, for commands: read once, within a time that does not keep an operator waiting.

use std::time::Duration;

use pipeline::setting::ConfigError;

use crate::jdy::form::Misfit;
use crate::write::Writer;

/// How long the vendor may take. Redis is asked before, and the whole command answers within 15 s.
const PATIENCE: Duration = Duration::from_secs(8);
/// What to do when the vendor does not let itself be asked.
pub(super) const UNREAD_REMEDY: &str = words::mark!(
    "check JDY_BASE_URL and whether its host is reached from here, JDY_API_KEY, and the \
     key's permission for app and form; then try again"
);

/// Why the form could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}", words::tr!("the form cannot be read: {0}; {UNREAD_REMEDY}"))]
pub(super) struct Unread(pub(super) String);

/// Whether form and mapping fit together.
pub(super) async fn read(writer: &Writer) -> Result<Result<(), Misfit>, Unread> {
    let read = tokio::time::timeout(PATIENCE, writer.form.read()).await;
    let late = read.is_err();
    match read {
        Ok(Some(fits)) => Ok(fits),
        _ => Err(Unread(reason(writer, late))),
    }
}

/// Why the vendor cannot be asked, as the gate knows it.
pub(super) fn reasons(writer: &Writer) -> String {
    reason(writer, false)
}

/// The vendor is asked again and again until time is up; the gate knows why.
fn reason(writer: &Writer, late: bool) -> String {
    let pauses = writer.runtime.gate.pauses();
    let details: Vec<String> = pauses.into_iter().map(|pause| pause.detail).collect();
    match (details.is_empty(), late) {
        (true, true) => words::tr!("no answer within {PATIENCE:?}"),
        (true, false) => words::tr!("no usable answer"),
        (false, _) => words::sentences(&details),
    }
}

/// For commands that look for rows by their key: exit code 78 when the key widget cannot hold it. Another widget that
/// does not fit is for `loader check` to name.
pub(super) async fn key_widget(writer: &Writer) -> anyhow::Result<()> {
    match read(writer).await? {
        Err(misfit) if misfit.is_about_key() => Err(ConfigError::message(misfit.to_string()).into()),
        _ => Ok(()),
    }
}
