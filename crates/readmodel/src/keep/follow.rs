//! Follows the stream from where the file says that it was read up to.
//!
//! A task reads, another one writes many messages in one transaction. Reading begins with the last message that is known:
//! when another one stands in its place, the stream is another one, and everything is made anew.

use super::Keeper;
use crate::error::Result;
use pipeline::{
    broker,
    cause::chain,
    events::{Reader, Start, Stored},
};
use prost::Message;
use std::time::Duration;
use tokio::{sync::mpsc, time::timeout};

/// Until the broker is asked again.
const AGAIN_AFTER: Duration = Duration::from_secs(3);
/// Nothing came for so long: all that was there was read.
const QUIET: Duration = Duration::from_millis(500);
/// How often it is looked whether the file is still there while nothing comes.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Messages between the two tasks.
const ROOM: usize = 16;
/// Events and bytes of one transaction.
const MOST_EVENTS: usize = 20_000;
const MOST_BYTES: usize = 4 << 20;

/// Until shutdown, whatever happens to the broker or the file.
pub(super) async fn follow(keeper: &Keeper) {
    while !keeper.rt.shutdown.is_requested() {
        let ended = tokio::select! {
            ended = through(keeper) => ended,
            () = keeper.rt.shutdown.requested() => return,
        };
        keeper.state.follows(false);
        let Err(error) = ended else { continue };
        if error.is_damage() {
            tracing::warn!(
                error = chain(&error),
                "the read model's file is damaged and is made anew"
            );
            if let Err(error) = keeper.begin_anew().await {
                tracing::error!(error = chain(&error), "the read model cannot be made anew");
            }
        } else if keeper.state.fails(words::english(|| chain(&error))) {
            tracing::warn!(
                error = chain(&error),
                "the account of events cannot be followed; it is tried again"
            );
        }
        keeper.rt.shutdown.sleep(AGAIN_AFTER).await;
    }
}

/// Until an error, or until the stream turns out to be another one.
async fn through(keeper: &Keeper) -> Result<()> {
    if !keeper.model.is_there() {
        return without_file(keeper).await;
    }
    let last = keeper.write(|writer| Ok(writer.last())).await?;
    let start = last.map_or(Start::First, |last| Start::Offset(last.offset));
    let reader = loop {
        if let Some(reader) = Reader::open(&keeper.rt.broker, start).await? {
            break reader;
        }
        if last.is_some() {
            return anew(keeper).await;
        }
        without_stream(keeper).await;
        if !keeper.model.is_there() {
            return without_file(keeper).await;
        }
    };
    keeper.state.follows(true);
    if reader.begun_anew() {
        return anew(keeper).await;
    }
    let (sender, mut receiver) = mpsc::channel(ROOM);
    let task = tokio::spawn(read(reader, sender));
    let taken = take(keeper, &mut receiver, last.map(|last| last.offset)).await;
    task.abort();
    match (taken, task.await) {
        (Ok(()), Ok(Err(error))) => Err(error.into()),
        (taken, _) => taken,
    }
}

/// Nobody has written an event yet, or the broker has none: the queues are known all the same, and stay so while it is
/// asked again.
async fn without_stream(keeper: &Keeper) {
    keeper.state.follows(true);
    keeper.state.has_caught_up();
    keeper.state.has_written();
    keeper.rt.shutdown.sleep(AGAIN_AFTER).await;
}

async fn anew(keeper: &Keeper) -> Result<()> {
    tracing::warn!("the account of events began anew, and so does the read model");
    keeper.begin_anew().await
}

/// Somebody has deleted the file, or its folder, or it could not be made before.
async fn without_file(keeper: &Keeper) -> Result<()> {
    tracing::warn!("the read model's file is gone and is made anew");
    keeper.begin_anew().await
}

/// A task of its own, because reading cannot be broken off without losing a message.
async fn read(mut reader: Reader, sender: mpsc::Sender<Stored>) -> std::result::Result<(), broker::Error> {
    loop {
        let stored = reader.next().await?;
        if sender.send(stored).await.is_err() {
            return Ok(());
        }
    }
}

async fn take(keeper: &Keeper, receiver: &mut mpsc::Receiver<Stored>, mut known: Option<u64>) -> Result<()> {
    loop {
        let first = match timeout(QUIET, receiver.recv()).await {
            Ok(Some(first)) => first,
            Ok(None) => return Ok(()),
            Err(_) => {
                keeper.state.has_caught_up();
                loop {
                    match timeout(LOOK_EVERY, receiver.recv()).await {
                        Ok(Some(first)) => break first,
                        Ok(None) => return Ok(()),
                        Err(_) if keeper.model.is_there() => {}
                        Err(_) => return without_file(keeper).await,
                    }
                }
            }
        };
        if !keeper.model.is_there() {
            return without_file(keeper).await;
        }
        if let Some(known) = known.take()
            && !goes_on(keeper, known, &first).await?
        {
            return anew(keeper).await;
        }
        let batch = gathered(receiver, first);
        let applied = keeper.write(move |writer| writer.apply(batch)).await?;
        // A stream that can be opened is not followed yet: the file may refuse what is read.
        if keeper.state.has_written() {
            tracing::info!("the account of events is followed again");
        }
        if applied.lost > 0 {
            tracing::warn!(
                lost = applied.lost,
                "the account of events has a gap; letters are compared with the queues"
            );
            keeper.state.want_walks();
        }
    }
}

/// Whether the stream is the one that was read before.
async fn goes_on(keeper: &Keeper, known: u64, first: &Stored) -> Result<bool> {
    if first.offset == known {
        let first = first.clone();
        return keeper.write(move |writer| Ok(writer.is_last(&first))).await;
    }
    // Retention took the message away, and perhaps others that nobody here has read.
    tracing::warn!(
        "the account of events goes on behind what was read before; letters are compared with the queues"
    );
    keeper.state.want_walks();
    Ok(true)
}

/// What is there already, up to the size of a transaction.
fn gathered(receiver: &mut mpsc::Receiver<Stored>, first: Stored) -> Vec<Stored> {
    let (mut events, mut bytes) = (first.events.events.len(), first.events.encoded_len());
    let mut batch = vec![first];
    while events < MOST_EVENTS && bytes < MOST_BYTES {
        let Ok(next) = receiver.try_recv() else { break };
        events += next.events.events.len();
        bytes += next.events.encoded_len();
        batch.push(next);
    }
    batch
}
