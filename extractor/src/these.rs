//! Customers that somebody has asked for by their ids, for `sync --id` and for wishes.

use crate::{
    okki::time,
    state::{Phase, Run, State},
};
use pipeline::{events, message::Outgoing, names::ASKED_FOR, sequence, service::Runtime, stage::Stage};
use proto::v1::{self, CompanyRef};

/// Publishes refs of these customers, to be fetched whatever is known of them, before anything that is listed.
pub(crate) async fn publish(rt: &Runtime, state: &State, ids: &[String]) -> anyhow::Result<Run> {
    let (second, now) = (time::now(), state.now_ms().await?);
    let run = Run {
        id: format!("{ASKED_FOR}{}", uuid::Uuid::new_v4().simple()),
        start: Some(second),
        end: second,
        phase: Phase::Changed,
        part: 0,
        cursor: None,
        removals: false,
        force: true,
        listed: ids.len() as u64,
        duplicates: 0,
        damaged: 0,
        seen: 0,
        expected: None,
        filter: None,
        condition: None,
        look: None,
        left_behind: 0,
        started_ms: now,
        finished_ms: Some(now),
        leader: rt.instance.clone(),
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
