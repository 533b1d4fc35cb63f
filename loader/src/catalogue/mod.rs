//! What Jiandaoyun shows to who sets a pipeline up: the apps and forms of the company, and what is in one form.
//!
//! Needs the company's key and nothing else, so it works before a form is named: `names` finds the one that is meant, `sheet`
//! looks at it, `ask` repeats calls for a while and tells what to do when that does not help. Nothing here pauses the stage:
//! who looks for a form may ask for one that the key does not reach.

mod ask;
pub(crate) mod names;
mod sheet;

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt as _, TryStreamExt as _};
use pipeline::setup::{App, Catalogue, Form};

use crate::jdy::codes;
use crate::jdy::company::Company;
use crate::jdy::listing::{Listed, Listing};
use crate::jdy::types::Reply;
use ask::insist;

pub(crate) use ask::Error;
pub(crate) use sheet::sheet;

/// Nobody finds their form in a longer list.
const MOST_APPS: usize = 1_000;
const MOST_FORMS: usize = 10_000;
/// Apps whose forms are asked for at the same time; rows that wait to be written share the quota.
const AT_ONCE: usize = 2;

/// The apps and forms that the API key may see. An app that it may not open has none.
pub(crate) async fn catalogue(company: &Company) -> Result<Catalogue, Error> {
    let apps = read(MOST_APPS, |skip| company.apps(skip)).await?;
    let left = AtomicUsize::new(MOST_FORMS);
    let apps = futures::stream::iter(apps).map(|app| with_forms(company, app, &left));
    let apps: Vec<App> = apps.buffered(AT_ONCE).try_collect().await?;
    Ok(Catalogue { apps })
}

/// `left`: so many forms may still be read. Apps that are read at the same time may exceed it together.
async fn with_forms(company: &Company, app: Listed, left: &AtomicUsize) -> Result<App, Error> {
    let id = app.id.as_str();
    let most = left.load(Ordering::Relaxed);
    let forms = match read(most, |skip| company.forms(id, skip)).await {
        Ok(forms) => forms,
        Err(Error::Refused(refusal)) if codes::is_about_app(refusal.code) => {
            tracing::info!(
                app_id = id,
                refusal = refusal.describe(),
                "the forms of an app are not shown"
            );
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    left.fetch_sub(forms.len().min(left.load(Ordering::Relaxed)), Ordering::Relaxed);
    let form = |form: Listed| Form {
        id: form.id,
        name: form.name,
    };
    Ok(App {
        forms: forms.into_iter().map(form).collect(),
        id: app.id,
        name: app.name,
    })
}

/// A whole list.
async fn read<F, Fut>(most: usize, page: F) -> Result<Vec<Listed>, Error>
where
    F: Fn(usize) -> Fut,
    Fut: Future<Output = Reply<Vec<Listed>>>,
{
    let mut listing = Listing::new(most);
    while let Some(skip) = listing.next() {
        listing.take(insist(|| page(skip)).await?);
    }
    Ok(listing.found())
}
