//! Whether replicas that run list by another filter: what one of the two leaves out, the other has a right to.

use pipeline::{heartbeat, service::Runtime, stage::Stage};

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
