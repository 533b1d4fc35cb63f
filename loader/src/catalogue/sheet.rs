//! One form as who sets a pipeline up needs it: which widgets could hold the key, and whether rows are there already.

use std::sync::Arc;
use std::time::Duration;

use pipeline::setup::{FormSheet, Rows, Widget};

use super::Error;
use super::ask::insist;
use super::names;
use crate::jdy::client::{Client, FormId};
use crate::jdy::codes::Class;
use crate::jdy::company::Company;
use crate::jdy::key_widget::{KeyFault, judge};
use crate::jdy::lookup::{Turn, turn};
use crate::jdy::types::{Widget as Described, text};
use crate::keyless::{self, Foreign, Pages, Row};

/// A form whose filter is ignored may have to be read as a whole; what was seen until then is "at least".
const COUNT_PATIENCE: Duration = Duration::from_secs(10);

/// The widgets of a form, and what is in it. `key_widget` is a name or a caption; with it, rows without a key are counted.
pub(crate) async fn sheet(
    company: &Arc<Company>,
    form: FormId,
    key_widget: Option<&str>,
) -> Result<FormSheet, Error> {
    let client = Client::new(Arc::clone(company), form.clone());
    let described = insist(|| client.widgets()).await?;
    let first = first_page(&client).await?;
    let shown = first.as_deref().unwrap_or_default();
    let widgets: Vec<Widget> = described
        .iter()
        .map(|widget| widget.sheet(key_fault(widget, shown)))
        .collect();
    let key_widget = key_widget
        .map(|asked| names::widget(&widgets, asked))
        .transpose()?;
    let keyless = match key_widget {
        None => None,
        Some(widget) => {
            Some(without_key(&client, first.clone(), &widget.name, widget.no_key.is_none()).await)
        }
    };
    let more = match &first {
        None => true,
        Some(rows) => has_more(&client, rows).await?,
    };
    Ok(FormSheet {
        app_id: form.app_id,
        entry_id: form.entry_id,
        rows: Rows {
            seen: shown.len() as u64,
            more,
            keyless,
        },
        widgets,
    })
}

impl Described {
    fn sheet(&self, no_key: Option<String>) -> Widget {
        let in_subform = || Some(words::english(|| KeyFault::InSubform.to_string()));
        Widget {
            name: self.name.clone(),
            label: self.label.clone(),
            kind: self.kind.clone(),
            items: self.items.iter().map(|item| item.sheet(in_subform())).collect(),
            no_key,
        }
    }
}

/// Why the widget cannot hold the key: by its description, or because something else is in it already.
fn key_fault(widget: &Described, rows: &[Row]) -> Option<String> {
    if let Err(fault) = judge(Some(widget)) {
        return Some(words::english(|| fault.to_string()));
    }
    let foreign = keyless::foreign(rows, &widget.name)?.foreign?;
    Some(match foreign {
        Foreign::Texts => words::kept!("holds texts that are no customer ids"),
        Foreign::Phones => words::kept!("holds telephone numbers"),
        Foreign::Values => words::kept!("holds values that no text widget holds"),
    })
}

/// The oldest rows; `None` when one of them cannot be shown, which says nothing of the form.
async fn first_page(client: &Client) -> Result<Option<Vec<Row>>, Error> {
    match insist(|| client.list(None, None)).await {
        Ok(rows) => Ok(Some(rows)),
        Err(Error::Refused(refusal)) if refusal.class == Class::Row => {
            tracing::warn!(
                refusal = refusal.describe(),
                "the first page of the form cannot be shown"
            );
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether there are rows behind these. A short page is no end (docs/jiandaoyun-api.md §2.3).
async fn has_more(client: &Client, rows: &[Row]) -> Result<bool, Error> {
    let (Turn::Next, cursor) = turn(rows, "") else {
        return Ok(false);
    };
    let next = match insist(|| client.list(Some(&cursor), None)).await {
        Ok(next) => next,
        // One of them cannot be shown, so there are some.
        Err(Error::Refused(refusal)) if refusal.class == Class::Row => return Ok(true),
        Err(error) => return Err(error),
    };
    Ok(next.iter().any(|row| text(row, "_id") > cursor.as_str()))
}

/// Rows without a key, at least. Only a text widget can be asked for being empty.
async fn without_key(client: &Client, first: Option<Vec<Row>>, key_widget: &str, is_text: bool) -> u64 {
    let seen = keyless::keyless(first.as_deref().unwrap_or_default(), key_widget);
    if !is_text {
        return seen as u64;
    }
    let counted = keyless::count_behind(client, first, key_widget);
    let rows = match tokio::time::timeout(COUNT_PATIENCE, counted).await {
        Ok(Ok(counted)) => counted.map_or(0, |counted| counted.at_least).max(seen),
        Ok(Err(error)) => {
            tracing::debug!(%error, "rows without a key are not counted");
            seen
        }
        Err(_) => seen,
    };
    rows as u64
}

impl Pages for Client {
    async fn page(&self, key_widget: Option<&str>, cursor: &str) -> Result<Vec<Row>, keyless::Error> {
        let page = insist(|| self.list_keyless(key_widget, cursor)).await;
        let page = page.map_err(|error| match error {
            Error::Refused(refusal) => keyless::Error::Refused(refusal.describe()),
            _ => keyless::Error::Away,
        })?;
        match turn(&page, cursor).0 {
            Turn::Stuck => Err(keyless::Error::Away),
            _ => Ok(page),
        }
    }
}
