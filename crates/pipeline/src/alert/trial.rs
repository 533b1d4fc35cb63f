//! Whether notices arrive: a test notice, and a look at the receiver that sends nothing.

use super::{
    channel::{Channel, News, Notice},
    config::Receiver,
    problem::{Origin, Problem, Severity},
};
use crate::{
    cause::chain,
    http::{Client, HttpConfig},
    tls::TlsFiles,
};
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);

/// Sends a test notice, as a problem would be sent.
///
/// # Errors
/// What the receiver answered, and what to do about it as far as that is known.
pub async fn send_test(receiver: &Receiver, origin: &Origin, tls: &TlsFiles) -> Result<(), String> {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let notice = Notice {
        problem: Problem {
            key: "test".to_owned(),
            severity: Severity::Warning,
            summary: words::english(|| words::tr!("a test notice")),
            detail: words::english(|| words::tr!("nothing is wrong: somebody tries whether notices arrive")),
            patience: Duration::ZERO,
        },
        news: News::Test,
        since_ms: now_ms,
        now_ms,
    };
    let sent = channel(receiver, tls)?.send(&notice, origin).await;
    sent.map_err(|error| chain(&error))
}

/// Asks the receiver's host for its front page; that it answers is all that can be known without a notice.
///
/// # Errors
/// Why it does not.
pub async fn reach(receiver: &Receiver, tls: &TlsFiles) -> Result<(), String> {
    channel(receiver, tls)?
        .reach()
        .await
        .map_err(|error| chain(&error))
}

fn channel(receiver: &Receiver, tls: &TlsFiles) -> Result<Channel, String> {
    let client = Client::without_redirects(HttpConfig {
        connect_timeout: CONNECT,
        tls: tls.clone(),
    });
    let client = client.map_err(|error| chain(&error))?;
    Ok(Channel::new(receiver.clone(), client))
}
