//! Values of a source document that OKKI would answer with nothing, with everybody, or with somebody else: refused with
//! their place before anything is listed.

use super::filter::group_list;
use crate::okki::time;
use mapping::{Parameter, SourceDocument};
use pipeline::setting::ConfigError;
use serde_json::Value;

const GROUPS: &str =
    words::mark!("write the group's number, several with commas; `extractor check` asks OKKI for them");

/// A problem and its remedy.
type Odd = (String, &'static str);

/// Refuses what is odd about the paths and the parameters as they are sent.
pub(super) fn refuse(
    document: &SourceDocument,
    given: &[(String, String)],
    text: &str,
    name: &str,
) -> Result<(), ConfigError> {
    let over = document
        .omission_remedy
        .iter()
        .flat_map(|remedy| &remedy.take_over);
    let named = || document.request.iter().chain(over).find_map(variable_of);
    let found = path(document)
        .or_else(named)
        .or_else(|| given.iter().find_map(|(field, value)| parameter(field, value)));
    match found.or_else(|| condition(text)) {
        None => Ok(()),
        Some((problem, remedy)) => Err(ConfigError::new(name, problem, remedy)),
    }
}

/// What a document has beside the fields and nothing comes of.
pub(super) fn without_effect(text: &str, name: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let is_used = |field: &str| matches!(field, "info_api" | "info_key" | "format");
    let fields: Vec<&str> = match &document["otherRequest"] {
        Value::Array(entries) => entries
            .iter()
            .filter_map(|entry| entry["field"].as_str())
            .collect(),
        Value::Object(members) => members.keys().map(String::as_str).collect(),
        _ => vec![],
    };
    let idle = fields.into_iter().filter(|field| !is_used(field));
    let idle = idle.map(|field| {
        words::tr!(
            "{name}: otherRequest: {field} has no effect; parameters of the listing belong into request"
        )
    });
    let requests = document["request"].as_array().into_iter().flatten();
    let parents = requests.filter(|entry| entry["children"].as_array().is_some_and(|all| !all.is_empty()));
    let children = parents.map(|entry| {
        let field = entry["field"].as_str().unwrap_or("?");
        words::tr!(
            "{name}: request: the children of {field} have no effect; write each as a parameter of its own"
        )
    });
    idle.chain(children).collect()
}

/// Another object of OKKI's has other ids, and a listing of its own. Parameters in the path would stand beside ours.
fn path(document: &SourceDocument) -> Option<Odd> {
    let paths = [Some(document.api.as_str()), document.info_api()];
    if let Some(path) = paths.into_iter().flatten().find(|path| path.contains(['?', '#'])) {
        let problem = words::tr!("`{path}` has parameters of its own");
        return Some((problem, words::text!("write them into request, one by one")));
    }
    let is_of_customers = |path: &str| path.split('/').any(|part| part.eq_ignore_ascii_case("company"));
    let api = Some(document.api.as_str()).filter(|path| !is_of_customers(path));
    let info = document.info_api().filter(|path| !is_of_customers(path));
    api.map(|path| {
        (
            words::tr!("api is `{path}`, which lists no customers"),
            words::text!("write /v1/company/list or /v1/company/updates"),
        )
    })
    .or(info.map(|path| {
        (
            words::tr!("info_api is `{path}`, which shows no customer"),
            words::text!("write /v1/company/info, or take it out"),
        )
    }))
}

/// A listing has no record that a name in braces could stand for.
fn variable_of(parameter: &Parameter) -> Option<Odd> {
    let value = parameter.value.as_ref()?;
    let key = || {
        value
            .paths()
            .first()
            .map(|path| format!("{{{{{}}}}}", path.as_str()))
    };
    let looked_up = || value.lookups().first().map(|_| value.as_str().to_owned());
    let variable = variable(value.as_str()).map(str::to_owned);
    let variable = variable.or_else(key).or_else(looked_up)?;
    let problem = words::tr!("{}: `{variable}` is no variable of the platform", parameter.field);
    Some((
        problem,
        words::text!("correct its name, or write the value itself"),
    ))
}

fn parameter(field: &str, value: &str) -> Option<Odd> {
    let shown = || words::tr!("{field} is `{value}`");
    let is_one_of = |known: &[&str]| known.contains(&value.trim());
    match field {
        "count" if !value.trim().parse::<u32>().is_ok_and(|count| count > 0) => Some((
            shown(),
            words::text!("write a whole number of rows from 1 on, or take it out (OKKI_PAGE_SIZE)"),
        )),
        "start_index"
            if !value
                .trim()
                .parse::<f64>()
                .is_ok_and(|page| page == 0.0 || page == 1.0) =>
        {
            Some((
                shown(),
                words::text!("take it out or write {{PAGINATION_START_ROW}}: every page is listed"),
            ))
        }
        "all" if !is_one_of(&["0", "1", "2"]) => Some((
            shown(),
            words::text!(
                "write 1 for all customers, 0 for the private ones (私海) or 2 for the public ones (公海)"
            ),
        )),
        "removed" if !is_one_of(&["0", "1"]) => Some((
            shown(),
            words::text!("write 0, or 1 to follow deleted customers, too (REMOVALS)"),
        )),
        "group_id" => group_list(value)
            .err()
            .map(|problem| (words::of(field, problem), GROUPS)),
        _ => None,
    }
}

/// A name in braces that is none of the platform's for a source.
fn variable(text: &str) -> Option<&str> {
    const KNOWN: [&str; 4] = [
        "PAGINATION_PAGE_SIZE",
        "PAGINATION_START_ROW",
        "LAST_SYNC_TIME",
        "CURRENT_TIME",
    ];
    let is_known = |name: &str| KNOWN.contains(&name) || name.starts_with("DAYS_AGO_");
    let mut rest = text;
    while let Some(begin) = rest.find('{') {
        let end = begin + rest[begin..].find('}')?;
        let name = rest[begin..end].trim_start_matches('{');
        let name = name.split('|').next().unwrap_or(name).trim();
        let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if name.len() > 1 && name.bytes().all(is_name) && !is_known(name) {
            let closing = rest[end..].bytes().take_while(|byte| *byte == b'}').count();
            return Some(&rest[begin..end + closing]);
        }
        rest = rest[end..].trim_start_matches('}');
    }
    None
}

/// `timestamp:` compares with a time that is written out; with anything else the condition never holds.
fn condition(text: &str) -> Option<Odd> {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let groups = document["condition"].as_array()?;
    for (n, group) in groups.iter().enumerate() {
        for (m, rule) in group.as_array().into_iter().flatten().enumerate() {
            let value = rule["value"].as_str().unwrap_or_default();
            let Some(time) = value.strip_prefix("timestamp:") else {
                continue;
            };
            let is_computed = time.contains('{') || time.contains("_function");
            if !is_computed && !time.trim().parse::<i64>().is_ok_and(is_time) {
                let field = rule["field"].as_str().unwrap_or("?");
                let problem = words::tr!("condition[{n}][{m}] ({field}): `{value}` is no time");
                return Some((
                    problem,
                    words::text!("write the unix time in seconds, such as timestamp:1767196800"),
                ));
            }
        }
    }
    None
}

/// Seconds of the last or the next decades; milliseconds are none.
fn is_time(seconds: i64) -> bool {
    (0..time::now().saturating_add(100 * 366 * 86_400)).contains(&seconds)
}
