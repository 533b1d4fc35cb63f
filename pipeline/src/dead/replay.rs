//! Putting dead letters back: publish, confirm, then remove, so that an interruption repeats and never loses.
//!
//! A letter that was put back twice does no harm: the loader compares versions and contents (I2, I3). Only letters
//! that were there at the beginning are touched, so that one that dies again is not sent round in a circle.

use super::{
    filter::Filter,
    look::{Held, Look},
};
use crate::{lease::Lease, service::Runtime, stage::Stage};
use anyhow::{Context, bail};
use std::time::Duration;

/// Letters published and confirmed together.
const CHUNK: usize = 100;
const LEASE: Duration = Duration::from_secs(30);

/// What a replay has done.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// Id of the replay, found in the headers of everything it put back.
    pub replay: String,
    /// Letters put back.
    pub replayed: u64,
    /// Letters looked at and left where they were.
    pub left: u64,
}

/// Puts the chosen letters back to the queues that they came from, oldest first.
///
/// # Errors
/// When another replay of this stage is under way, or the broker goes away; what was not put back is still there.
pub async fn replay(
    rt: &Runtime,
    stage: Stage,
    filter: &Filter,
    mut progress: impl FnMut(&Report),
) -> anyhow::Result<Report> {
    let key = rt.namespace.key(format_args!("dead:{stage}:replay"));
    let Some(lease) = Lease::acquire(&rt.store, key, &rt.instance, LEASE)
        .await
        .context("take the replay lease")?
    else {
        bail!(
            "another replay of the {stage} stage is under way; wait for it, or half a minute if it was killed"
        );
    };
    let replay = uuid::Uuid::new_v4().to_string();
    let mut report = Report {
        replay,
        ..Report::default()
    };
    let mut look = Look::open(&rt.broker, stage)
        .await
        .context("open the dead-letter queue")?;
    let mut chosen = Vec::with_capacity(CHUNK);
    // Letters that are not meant stay held until the look is closed, so that they keep their place.
    let mut others: Vec<Held> = Vec::new();
    while !rt.shutdown.is_requested() && !filter.is_full(report.replayed + chosen.len() as u64) {
        let Some(held) = look.next().await? else { break };
        if filter.matches(&held.letter) {
            chosen.push(held);
        } else {
            report.left += 1;
            others.push(held);
        }
        if chosen.len() == CHUNK {
            put_back(rt, &mut chosen, &mut report).await?;
            look.settle().await?;
            progress(&report);
            if !lease.renew().await? {
                bail!(
                    "another replay took over; {} letters were put back",
                    report.replayed
                );
            }
        }
    }
    put_back(rt, &mut chosen, &mut report).await?;
    progress(&report);
    look.close().await?;
    lease.release().await?;
    Ok(report)
}

async fn put_back(rt: &Runtime, chosen: &mut Vec<Held>, report: &mut Report) -> anyhow::Result<()> {
    let messages = chosen
        .iter()
        .map(|held| held.letter.back(&report.replay))
        .collect();
    rt.publisher.publish(messages).await.context("put letters back")?;
    for held in chosen.drain(..) {
        held.remove().await;
        report.replayed += 1;
    }
    Ok(())
}
