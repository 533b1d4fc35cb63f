//! The account of events as a test reads it: everything that is there, from the beginning.

use pipeline::{
    broker::Broker,
    events::{Event, Reader, Start, Stored, What},
    gate::Gate,
    names::Namespace,
    retry::RetryPolicy,
    setting::Secret,
    shutdown::Shutdown,
};
use std::time::Duration;

/// A broker as a reader needs it.
///
/// # Panics
/// When the URL is none: for tests.
pub fn broker(url: &str, namespace: &Namespace) -> Broker {
    let shutdown = Shutdown::manual(Duration::from_secs(5));
    let (retry, gate) = (RetryPolicy::default(), Gate::new());
    Broker::new(
        &Secret::new(url),
        "test".into(),
        namespace.clone(),
        retry,
        gate,
        shutdown,
    )
    .unwrap_or_else(|error| panic!("{error}"))
}

/// Every message of the stream as of now; none when there is no stream.
pub async fn read(url: &str, namespace: &Namespace) -> anyhow::Result<Vec<Stored>> {
    let mut all = Vec::new();
    let Some(mut reader) = Reader::open(&broker(url, namespace), Start::First).await? else {
        return Ok(all);
    };
    while let Some(stored) = reader.next_to_end().await? {
        all.push(stored);
    }
    anyhow::ensure!(reader.unreadable() == 0, "messages of others are in the stream");
    reader.close().await?;
    Ok(all)
}

/// Every event in the order of time, for the stream has that of the confirms; the first one of each id.
pub async fn events(url: &str, namespace: &Namespace) -> anyhow::Result<Vec<Event>> {
    let mut known = std::collections::HashSet::new();
    let mut stored = read(url, namespace).await?;
    stored.sort_by_key(|stored| (stored.events.at, stored.events.stage));
    let events = stored.into_iter().flat_map(|stored| stored.events.events);
    Ok(events.filter(|event| known.insert(event.id)).collect())
}

/// What happened to one customer, in order.
pub fn story<'a>(events: &'a [Event], company_id: &str) -> Vec<(What, &'a Event)> {
    let own = events.iter().filter(|event| event.company_id == company_id);
    own.map(|event| (event.what(), event)).collect()
}
