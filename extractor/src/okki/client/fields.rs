//! The field dictionary of the account (docs/okki-api.md §6).

use super::{Client, Patience};
use crate::okki::{dictionary::read_fields, error::Error};
use pipeline::{quota::Lane, setup::Field};

impl Client {
    /// The fields of customers, or those of their contacts.
    pub(crate) async fn fields(&self, lane: Lane, contact: bool) -> Result<Vec<Field>, Error> {
        let of = if contact { "customer" } else { "company" };
        let query = [("type".to_owned(), of.to_owned())];
        let answer = self
            .patient(lane, "fields", "/v1/company/fields", &query, Patience::of_all())
            .await?;
        read_fields(&answer.data, contact)
    }
}
