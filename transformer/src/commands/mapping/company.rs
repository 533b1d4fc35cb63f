//! The customers that a command maps: the detail answer as `extractor fetch` prints it, from a file or a pipe, or those of a
//! folder that `extractor record` has written.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use pipeline::recording::{Customer, Manifest};
use pipeline::setting::ConfigError;
use serde_json::Value;

/// A detail answer is far below this; a pipe may hold anything.
const LARGEST: u64 = 16 << 20;

/// A customer by what stands behind `--company`: a file, or `-` for standard input.
pub(super) fn given(place: &str) -> anyhow::Result<Value> {
    if place == "-" {
        return parse(&piped(std::io::stdin().lock())?)
            .with_context(|| words::tr!("standard input is not JSON"));
    }
    let path = Path::new(place);
    let is_id = !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit());
    if is_id && !path.exists() {
        let remedy = words::tr!(
            "pipe it from there: `extractor fetch {place} | transformer mapping try FILE --company -`"
        );
        return Err(ConfigError::new(
            "--company",
            words::tr!("{place} is no file, and only the extractor can ask for a customer by its id"),
            remedy,
        )
        .into());
    }
    in_file(path)
}

/// A customer of a recording, and what it is, or why it is none: a refusal, or an answer that no parser takes.
pub(super) type Recorded = (String, anyhow::Result<Value>);

/// The customers of a recording with these ids, or all of them.
pub(super) fn recorded(folder: &Path, ids: &[String]) -> anyhow::Result<Vec<Recorded>> {
    let manifest = Manifest::read(folder)?;
    let customers = manifest.customers(ids)?.into_iter();
    Ok(customers
        .map(|customer| (customer.company_id.clone(), read_recorded(folder, customer)))
        .collect())
}

fn read_recorded(folder: &Path, customer: &Customer) -> anyhow::Result<Value> {
    let path = Manifest::file(folder, &customer.file);
    let bytes = std::fs::read(&path).with_context(|| words::tr!("read {}", path.display()))?;
    let text = String::from_utf8(bytes).with_context(|| {
        words::tr!(
            "{} is not UTF-8, so the customer dies before it is mapped",
            path.display()
        )
    })?;
    let json = parse(&text).with_context(|| words::tr!("{} is not JSON", path.display()))?;
    if let Some(code) = &customer.refused {
        let shown = json
            .get("code")
            .map_or_else(|| customer.status.to_string(), Value::to_string);
        words::bail!("the answer is a refusal: code {shown} ({code})");
    }
    Ok(json)
}

/// Every customer of a folder that `extractor record` has written, or of a file, one after the other, with its id; those of
/// a file that have none are numbered.
pub(super) fn each(
    place: &Path,
    ids: &[String],
    see: &mut dyn FnMut(&str, anyhow::Result<Value>),
) -> anyhow::Result<()> {
    if place.is_dir() {
        let manifest = Manifest::read(place)?;
        for customer in manifest.customers(ids)? {
            see(&customer.company_id, read_recorded(place, customer));
        }
        return Ok(());
    }
    for (n, customer) in several(place)?.into_iter().enumerate() {
        let id = match customer.get("company_id") {
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => format!("#{}", n + 1),
        };
        if ids.is_empty() || ids.contains(&id) {
            see(&id, Ok(customer));
        }
    }
    Ok(())
}

/// The same, kept; there are few in what a person tries.
pub(super) fn all(place: &Path, ids: &[String]) -> anyhow::Result<Vec<Recorded>> {
    if place.is_dir() {
        return recorded(place, ids);
    }
    let mut found = Vec::new();
    each(place, ids, &mut |id, customer| {
        found.push((id.to_owned(), customer))
    })?;
    Ok(found)
}

/// A customer of a file.
pub(super) fn in_file(path: &Path) -> anyhow::Result<Value> {
    parse(&super::read(path)?).with_context(|| words::tr!("{} is not JSON", path.display()))
}

/// All customers of a file: one, an array, one a line, or those that `extractor fields --json` prints.
pub(super) fn several(path: &Path) -> anyhow::Result<Vec<Value>> {
    let text = super::read(path)?;
    let whole = match parse(&text).map(beside_fields) {
        Ok(Value::Array(items)) => return Ok(items.into_iter().map(unwrapped).collect()),
        Ok(one) => return Ok(vec![one]),
        Err(error) => error,
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let read: Result<Vec<Value>, _> = lines.map(parse).collect();
    read.map_err(|_| whole)
        .with_context(|| words::tr!("{} is not JSON", path.display()))
}

/// Takes the envelope (`{"code", "data": {…}}`) off, if there is one.
pub(super) fn unwrapped(json: Value) -> Value {
    match json {
        Value::Object(mut map)
            if map.contains_key("code") && map.get("data").is_some_and(Value::is_object) =>
        {
            map.remove("data").unwrap_or_default()
        }
        other => other,
    }
}

/// The keys of the fields that `extractor fields --json` lists, which nobody needs to have filled; nothing for other files.
pub(super) fn dictionary(path: &Path) -> anyhow::Result<Vec<String>> {
    let Ok(Value::Object(map)) = parse(&super::read(path)?) else {
        return Ok(Vec::new());
    };
    let fields = map.get("fields").and_then(Value::as_array);
    let fields = fields
        .filter(|_| !map.contains_key("company_id"))
        .into_iter()
        .flatten();
    let key = |field: &Value| {
        let text = |name: &str| field.get(name).and_then(Value::as_str);
        let is_contact = field.get("contact").and_then(Value::as_bool) == Some(true);
        let (group, label) = (text("group").unwrap_or_default(), text("label")?);
        (!is_contact && !label.is_empty()).then(|| format!("{group}{label}"))
    };
    Ok(fields.filter_map(key).collect())
}

/// The customers that stand beside the dictionary of fields; a customer has its contacts under the same name, and no fields.
fn beside_fields(json: Value) -> Value {
    match json {
        Value::Object(mut map)
            if map.get("fields").is_some_and(Value::is_array) && !map.contains_key("company_id") =>
        {
            map.remove("customers").unwrap_or_default()
        }
        other => other,
    }
}

fn parse(text: &str) -> serde_json::Result<Value> {
    let (text, _) = mapping::surrogate::repaired(text.trim_start_matches('\u{feff}').as_bytes());
    serde_json::from_slice(&text).map(unwrapped)
}

fn piped(input: impl Read) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = input
        .take(LARGEST + 1)
        .read_to_string(&mut text)
        .with_context(|| words::tr!("read standard input"))?;
    words::ensure!(
        read as u64 <= LARGEST,
        "standard input is larger than 16 MiB; give the detail answer of one customer"
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_id_gets_the_command_that_fetches_it() {
        let error = given("56657420945678").unwrap_err().to_string();
        assert!(
            error.contains("`extractor fetch 56657420945678 | transformer mapping try FILE --company -`"),
            "{error}"
        );
        let error = given("nowhere.json").unwrap_err().to_string();
        assert!(
            error.contains("nowhere.json") && !error.contains("extractor"),
            "{error}"
        );
    }

    #[test]
    fn the_envelope_and_the_mark_of_a_text_file_are_taken_off() {
        let bare = serde_json::json!({"name": "ACME"});
        for text in [
            r#"{"name": "ACME"}"#,
            r#"{"code": 200, "data": {"name": "ACME"}}"#,
            "\u{feff}{\"name\": \"ACME\"}",
        ] {
            assert_eq!(parse(text).unwrap(), bare, "{text}");
        }
    }

    #[test]
    fn an_endless_pipe_is_not_read_to_its_end() {
        let error = piped(std::io::repeat(b'x')).unwrap_err().to_string();
        assert!(error.contains("16 MiB"), "{error}");
    }

    #[test]
    fn a_recording_gives_its_customers_and_says_why_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let details = folder.path().join("details");
        std::fs::create_dir(&details).unwrap();
        let customers = [
            (
                "7",
                b"{\"code\":200,\"data\":{\"name\":\"ACME\"}}".as_slice(),
                None,
            ),
            ("8", b"{\"code\":404,\"data\":[]}", Some("okki-not-found")),
            ("9", b"{\"code\":200,\"data\":{\"name\":\"\xff\"}}", None),
        ];
        let customer = |(id, body, refused): (&str, &[u8], Option<&str>)| {
            std::fs::write(details.join(format!("{id}.json")), body).unwrap();
            Customer {
                company_id: id.into(),
                file: format!("details/{id}.json"),
                status: 200,
                refused: refused.map(str::to_owned),
            }
        };
        let manifest = Manifest {
            format: pipeline::recording::FORMAT,
            customers: customers.map(customer).into(),
            ..Manifest::default()
        };
        manifest.write(folder.path()).unwrap();
        let read = recorded(folder.path(), &[]).unwrap();
        let shown = |n: usize| match &read[n].1 {
            Ok(json) => json.to_string(),
            Err(error) => format!("{error:#}"),
        };
        assert_eq!(shown(0), r#"{"name":"ACME"}"#);
        assert!(
            shown(1).contains("refusal: code 404 (okki-not-found)"),
            "{}",
            shown(1)
        );
        assert!(shown(2).contains("not UTF-8"), "{}", shown(2));
        let one = recorded(folder.path(), &["7".into()]).unwrap();
        assert_eq!(one.len(), 1);
        assert!(recorded(folder.path(), &["5".into()]).is_err());
    }
}
