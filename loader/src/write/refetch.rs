//! Asking the extractor for customers again whose rows are not what the ledger believes.

use pipeline::broker::{Outgoing, PublishError};
use pipeline::marks::Marks;
use pipeline::stage::Stage;
use pipeline::store;
use proto::v1::CompanyRef;

use super::Writer;

/// Why customers could not be asked for.
#[derive(Debug, thiserror::Error)]
pub enum NotAsked {
    /// Redis.
    #[error("clear the marks of customers to be fetched again")]
    Store(#[from] store::Error),
    /// The broker.
    #[error("publish refs of customers to be fetched again")]
    Publish(#[from] PublishError),
}

impl Writer {
    /// Publishes a ref for each, to be fetched whatever is known of it. Repeating it is harmless.
    pub(crate) async fn ask_again(
        &self,
        marks: &Marks,
        run: &str,
        companies: &[&str],
    ) -> Result<(), NotAsked> {
        // The transformer must not call the fresh copy a duplicate of one that it has published before.
        marks.clear(companies).await?;
        let references = companies.iter().map(|company| {
            let reference = CompanyRef {
                company_id: (*company).to_owned(),
                run_id: run.to_owned(),
                force: true,
                ..CompanyRef::default()
            };
            Outgoing::to(Stage::Extract, &reference)
        });
        Ok(self.publisher.publish(references.collect()).await?)
    }
}
