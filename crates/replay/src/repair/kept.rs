//! The snapshots that transformers keep of the customers of some letters, from which a row is mapped anew.

use super::{Error, Repair};
use crate::letter::Letter;
use pipeline::{
    failure::record::FailureRecord,
    message::{Envelope, Outgoing, Subject},
    service::Runtime,
    snapshots::Found,
    stage::Stage,
    store,
    version::Version,
};
use proto::v1::CompanySnapshot;
use std::collections::HashMap;

/// What is kept of some customers.
#[derive(Debug, Default)]
pub(crate) struct KeptSnapshots(HashMap<String, Found>);

impl KeptSnapshots {
    /// The snapshot of a letter's customer, of the state that died or of a newer one.
    pub(crate) fn for_customer(&self, record: &FailureRecord) -> Result<&CompanySnapshot, Error> {
        let found = self.0.get(&record.company_id).and_then(Option::as_ref);
        let kept = found.ok_or(Error::NotKept)?.as_ref();
        let snapshot = &kept.map_err(|why| Error::Unusable(why.clone()))?.snapshot;
        let died: Version = record.version.parse().unwrap_or_default();
        match snapshot.version() < died {
            true => Err(Error::OlderKept),
            false => Ok(snapshot),
        }
    }
}

impl Repair {
    /// What is kept of the customers of these letters, in one round trip, if the repair needs it.
    pub(crate) async fn kept<'a>(
        &self,
        rt: &Runtime,
        letters: impl IntoIterator<Item = &'a Letter>,
    ) -> Result<KeptSnapshots, store::Error> {
        if *self != Self::Kept {
            return Ok(KeptSnapshots::default());
        }
        let companies: Vec<String> = letters
            .into_iter()
            .flat_map(Letter::records)
            .map(|record| record.company_id)
            .collect();
        let found = rt.snapshots.of(&companies).await?;
        Ok(KeptSnapshots(companies.into_iter().zip(found).collect()))
    }
}

/// The snapshot on its way to be mapped, under the letter's run, so that its account is settled.
pub(super) fn mapped_anew(snapshot: &CompanySnapshot, letter: &Letter, mut envelope: Envelope) -> Outgoing {
    let snapshot = CompanySnapshot {
        run_id: letter.record.run_id.clone(),
        ..snapshot.clone()
    };
    let fresh = Envelope::new(&snapshot, envelope.first_seen_ms);
    envelope.message_id = fresh.message_id;
    envelope.version = fresh.version;
    envelope.kind = fresh.kind;
    Outgoing::to(Stage::Transform, &snapshot).with_envelope(envelope)
}
