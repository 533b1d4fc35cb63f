//! The source settings of a 轻易云 QUERY document, or the documented ones: paths and fixed parameters.
//!
//! Paging, window and deletion parameters are the extractor's own business (see `walk`); a document's values for
//! them (`{{LAST_SYNC_TIME|datetime}}` and so on) say only which window the platform would have asked for.

use crate::selection::Selection;
use jiff::Timestamp;
use mapping::{Context, Loaded, Problem, SourceDocument};
use pipeline::setting::ConfigError;
use spots::{About, Spots};
use std::{path::Path, time::Duration};

mod bounds;
mod filter;
mod odd;
mod remedy;
mod scope;
mod selected;
mod spots;

pub(crate) use filter::{group_list, rules_of};
pub(crate) use scope::{Listed, Scope};

/// Parameters that the extractor sets itself, whatever a document says.
const OWN: [&str; 6] = [
    "start_index",
    "count",
    "removed",
    "start_time",
    "end_time",
    "date",
];

/// Rows per page for `{{PAGINATION_PAGE_SIZE}}`.
const PAGE_SIZE: u64 = 200;

const REMOVED: &str = words::mark!(
    "removed is 1: deleted customers are listed beside the existing ones, whose changes are wanted, \
                       too; the platform would list the deleted ones alone"
);

/// Where to list and to fetch, and with which further parameters.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Path of the listing.
    pub list: String,
    /// Path of the detail.
    pub info: String,
    /// The detail's parameter that takes the customer's id.
    pub info_key: String,
    /// Further parameters of the listing, such as `group_id`.
    pub parameters: Vec<(String, String)>,
    /// Rows per page, when the document says so.
    pub count: Option<u32>,
    /// The document asks for deleted customers.
    pub removals: bool,
    /// Cron expression and reach of the document's remedy run (补漏).
    pub remedy: Option<(String, Duration)>,
    /// What is done with a fetched customer.
    pub selection: Selection,
    /// The same as the document has it, JSON.
    pub rules: String,
    /// What the document's author should check.
    pub warnings: Vec<String>,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            list: "/v1/company/list".to_owned(),
            info: "/v1/company/info".to_owned(),
            info_key: "company_id".to_owned(),
            parameters: vec![("all".to_owned(), "1".to_owned())],
            count: None,
            removals: false,
            remedy: None,
            selection: Selection::default(),
            rules: String::new(),
            warnings: Vec::new(),
        }
    }
}

impl Source {
    /// Reads a document, if there is one.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) else {
            return Ok(Self::default());
        };
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::new(
                "SOURCE",
                words::tr!("cannot read `{name}`: {error}"),
                words::tr!("name a readable JSON document"),
            )
        })?;
        Self::read(&text, &name)
    }

    // long because every fault of a document has a sentence of its own.
    fn read(text: &str, name: &str) -> Result<Self, ConfigError> {
        let Loaded { document, warnings } =
            SourceDocument::parse(text, name).map_err(|problems| all(&problems))?;
        let spots = Spots::new(text, name);
        if !document.method.eq_ignore_ascii_case("GET") {
            let problem = words::tr!("method is {}", document.method);
            let remedy = words::text!("okki's listing is asked with GET");
            return Err(spots.fault(About::Path(&["method"]), &problem, remedy));
        }
        let now = Timestamp::now();
        // Paging and window are ours; the variables are there so that a document with them can be read.
        let context = Context {
            page_size: Some(PAGE_SIZE),
            start_row: Some(0),
            ..Context::at(now).last_sync(0)
        };
        bounds::refuse(&document, &context, &spots).and_then(|()| refuse_other_hosts(&document, &spots))?;
        let given = given(&document, &context, &spots)?;
        let value = |name: &str| {
            given
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.as_str())
        };
        if value("time_type").is_some_and(|kind| kind != "1") {
            let problem = words::tr!("time_type is not 1, so changes would not be listed");
            let remedy = words::text!("take it out: windows are over the update time");
            return Err(spots.fault(About::Parameter("time_type"), &problem, remedy));
        }
        let base = Self::default();
        let info_key = document.info_key().unwrap_or(&base.info_key);
        if info_key != base.info_key {
            let problem = words::tr!("info_key is `{info_key}`");
            let remedy = words::text!("customers are followed by their company_id");
            return Err(spots.fault(About::Parameter("info_key"), &problem, remedy));
        }
        let removals = value("removed") == Some("1");
        let remarks = remarks(&document, &spots, removals)
            .into_iter()
            .chain(odd::without_effect(&spots))
            .chain(bounds::overlap(&document, &context, &spots))
            .chain(remedy::early_end(&document, &context, &spots))
            .chain(selected::remarks(&document.condition, name));
        Ok(Self {
            info: document.info_api().unwrap_or(&base.info).to_owned(),
            count: value("count").and_then(|count| count.trim().parse().ok()),
            removals,
            remedy: remedy::read(&document, &context, &spots)?,
            selection: Selection {
                format: document.format_response,
                condition: document.condition,
            },
            rules: filter::rules(text),
            warnings: warnings.iter().map(ToString::to_string).chain(remarks).collect(),
            parameters: given
                .iter()
                .filter(|(name, _)| !OWN.contains(&name.as_str()))
                .cloned()
                .collect(),
            list: document.api,
            ..base
        })
    }
}

/// The parameters as they are sent; the detail's format may stand beside the fields.
fn given(
    document: &SourceDocument,
    context: &Context,
    spots: &Spots<'_>,
) -> Result<Vec<(String, String)>, ConfigError> {
    const FORMAT: &str = "format";
    let mut given = document.parameters(context).map_err(|(field, error)| {
        let about = About::Parameter(&field);
        spots.fault(about, &error.to_string(), words::text!("correct its value"))
    })?;
    odd::refuse(document, &given, spots)?;
    if let Some(format) = document.other.get(FORMAT)
        && !given.iter().any(|(name, _)| name == FORMAT)
    {
        given.push((FORMAT.to_owned(), format.to_owned()));
    }
    Ok(given)
}

/// The token would be sent to a host that a path names.
fn refuse_other_hosts(document: &SourceDocument, spots: &Spots<'_>) -> Result<(), ConfigError> {
    let paths = [
        (About::Path(&["api"]), Some(document.api.as_str())),
        (About::Parameter("info_api"), document.info_api()),
    ];
    let names_a_host = |path: &str| path.contains("://") || path.starts_with("//") || path.contains('\\');
    let found = paths.into_iter().find_map(|(about, path)| {
        Some((
            about,
            path.map(str::trim_start).filter(|path| names_a_host(path))?,
        ))
    });
    match found {
        None => Ok(()),
        Some((about, path)) => Err(spots.fault(
            about,
            &words::tr!("`{path}` names a host"),
            words::text!("write the path alone; OKKI_BASE_URL says where it is"),
        )),
    }
}

/// What is followed in another way than the platform does.
fn remarks(document: &SourceDocument, spots: &Spots<'_>, removals: bool) -> Vec<String> {
    let id = document
        .id
        .as_ref()
        .filter(|id| !id.is_empty() && *id != "company_id");
    let other_id = id.map(|id| {
        let message = words::tr!("id is `{id}`, but customers are followed by their company_id");
        spots.remark(About::Path(&["id"]), &message)
    });
    let removed = removals.then(|| spots.remark(About::Parameter("removed"), REMOVED));
    other_id.into_iter().chain(removed).collect()
}

fn all(problems: &[Problem]) -> ConfigError {
    ConfigError::message(
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

#[cfg(test)]
mod tests;
