//! The fields that customers of the account have, and a few customers as the CRM shows them: what a first mapping is made of.

use crate::{
    okki::{Client, Error, chain, time},
    record::{
        Listing,
        choose::{self, Wanted},
    },
};
use futures::StreamExt;
use mapping::draft;
use pipeline::{
    quota::Lane,
    setup::{Dictionary, Field},
};
use serde_json::Value;

/// Rows of a page: more than anybody may ask for, and so few that a page is small.
const ROWS: u32 = 50;
/// Details that are under way at the same time.
const AT_ONCE: usize = 4;
/// All customers together; whoever asked may keep them in memory.
const MOST_BYTES: usize = 8 << 20;

/// Asks for both dictionaries and for the customers that changed last. What the account does not show is left out, and said.
///
/// # Errors
/// When OKKI answers nothing at all: wrong credentials, no quota, an outage.
pub(crate) async fn dictionary(client: &Client, customers: usize) -> Result<Dictionary, Error> {
    let mut found = Dictionary::default();
    let mut refused = None;
    for contact in [false, true] {
        match client.fields(Lane::Live, contact).await {
            Ok(fields) => found.fields.extend(fields),
            Err(error) if is_of_everything(&error) => return Err(error),
            Err(error) => {
                let why = chain(&error);
                found.left_out.push(match contact {
                    false => words::kept!("OKKI does not show the fields of customers: {why}"),
                    true => words::kept!("OKKI does not show the fields of contacts: {why}"),
                });
                refused = Some(error);
            }
        }
    }
    if customers > 0 {
        match newest(client, customers).await {
            Ok(ids) => take(client, &ids, &mut found).await?,
            Err(error) if is_of_everything(&error) || found.fields.is_empty() => return Err(error),
            Err(error) => {
                let why = chain(&error);
                found
                    .left_out
                    .push(words::kept!("OKKI lists no customers: {why}"));
            }
        }
    }
    match refused {
        Some(error) if found.fields.is_empty() && found.customers.is_empty() => Err(error),
        _ => {
            group(&mut found);
            Ok(found)
        }
    }
}

/// No other question would be answered.
fn is_of_everything(error: &Error) -> bool {
    matches!(
        error,
        Error::Auth { .. } | Error::Closed { .. } | Error::Quota(_) | Error::Store(_)
    )
}

async fn newest(client: &Client, customers: usize) -> Result<Vec<String>, Error> {
    let wanted = Wanted {
        last: customers,
        since: None,
        count: ROWS,
    };
    choose::newest(&Listing::new(client, Lane::Live), wanted, time::now()).await
}

/// Adds the customers' details, in the order of the ids; one that is not shown costs that one.
async fn take(client: &Client, ids: &[String], found: &mut Dictionary) -> Result<(), Error> {
    let ask = |id: &String| {
        let id = id.clone();
        async move { (client.detail(Lane::Live, &id).await, id) }
    };
    let mut answers = futures::stream::iter(ids.iter().map(ask)).buffered(AT_ONCE);
    let mut bytes = 0;
    while let Some((answer, id)) = answers.next().await {
        let left_out = match answer {
            Err(error) if is_of_everything(&error) => return Err(error),
            Err(error) => chain(&error),
            Ok(detail) => {
                bytes += detail.json.get().len();
                // Half of a character costs that character, as in the transformer.
                let (text, _) = mapping::surrogate::repaired(detail.json.get().as_bytes());
                match serde_json::from_slice::<Value>(&text) {
                    Ok(customer) if bytes <= MOST_BYTES => {
                        found.customers.push(customer);
                        continue;
                    }
                    Ok(_) => words::kept!("the answers are larger than {} MiB", MOST_BYTES >> 20),
                    Err(error) => error.to_string(),
                }
            }
        };
        found
            .left_out
            .push(words::kept!("customer {id} is left out: {left_out}"));
    }
    Ok(())
}

/// The dictionary names no groups, as far as is known; details do.
fn group(found: &mut Dictionary) {
    let groups = draft::groups(&found.customers);
    for field in found
        .fields
        .iter_mut()
        .filter(|field| !field.contact && field.group.is_empty())
    {
        field.group = groups.get(&field.id).cloned().unwrap_or_default();
    }
}

/// How a mapping names each field; `None` for those that no path leads to.
pub(crate) fn references(found: &Dictionary) -> Vec<Option<String>> {
    let fields: Vec<draft::Field> = found.fields.iter().map(of_draft).collect();
    draft::references(&fields, &found.customers)
}

fn of_draft(field: &Field) -> draft::Field {
    draft::Field {
        id: field.id.clone(),
        label: field.label.clone(),
        group: field.group.clone(),
        kind: field.kind,
        contact: field.contact,
        disabled: field.disabled,
    }
}
