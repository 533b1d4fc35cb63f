//! Tells in Redis what the mapping fills and how it fits the form, for whoever looks at it from the desk.

use crate::{commands::mapping::trial, map::Mapping};
use pipeline::{
    form::FormReading,
    service::Runtime,
    setup::{MappingReading, Trials},
    store::Error,
};
use std::{sync::Arc, time::Duration};

/// How often it is compared with what the loader has read of the form since; Redis may have been emptied, too.
const POLL: Duration = Duration::from_secs(15);

/// Tells it until shutdown: at the start in any case, because the last process that was started is the one that was
/// meant, and later where nothing stands or the form has changed.
pub(crate) async fn announce(rt: Runtime, mapping: Arc<Mapping>) {
    let mut is_told = false;
    loop {
        match tell(&rt, &mapping, is_told).await {
            Ok(()) => is_told = true,
            Err(error) => tracing::debug!(%error, "mapping not told"),
        }
        if !rt.shutdown.sleep(POLL).await {
            return;
        }
    }
}

async fn tell(rt: &Runtime, mapping: &Mapping, is_told: bool) -> Result<(), Error> {
    let last = MappingReading::last(&rt.store, &rt.namespace).await?;
    let form = FormReading::last(&rt.store, &rt.namespace).await?;
    let is_of_another =
        |last: &MappingReading| is_told && last.trials.english.fingerprint != mapping.fingerprint();
    if last.as_ref().is_some_and(is_of_another) {
        return Ok(());
    }
    let widgets = form.as_ref().map(|form| form.widgets.as_slice());
    let reading = MappingReading {
        form_read_at_ms: form.as_ref().map(|form| form.read_at_ms),
        trials: Trials::of(|| trial::beside(mapping, widgets.unwrap_or_default(), &[])),
    };
    if last.is_some_and(|last| last.trials == reading.trials) {
        return Ok(());
    }
    reading.keep(&rt.store, &rt.namespace).await
}
