//! Customers that somebody has asked for by their ids, for `sync --id` and for wishes.

use crate::{
    okki::time,
    state::{Phase, Run, State},
    window::Window,
};
use pipeline::{events, message::Outgoing, names::ASKED_FOR, sequence, service::Runtime, stage::Stage};
use proto::v1::{self, CompanyRef};

/// Publishes refs of these customers, to be fetched whatever is known of them, before anything that is listed.
pub(crate) async fn publish(rt: &Runtime, state: &State, ids: &[String]) -> anyhow::Result<Run> {
    let (second, now) = (time::now(), state.now_ms().await?);
    let window = Window {
        start: Some(second),
        end: second,
    };
    let id = format!("{ASKED_FOR}{}", uuid::Uuid::new_v4().simple());
    let run = Run {
        force: true,
        listed: ids.len() as u64,
        started_ms: now,
        finished_ms: Some(now),
        ..Run::apart(id, window, Phase::Changed, &rt.instance)
    };
    state.expect(&run.id, ids).await?;
    rt.account.list(&run.id, ids).await?;
    let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let first = sequence::next(&rt.store, &rt.namespace, count).await?;
    let refs = ids.iter().zip(first..).map(|(id, sequence)| CompanyRef {
        company_id: id.clone(),
        run_id: run.id.clone(),
        sequence,
        lane: v1::Lane::Live.into(),
        force: true,
        hint: true,
        ..CompanyRef::default()
    });
    let refs: Vec<CompanyRef> = refs.collect();
    let messages = refs
        .iter()
        .map(|reference| Outgoing::to(Stage::Extract, reference));
    let (published, ()) = tokio::join!(
        rt.publisher.publish(messages.collect()),
        rt.events
            .write(Stage::Extract, refs.iter().map(events::asked).collect())
    );
    published?;
    Ok(run)
}
