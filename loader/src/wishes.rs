//! What people without the form's key want of the loader: read the form again.

use std::time::Duration;

use pipeline::retry::Backoff;
use pipeline::wish::{Servant, Served, Taken, WishKind, serve};

use crate::index::Error;
use crate::write::Writer;

/// How long a wish stays with a replica that says nothing.
const TERM: Duration = Duration::from_secs(10);
/// How often it is told how far the walk is.
const TELL_EVERY: Duration = Duration::from_secs(1);

struct Wishes {
    writer: Writer,
}

/// Does what is wished of the loader, until shutdown.
pub(crate) async fn serve_wishes(writer: Writer) {
    let server = writer.runtime.server(vec!["read-form"], TERM);
    serve(server, Wishes { writer }).await;
}

impl Servant for Wishes {
    async fn serve(&self, taken: &Taken) -> Served {
        if taken.wish.kind != WishKind::ReadForm {
            return Served::PutBack;
        }
        let index = &self.writer.index;
        if index.key_widget().is_none() {
            return Served::failed(words::kept!(
                "JDY_KEY_WIDGET is not set, so rows cannot be told apart"
            ));
        }
        let mut reading = std::pin::pin!(self.read_form(taken));
        loop {
            tokio::select! {
                served = &mut reading => return served,
                () = tokio::time::sleep(TELL_EVERY) => taken.tell(index.progress()),
            }
        }
    }
}

impl Wishes {
    /// The index is forgotten once, by whoever takes the wish first; whoever takes it over goes on with the walk where it
    /// is, unless that has ended: then nobody knows whether the index had been forgotten before.
    async fn read_form(&self, taken: &Taken) -> Served {
        let index = &self.writer.index;
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        let mut forgotten = false;
        loop {
            let read = async {
                if !forgotten && (taken.wish.takes == 1 || index.is_complete().await?) {
                    index.begin_again().await?;
                }
                forgotten = true;
                index.walk().await
            };
            match read.await {
                Ok(()) => break,
                // Who walks is silent for a while, the vendor is away, or Redis is: the gate says what is wrong.
                Err(error) => {
                    tracing::debug!(%error, "reading the form has stopped, will go on");
                    if let Error::Ledger(crate::ledger::Error::Store(cause)) = &error {
                        self.writer.runtime.redis_lost(cause);
                    }
                    tokio::time::sleep(backoff.next_delay()).await;
                }
            }
        }
        match index.counts().await {
            Ok((rows, duplicates)) => Served::done(
                words::kept!(
                    "the form was read to its end: {rows} rows with a key, {duplicates} of them share it"
                ),
                [("rows", rows), ("duplicates", duplicates)],
            ),
            Err(error) => {
                tracing::debug!(%error, "rows are not counted");
                Served::done(words::kept!("the form was read to its end"), [])
            }
        }
    }
}
