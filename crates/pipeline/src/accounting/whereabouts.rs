//! Where listed customers are that are not in the form: still on their way, or dead letters.

use super::account::Account;
use crate::store::Error;

/// Where a customer is, as far as the account knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whereabouts {
    /// No run waits for it.
    #[default]
    Nowhere,
    /// Its dead letter lies in a queue.
    Dead,
    /// Some run waits for it.
    OnItsWay,
}

/// Customers that are asked for in one go, of one run.
const AT_A_TIME: usize = 500;

impl Account {
    /// Where each of these customers is; one call for each run that is not finished, and 500 customers.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn whereabouts(&self, companies: &[impl AsRef<str>]) -> Result<Vec<Whereabouts>, Error> {
        let mut found = vec![Whereabouts::Nowhere; companies.len()];
        if companies.is_empty() {
            return Ok(found);
        }
        for run in self.active().await? {
            for (companies, found) in companies.chunks(AT_A_TIME).zip(found.chunks_mut(AT_A_TIME)) {
                let ids: Vec<&str> = companies.iter().map(AsRef::as_ref).collect();
                for (known, here) in found.iter_mut().zip(self.standing(&run, &ids).await?) {
                    *known = (*known).max(match here {
                        (Some(_), _) => Whereabouts::OnItsWay,
                        (None, Some(_)) => Whereabouts::Dead,
                        (None, None) => Whereabouts::Nowhere,
                    });
                }
            }
        }
        Ok(found)
    }
}
