//! The customers whose records wait for the loaders.
//!
//! Looking at a message of a work queue would count as one of its deliveries, and after a few of those the consumer takes it
//! for one that kills. So each message is put behind the others as it is, and taken away in front when the broker has
//! confirmed the copy: the queue holds the same messages in the same order afterwards. A copy too many, after a kill, is
//! harmless: the second one changes nothing.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use pipeline::broker::{Browser, Handle};
use pipeline::message::Outgoing;
use pipeline::service::Runtime;
use pipeline::stage::Stage;
use prost::Message as _;
use proto::v1::{FormRecord, Operation};

use super::Tell;
use super::catalogue::Catalogue;
use super::compare::{Compared, hash};
use super::told::Told;

/// How long loaders are waited for.
const RETURNED_WITHIN: Duration = Duration::from_secs(15);
/// Messages that are put back with one confirm.
const GROUP: usize = 50;
/// Messages in hand; each may be a bundle.
const PAGE: u32 = 100;

/// Brings the customers into the catalogue; how many records there were.
pub(super) async fn read(
    runtime: &Runtime,
    compared: &Compared,
    catalogue: &Catalogue,
    tell: Tell<'_>,
) -> anyhow::Result<u64> {
    runtime.declare(Stage::Load).await?;
    let queue = runtime.namespace.queue(Stage::Load);
    returned(runtime, &queue, tell).await?;
    let mut browser = Browser::open(&runtime.broker, queue.clone())
        .await
        .context(Told(|| words::tr!("read the records that wait")))?
        .with_pages_of(PAGE);
    let mut count = 0;
    let mut group = Vec::new();
    let read = loop {
        let received = match browser.next().await {
            Ok(received) => received,
            Err(error) => break Err(error).context(Told(|| words::tr!("read the records that wait"))),
        };
        let is_last = received.is_none();
        group.extend(received);
        if group.len() >= GROUP || (is_last && !group.is_empty()) {
            match pass(runtime, &queue, compared, catalogue, std::mem::take(&mut group)).await {
                Ok(records) => count += records,
                Err(error) => break Err(error),
            }
            tell(words::kept!("{count} records read"));
        }
        if is_last {
            break Ok(count);
        }
    };
    let closed = browser
        .close()
        .await
        .context(Told(|| words::tr!("return the records that wait")));
    let count = read?;
    closed?;
    Ok(count)
}

/// Loaders that pause because of rows without a key return what they hold within seconds, and take nothing more. Loaders
/// that do not pause are not waited for: what they hold, they write.
async fn returned(runtime: &Runtime, queue: &str, tell: Tell<'_>) -> anyhow::Result<()> {
    tell(words::kept!("loaders return the records that they hold"));
    let since = Instant::now();
    while since.elapsed() < RETURNED_WITHIN {
        let consumers = runtime.broker.consumers(queue).await;
        if consumers.context(Told(|| words::tr!("ask how many loaders take records")))? == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tracing::info!("loaders go on taking records, so some customers may not be seen");
    Ok(())
}

/// Notes the customers of some messages and puts the messages behind the others; how many records they carried.
async fn pass(
    runtime: &Runtime,
    queue: &str,
    compared: &Compared,
    catalogue: &Catalogue,
    group: Vec<pipeline::broker::Received>,
) -> anyhow::Result<u64> {
    let records: Vec<_> = group
        .iter()
        .flat_map(pipeline::broker::Received::records)
        .collect();
    let count = records.len() as u64;
    let customers = records.into_iter().filter_map(|(_, body)| {
        let record = FormRecord::decode(body).ok()?;
        let contents = compared.of_record(&record)?;
        let is_there = record.operation() != Operation::Remove && !record.company_id.is_empty();
        is_there.then(|| (hash(&contents), record.company_id))
    });
    let customers: Vec<(String, String)> = customers.collect();
    catalogue.add_customers(&customers).await?;
    let (copies, handles): (Vec<Outgoing>, Vec<Handle>) = group
        .into_iter()
        .map(|received| {
            let copy = Outgoing::raw(queue.to_owned(), received.envelope, received.body);
            (copy, received.handle)
        })
        .unzip();
    runtime
        .publisher
        .publish(copies)
        .await
        .context(Told(|| words::tr!("put the records back that wait")))?;
    for handle in handles {
        if !handle.remove().await {
            return Err(anyhow::Error::msg(Told(|| {
                words::tr!("the broker is away; run the command again")
            })));
        }
    }
    Ok(count)
}
