//! Parts of a page that are kept up to date by server-sent events: the inside of the page whenever it has changed.

use super::{App, Ask, failure::Failure};
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use sha2::{Digest, Sha256};
use std::{convert::Infallible, time::Duration};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(2);
/// A stream ends after this time; the browser asks again and shows who it is by then.
const AT_MOST: Duration = Duration::from_secs(15 * 60);

/// Sends the inside of a page whenever it has changed.
///
/// # Errors
/// When too many pages are kept up to date already.
pub(crate) fn live<F, Fut>(app: &App, ask: &Ask, body: F) -> Result<Response, Failure>
where
    F: Fn() -> Fut + Send + 'static,
    Fut: Future<Output = Result<String, Failure>> + Send,
{
    let place = app.live.take(&ask.principal.name).ok_or(Failure::Full)?;
    let (sender, receiver) = mpsc::channel::<Result<Event, Infallible>>(1);
    let (shutdown, language) = (app.rt.shutdown.clone(), ask.language);
    let (app, principal) = (app.clone(), ask.principal.clone());
    tokio::spawn(async move {
        let _place = place;
        let (begun, mut last) = (tokio::time::Instant::now(), None);
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while begun.elapsed() < AT_MOST {
            tokio::select! {
                _ = ticks.tick() => {}
                () = sender.closed() => return,
                () = shutdown.requested() => return,
            }
            // Who has signed out, or may do something else now, is not shown any more.
            let now = jiff::Timestamp::now().as_millisecond();
            if !principal.is_still(&app.people, now).unwrap_or(false) {
                return;
            }
            let event = match body().await {
                Ok(text) => Event::default().event("page").data(text),
                Err(failure) => {
                    let told = words::scoped(language, || failure.told());
                    Event::default()
                        .event("trouble")
                        .data(told.replace(['\r', '\n'], " "))
                }
            };
            let digest = Sha256::digest(format!("{event:?}"));
            if last.replace(digest) != Some(digest) && sender.send(Ok(event)).await.is_err() {
                return;
            }
        }
    });
    let stream = futures::stream::unfold(receiver, async |mut receiver| {
        let event = receiver.recv().await?;
        Some((event, receiver))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()).into_response())
}
