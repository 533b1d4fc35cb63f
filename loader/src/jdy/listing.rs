//! Which apps a company has, and which forms an app (docs/jiandaoyun-api.md §3.4), page by page.
//!
//! The vendor promises neither an order nor a total. A list that changes while it is read shifts its pages: what comes twice
//! counts once. A short page is never taken for the last one; the end is where nothing new comes.

use std::collections::HashSet;

use pipeline::quota::Lane;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::company::{ALWAYS, Company};
use super::decode::{Object, said};
use super::types::Reply;

/// Entries of a page at most.
const LARGEST_PAGE: usize = 100;

/// An app or a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    /// Empty when it has none.
    pub(crate) name: String,
}

/// Answer of `app/list`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Object")]
struct Apps(Vec<Listed>);

/// Answer of `entry/list`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Object")]
struct Forms(Vec<Listed>);

#[derive(Serialize)]
struct Ask<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<&'a str>,
    skip: usize,
    limit: usize,
}

impl TryFrom<Object> for Apps {
    type Error = &'static str;

    fn try_from(object: Object) -> Result<Self, Self::Error> {
        listed(&object, "apps", "app_id").map(Self)
    }
}

impl TryFrom<Object> for Forms {
    type Error = &'static str;

    fn try_from(object: Object) -> Result<Self, Self::Error> {
        listed(&object, "forms", "entry_id").map(Self)
    }
}

/// Entries without an id cannot be asked for, so they are none.
fn listed(object: &Object, member: &str, id: &str) -> Result<Vec<Listed>, &'static str> {
    let Some(Value::Array(entries)) = object.get(member) else {
        return Err(words::text!("no list"));
    };
    let entry = |entry: &Value| {
        let entry = entry.as_object()?;
        Some(Listed {
            id: said(entry, id)?,
            name: said(entry, "name").unwrap_or_default(),
        })
    };
    Ok(entries.iter().filter_map(entry).collect())
}

impl Company {
    /// Apps behind the first `skip` ones.
    pub(crate) async fn apps(&self, skip: usize) -> Reply<Vec<Listed>> {
        let call = Ask {
            app_id: None,
            skip,
            limit: LARGEST_PAGE,
        };
        let reply = self
            .post::<Apps>(&self.buckets.apps, "/api/v5/app/list", &call, Lane::Live, ALWAYS)
            .await;
        reply.map(|Apps(apps)| apps)
    }

    /// Forms of an app behind the first `skip` ones.
    pub(crate) async fn forms(&self, app_id: &str, skip: usize) -> Reply<Vec<Listed>> {
        let call = Ask {
            app_id: Some(app_id),
            skip,
            limit: LARGEST_PAGE,
        };
        let path = "/api/v5/app/entry/list";
        let reply = self
            .post::<Forms>(&self.buckets.forms, path, &call, Lane::Live, ALWAYS)
            .await;
        reply.map(|Forms(forms)| forms)
    }
}

/// What was read of a list.
#[derive(Debug)]
pub(crate) struct Listing {
    found: Vec<Listed>,
    ids: HashSet<String>,
    /// So many entries came, whether or not they were new.
    skip: usize,
    most: usize,
    has_ended: bool,
}

impl Listing {
    /// Not more than these are read.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            found: Vec::new(),
            ids: HashSet::new(),
            skip: 0,
            most,
            has_ended: most == 0,
        }
    }

    /// How many entries the next page has to leave out; `None` at the end.
    pub(crate) fn next(&self) -> Option<usize> {
        (!self.has_ended).then_some(self.skip)
    }

    /// The page that was asked for.
    pub(crate) fn take(&mut self, page: Vec<Listed>) {
        let before = self.found.len();
        self.skip += page.len();
        for entry in page {
            if self.ids.insert(entry.id.clone()) {
                self.found.push(entry);
            }
        }
        self.found.truncate(self.most);
        self.has_ended = self.found.len() == before || self.found.len() == self.most;
    }

    /// Everything, in the vendor's order.
    pub(crate) fn found(self) -> Vec<Listed> {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(ids: std::ops::Range<usize>) -> Vec<Listed> {
        ids.map(|id| Listed {
            id: id.to_string(),
            name: "same".to_owned(),
        })
        .collect()
    }

    /// Reads a list that `page` shows by what is left out; the ids, and how many calls that took.
    fn read(most: usize, page: impl Fn(usize, usize) -> Vec<Listed>) -> (Vec<usize>, usize) {
        let (mut listing, mut calls) = (Listing::new(most), 0);
        while let Some(skip) = listing.next() {
            listing.take(page(calls, skip));
            calls += 1;
            assert!(calls < 1000, "comes to an end");
        }
        let ids = listing.found().into_iter().map(|entry| entry.id.parse().unwrap());
        (ids.collect(), calls)
    }

    #[test]
    fn a_list_is_read_to_where_nothing_new_comes() {
        for length in [0, 1, 99, 100, 101, 250] {
            let (ids, calls) = read(1000, |_, skip| {
                entries(skip.min(length)..(skip + 100).min(length))
            });
            assert_eq!(ids, (0..length).collect::<Vec<_>>());
            assert_eq!(calls, length.div_ceil(100) + 1);
        }
    }

    #[test]
    fn a_short_page_is_not_the_last_one() {
        let (ids, _) = read(1000, |call, skip| {
            let length = if call == 0 { 7 } else { 100 };
            entries(skip.min(150)..(skip + length).min(150))
        });
        assert_eq!(ids, (0..150).collect::<Vec<_>>());
    }

    #[test]
    fn an_entry_that_shifts_into_the_next_page_counts_once() {
        // Somebody adds an entry in front after the first page was read.
        let (ids, _) = read(1000, |call, skip| {
            let shift = usize::from(call > 0);
            entries((skip - shift).min(150)..(skip - shift + 100).min(150))
        });
        assert_eq!(ids, (0..150).collect::<Vec<_>>());
    }

    #[test]
    fn a_vendor_that_repeats_its_first_page_is_not_asked_for_ever() {
        let (ids, calls) = read(1000, |_, _| entries(0..100));
        assert_eq!((ids.len(), calls), (100, 2));
    }

    #[test]
    fn a_list_without_an_end_is_cut() {
        let (ids, calls) = read(250, |_, skip| entries(skip..skip + 100));
        assert_eq!((ids.len(), calls), (250, 3));
    }

    #[test]
    fn lists_are_read_in_the_shapes_that_may_come() {
        let forms = |body: &str| -> Option<Vec<String>> {
            let forms: Forms = serde_json::from_str(body).ok()?;
            Some(
                forms
                    .0
                    .iter()
                    .map(|form| format!("{} {}", form.id, form.name))
                    .collect(),
            )
        };
        let one = Some(vec!["e 客户".to_owned()]);
        assert_eq!(
            forms(r#"{"forms":[{"app_id":"a","entry_id":"e","name":"客户","x":1}]}"#),
            one
        );
        assert_eq!(
            forms(r#"{"forms":[{"entry_id":"e","name":" 客户 "},{"name":"no id"},7]}"#),
            one
        );
        assert_eq!(
            forms(r#"{"forms":[{"entry_id":7,"name":null}]}"#),
            Some(vec!["7 ".to_owned()])
        );
        assert_eq!(forms(r#"{"forms":[]}"#), Some(vec![]));
        for none in [r#"{"forms":null}"#, "{}", "[]", r#"{"apps":[]}"#] {
            assert_eq!(forms(none), None, "{none}");
        }
        let ask = |app_id| {
            serde_json::to_string(&Ask {
                app_id,
                skip: 100,
                limit: 100,
            })
            .unwrap()
        };
        assert_eq!(ask(None), r#"{"skip":100,"limit":100}"#);
        assert_eq!(ask(Some("a")), r#"{"app_id":"a","skip":100,"limit":100}"#);
    }
}
