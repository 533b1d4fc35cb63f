//! Values of a source document that OKKI would answer with nothing, with everybody, or with somebody else: refused with
//! their place before anything is listed.

use super::filter::group_list;
use super::spots::{About, Spots};
use crate::okki::time;
use mapping::{Parameter, SourceDocument};
use pipeline::setting::ConfigError;
use serde_json::Value;

const GROUPS: &str =
    words::mark!("write the group's number, several with commas; `extractor check` asks OKKI for them");

/// A problem with what it is about, and its remedy.
type Odd<'d> = (About<'d>, String, &'static str);

/// Refuses what is odd about the paths and the parameters as they are sent.
pub(super) fn refuse(
    document: &SourceDocument,
    given: &[(String, String)],
    spots: &Spots<'_>,
) -> Result<(), ConfigError> {
    let over = document.omission_remedy.iter();
    let over = over.flat_map(|remedy| &remedy.take_over);
    let over = over.map(|parameter| (About::TakenOver(&parameter.field), parameter));
    let usual = document.request.iter();
    let usual = usual.map(|parameter| (About::Parameter(&parameter.field), parameter));
    let named = || {
        usual.chain(over).find_map(|(about, parameter)| {
            let (problem, remedy) = variable_of(parameter)?;
            Some((about, problem, remedy))
        })
    };
    let as_sent = || {
        given.iter().find_map(|(field, value)| {
            let (problem, remedy) = parameter(field, value)?;
            Some((About::Parameter(field), problem, remedy))
        })
    };
    let found = path(document).or_else(named).or_else(as_sent);
    if let Some((about, problem, remedy)) = found {
        return Err(spots.fault(about, &problem, remedy));
    }
    condition(spots)
}

/// What a document has beside the fields and nothing comes of.
pub(super) fn without_effect(spots: &Spots<'_>) -> Vec<String> {
    let document = spots.json();
    let is_used = |field: &str| matches!(field, "info_api" | "info_key" | "format");
    let fields: Vec<(String, &str)> = match &document["otherRequest"] {
        Value::Array(entries) => {
            let named = entries.iter().enumerate();
            named
                .filter_map(|(at, entry)| Some((at.to_string(), entry["field"].as_str()?)))
                .collect()
        }
        Value::Object(members) => members.keys().map(|key| (key.clone(), key.as_str())).collect(),
        _ => vec![],
    };
    let idle = fields.into_iter().filter(|(_, field)| !is_used(field));
    let idle = idle.map(|(at, field)| {
        let message =
            words::tr!("otherRequest: {field} has no effect; parameters of the listing belong into request");
        spots.remark(About::Path(&["otherRequest", &at]), &message)
    });
    let requests = document["request"].as_array().into_iter().flatten();
    let parents = requests
        .enumerate()
        .filter(|(_, entry)| entry["children"].as_array().is_some_and(|all| !all.is_empty()));
    let children = parents.map(|(at, entry)| {
        let field = entry["field"].as_str().unwrap_or("?");
        let message = words::tr!(
            "request: the children of {field} have no effect; write each as a parameter of its own"
        );
        spots.remark(About::Path(&["request", &at.to_string(), "children"]), &message)
    });
    idle.chain(children).collect()
}

/// Another object of OKKI's has other ids, and a listing of its own. Parameters in the path would stand beside ours.
fn path(document: &SourceDocument) -> Option<Odd<'_>> {
    let (of_api, of_info) = (About::Path(&["api"]), About::Parameter("info_api"));
    let paths = [
        (of_api, Some(document.api.as_str())),
        (of_info, document.info_api()),
    ];
    let has_own = |path: &&str| path.contains(['?', '#']);
    let own = paths
        .into_iter()
        .find_map(|(about, path)| Some((about, path.filter(has_own)?)));
    if let Some((about, path)) = own {
        let problem = words::tr!("`{path}` has parameters of its own");
        return Some((
            about,
            problem,
            words::text!("write them into request, one by one"),
        ));
    }
    let is_of_customers = |path: &str| path.split('/').any(|part| part.eq_ignore_ascii_case("company"));
    let api = Some(document.api.as_str()).filter(|path| !is_of_customers(path));
    let info = document.info_api().filter(|path| !is_of_customers(path));
    api.map(|path| {
        (
            of_api,
            words::tr!("api is `{path}`, which lists no customers"),
            words::text!("write /v1/company/list or /v1/company/updates"),
        )
    })
    .or(info.map(|path| {
        (
            of_info,
            words::tr!("info_api is `{path}`, which shows no customer"),
            words::text!("write /v1/company/info, or take it out"),
        )
    }))
}

/// A listing has no record that a name in braces could stand for.
fn variable_of(parameter: &Parameter) -> Option<(String, &'static str)> {
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

fn parameter(field: &str, value: &str) -> Option<(String, &'static str)> {
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
fn condition(spots: &Spots<'_>) -> Result<(), ConfigError> {
    let groups = spots.json()["condition"].as_array();
    for (n, group) in groups.into_iter().flatten().enumerate() {
        for (m, rule) in group.as_array().into_iter().flatten().enumerate() {
            let value = rule["value"].as_str().unwrap_or_default();
            let Some(time) = value.strip_prefix("timestamp:") else {
                continue;
            };
            let is_computed = time.contains('{') || time.contains("_function");
            if !is_computed && !time.trim().parse::<i64>().is_ok_and(is_time) {
                let field = rule["field"].as_str().unwrap_or("?");
                let problem = words::tr!("condition[{n}][{m}] ({field}): `{value}` is no time");
                return Err(spots.fault(
                    About::Path(&["condition", &n.to_string(), &m.to_string(), "value"]),
                    &problem,
                    words::text!("write the unix time in seconds, such as timestamp:1767196800"),
                ));
            }
        }
    }
    Ok(())
}

/// Seconds of the last or the next decades; milliseconds are none.
fn is_time(seconds: i64) -> bool {
    (0..time::now().saturating_add(100 * 366 * 86_400)).contains(&seconds)
}
