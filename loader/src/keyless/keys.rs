//! Writes keys into rows that have none: the key cell and nothing else, and never a second row for a customer.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt as _;
use pipeline::events;
use pipeline::quota::Lane;
use pipeline::retry::Backoff;
use pipeline::service::Runtime;
use pipeline::stage::Stage;

use super::Error;
use crate::jdy::calls::WriteOptions;
use crate::jdy::codes;
use crate::jdy::company::ALWAYS;
use crate::jdy::encode::encode_text;
use crate::jdy::lookup::Recognition;
use crate::vendor::{Patience, Tried, Vendor};

/// One call may take this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Updates that are under way at once; the client's cap and the quotas decide in the end.
const AT_ONCE: usize = 8;

/// Waits between looks whether keys are there, and the looks.
const LOOKS: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(3));
const MOST_LOOKS: u32 = 6;
/// So many refusals and nothing else are not about the rows.
const ALL_REFUSED: usize = 5;

/// What became of rows that were to get a key.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Seen in the form.
    pub(crate) written: usize,
    /// Accepted by the vendor, and not to be seen in the form.
    pub(crate) unseen: usize,
    /// Refused by the vendor.
    pub(crate) refused: usize,
    /// The customer has a row with its key by now.
    pub(crate) has_row: usize,
    /// The row is gone.
    pub(crate) gone: usize,
}

/// Writes the customers' ids into these rows, at most 100, and looks whether they are there. Repeating it is harmless;
/// what was done before an error is counted as well.
pub(crate) async fn write(
    runtime: &Runtime,
    vendor: &Vendor,
    key_widget: &str,
    rows: &[(String, String)],
    left: &mut Left,
) -> Result<(), Error> {
    let companies: Vec<&str> = rows.iter().map(|(_, company)| company.as_str()).collect();
    let taken = with_rows(vendor, key_widget, &companies).await?;
    let free = rows
        .iter()
        .filter(|(_, company)| !taken.contains_key(company.as_str()));
    let free: Vec<(String, String)> = free.cloned().collect();
    left.has_row += rows.len() - free.len();
    let calls = futures::stream::iter(free).map(|(row, company)| async move {
        let written = one(vendor, key_widget, &row, &company).await;
        written.map(|written| written.then_some((row, company)))
    });
    let mut calls = calls.buffer_unordered(AT_ONCE);
    let (mut accepted, mut failed) = (Vec::new(), None);
    while let Some(written) = calls.next().await {
        match written {
            Ok(Some(pair)) => accepted.push(pair),
            Ok(None) => left.gone += 1,
            // One row that takes no key keeps no other one waiting.
            Err(Error::Refused(why)) => {
                left.refused += 1;
                tracing::warn!(refusal = why, "a row takes no key");
                if left.written + accepted.len() == 0 && left.refused >= ALL_REFUSED {
                    failed = failed.or(Some(Error::Refused(why)));
                }
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let companies: Vec<&str> = accepted.iter().map(|(_, company)| company.as_str()).collect();
    let seen = seen(vendor, key_widget, &companies).await?;
    left.written += seen.len();
    left.unseen += accepted.len() - seen.len();
    let adopted = accepted.iter().filter(|(_, company)| seen.contains_key(company));
    let adopted = adopted.map(|(row, company)| events::adopted(company, row));
    runtime.events.write(Stage::Load, adopted.collect()).await;
    failed.map_or(Ok(()), Err)
}

/// Those of these customers that have rows with their keys, as soon as they all have, or when that has lasted too long: an
/// answer of success is no proof (docs/jiandaoyun-api.md §5.1).
async fn seen(
    vendor: &Vendor,
    key_widget: &str,
    companies: &[&str],
) -> Result<HashMap<String, usize>, Error> {
    let mut backoff = Backoff::new(LOOKS.0, LOOKS.1);
    let mut looks = 0;
    loop {
        let seen = with_rows(vendor, key_widget, companies).await?;
        looks += 1;
        if seen.len() == companies.len() || looks == MOST_LOOKS {
            return Ok(seen);
        }
        backoff.wait().await;
    }
}

/// Those of at most 100 customers that have rows with their key.
pub(crate) async fn with_rows(
    vendor: &Vendor,
    key_widget: &str,
    companies: &[&str],
) -> Result<HashMap<String, usize>, Error> {
    if companies.is_empty() {
        return Ok(HashMap::new());
    }
    let recognition = Recognition {
        key_widget: key_widget.to_owned(),
        widgets: Vec::new(),
        kinds: vendor.client.kinds.clone(),
    };
    let (client, recognition) = (&vendor.client, &recognition);
    let patience = Patience::new(PATIENCE);
    let tried = vendor
        .insist_paused(&patience, move || client.rows_of(recognition, companies))
        .await;
    match tried {
        Tried::Done(shown, _) => Ok(shown
            .rows
            .into_iter()
            .map(|(key, rows)| (key, rows.len()))
            .collect()),
        Tried::Refused(refusal, _) => Err(Error::Refused(refusal.describe())),
        Tried::Lost | Tried::Held | Tried::Aside => Err(Error::Away),
    }
}

/// `false` when the row is gone.
async fn one(vendor: &Vendor, key_widget: &str, row: &str, company: &str) -> Result<bool, Error> {
    let cell = encode_text(key_widget, company).map_err(|error| Error::Refused(error.to_string()))?;
    // Nobody's automation has to hear of a key.
    let options = WriteOptions::default();
    let (client, cell, options) = (&vendor.client, &cell, &options);
    let patience = Patience::new(PATIENCE);
    let tried = vendor
        .insist_paused(&patience, move || {
            client.update(row, cell, options, Lane::Live, ALWAYS)
        })
        .await;
    match tried {
        Tried::Done(..) => Ok(true),
        Tried::Refused(refusal, _) if refusal.code == codes::RECORD_GONE => Ok(false),
        Tried::Refused(refusal, _) => Err(Error::Refused(refusal.describe())),
        Tried::Lost | Tried::Held | Tried::Aside => Err(Error::Away),
    }
}
