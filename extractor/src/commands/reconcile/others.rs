//! Other processes: who is at a comparison now, and whether replicas that run list by another filter: what one of the two
//! leaves out, the other has a right to.

use pipeline::{
    comparison::{AtWork, By, Compared, Comparisons, Side},
    heartbeat,
    service::Runtime,
    stage::Stage,
    store,
};
use replay::when;

/// What a replica's status calls the filter by which it lists.
pub(crate) const FILTER: &str = "filter";

/// A comparison by another filter than that of the replicas would take the rows of whom only they list: by a command in a
/// shell with other settings, or of an old replica while new ones come up.
pub(super) async fn refuse_another_filter(rt: &Runtime, mine: &str) -> anyhow::Result<()> {
    let known = heartbeat::replicas(&rt.store, &rt.namespace).await?;
    let running = known.replicas.into_iter().filter(|replica| !replica.is_silent());
    for replica in running {
        let heartbeat = replica.heartbeat;
        let theirs = heartbeat.status.get(FILTER).and_then(serde_json::Value::as_str);
        if heartbeat.service == Stage::Extract.program()
            && heartbeat.instance != rt.instance
            && let Some(theirs) = theirs.filter(|theirs| *theirs != mine)
        {
            words::bail!(
                "{} lists by another filter ({theirs}) than this ({mine}), so customers would be taken for gone who are not; give this the settings of the services, or wait until all replicas have the new ones",
                heartbeat.instance
            );
        }
    }
    Ok(())
}

pub(super) fn lease_key(rt: &Runtime) -> String {
    rt.namespace.listing_lease_key("reconcile")
}

fn comparisons(rt: &Runtime) -> Comparisons {
    Comparisons::new(rt.store.clone(), rt.namespace.clone())
}

/// This process is at it from now on.
pub(super) async fn begun(rt: &Runtime, by: By) -> Result<(), store::Error> {
    let at_work = AtWork {
        instance: rt.instance.clone(),
        by,
        since_ms: jiff::Timestamp::now().as_millisecond(),
    };
    comparisons(rt).begin(Side::Source, &at_work).await
}

/// It has come to its end, with this.
pub(super) async fn ended(rt: &Runtime, compared: &Compared) -> Result<(), store::Error> {
    let at_ms = jiff::Timestamp::now().as_millisecond();
    let compared = Compared {
        at_ms,
        ..compared.clone()
    };
    comparisons(rt).end(Side::Source, &compared).await
}

/// Why this process cannot compare: who does, since when, how it came to that, and what to do.
pub(super) async fn at_work(rt: &Runtime) -> anyhow::Error {
    match comparisons(rt).at_work(Side::Source, &lease_key(rt)).await {
        Ok(Some(AtWork {
            instance,
            since_ms: 0,
            ..
        })) => words::failure!(
            "another comparison is at work: {instance}; wait for its end, or stop that process: whoever compares next goes on where it was"
        ),
        Ok(Some(AtWork {
            instance,
            by,
            since_ms,
        })) => words::failure!(
            "another comparison is at work: {instance} since {}, begun {}; wait for its end, or stop that process: whoever compares next goes on where it was",
            when::time(since_ms),
            by.told()
        ),
        Ok(None) => words::failure!("another comparison was at work a moment ago; repeat the command"),
        Err(error) => anyhow::Error::new(error).context(words::tr!("another comparison is at work")),
    }
}
