//! Asking the extractor for customers again whose rows are not what the ledger believes.

use pipeline::events::{self, What};
use pipeline::stage::Stage;
use pipeline::store;
use pipeline::telemetry::names;
use pipeline::version::Version;
use pipeline::{broker::PublishError, message::Outgoing};
use pipeline::{
    disposition::Disposition,
    handler::{Done, Outcome},
};
use proto::v1::{CompanyRef, FormRecord, Operation as Wanted};

use super::Writer;
use super::claim::Stop;
use super::prepare::Sorted;

/// Why customers could not be asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAsked {
    #[error("{}", words::tr!("clear the watermarks of customers to be fetched again"))]
    Store(#[from] store::Error),
    #[error("{}", words::tr!("publish refs of customers to be fetched again"))]
    Publish(#[from] PublishError),
}

impl Writer {
    /// Publishes a ref for each, to be fetched whatever is known of it. Repeating it is harmless.
    pub(crate) async fn ask_again(&self, run: &str, companies: &[&str]) -> Result<(), NotAsked> {
        // The transformer must not call the fresh copy a duplicate of one that it has published before.
        self.watermarks.clear(companies).await?;
        let references = companies.iter().map(|company| {
            let reference = CompanyRef {
                company_id: (*company).to_owned(),
                run_id: run.to_owned(),
                force: true,
                ..CompanyRef::default()
            };
            Outgoing::to(Stage::Extract, &reference)
        });
        let occasion = jiff::Timestamp::now().as_millisecond().to_string();
        let asked = companies
            .iter()
            .map(|company| events::refetched(company, run, &occasion));
        let (published, ()) = tokio::join!(
            self.publisher.publish(references.collect()),
            self.runtime.events.write(Stage::Load, asked.collect())
        );
        Ok(published?)
    }

    /// The form may show something newer than these records: their customers are fetched again.
    pub(super) async fn refetch(&self, sorted: &mut Sorted, companies: Vec<String>) -> Result<(), Stop> {
        if companies.is_empty() {
            return Ok(());
        }
        // The transformer must not call the fresh copy a duplicate of the one that is dropped here.
        if let Err(error) = self.watermarks.clear(&companies).await {
            self.runtime.redis_lost(&error);
            return Err(Stop);
        }
        metrics::counter!(names::LOADER_REFETCHED).increment(companies.len() as u64);
        for company in companies {
            let Some(versions) = sorted.open.remove(&company) else {
                continue;
            };
            let publish = versions
                .last()
                .map(|newest| again(&newest.record))
                .into_iter()
                .collect();
            let mut done = Some(Done {
                publish,
                what: Some(What::Refetched),
                ..Done::new(Disposition::Superseded)
            });
            for record in versions.into_iter().rev() {
                let outcome = done
                    .take()
                    .map_or_else(|| Outcome::done(Disposition::Superseded), Outcome::Done);
                sorted.outcomes[record.at] = Some(outcome);
            }
        }
        Ok(())
    }
}

/// A reference that makes the extractor fetch the customer whatever is known of it.
fn again(record: &FormRecord) -> Outgoing {
    let version = Version::from(record.version.unwrap_or_default());
    let reference = CompanyRef {
        company_id: record.company_id.clone(),
        run_id: record.run_id.clone(),
        // Of who has left the filter no listing shows that it is within, so its detail decides.
        update_time: if record.filtered { 0 } else { version.update_time },
        removed: record.operation() == Wanted::Remove && !record.filtered,
        sequence: version.sequence,
        lane: record.lane,
        force: true,
        hint: false,
    };
    Outgoing::to(Stage::Extract, &reference)
}
