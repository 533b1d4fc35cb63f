//! What setting up ends in: settings of the three programs, and files to download that say the same.

use super::{
    progress::Progress,
    steps::{chosen_form, chosen_key},
};
use crate::server::Failure;
use mapping::draft;
use pipeline::{
    setup::{Field, FormSheet, Widget, quoted},
    stage::Stage,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write};

/// Settings, and documents by the variables that name their files.
pub(super) type Settled = (BTreeMap<String, String>, BTreeMap<String, String>);

/// What a stage's program gets beside its keys.
///
/// # Errors
/// When something was not chosen yet.
pub(super) fn settings(progress: &Progress, stage: Stage, lists: bool) -> Result<Settled, Failure> {
    let (form, key_widget) = (chosen_form(progress)?, chosen_key(progress)?);
    let document = progress.document.clone().unwrap_or_default();
    let named = |pairs: &[(&str, &str)]| {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(pair).collect::<BTreeMap<_, _>>()
    };
    let on = |on| if on { "on" } else { "off" };
    let (settings, mut documents) = match stage {
        Stage::Extract => (named(&[("LISTING", on(lists))]), BTreeMap::new()),
        Stage::Transform => (
            BTreeMap::new(),
            named(&[("MAPPING_EXTRAS", &extras(form, key_widget))]),
        ),
        Stage::Load => {
            let ids = [
                ("JDY_APP_ID", form.app_id.as_str()),
                ("JDY_ENTRY_ID", &form.entry_id),
                ("JDY_KEY_WIDGET", key_widget),
                (
                    "IGNORE_KEYLESS",
                    if progress.ignore_keyless { "true" } else { "false" },
                ),
            ];
            (named(&ids), BTreeMap::new())
        }
    };
    if stage != Stage::Extract {
        documents.insert("MAPPING".to_owned(), document);
    }
    Ok((settings, documents))
}

/// A file to download.
pub(crate) struct File {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its media type.
    pub(crate) kind: &'static str,
    /// What is in it.
    pub(crate) text: String,
}

/// Names of the files that there are.
pub(crate) const FILES: [&str; 4] = ["okki.env", "mapping.json", "extras.json", "okki.yaml"];

/// One of [`FILES`].
///
/// # Errors
/// When there is no such file, or something was not chosen yet.
pub(crate) fn file(progress: &Progress, name: &str, namespace: &str) -> Result<File, Failure> {
    let (form, key_widget) = (chosen_form(progress)?, chosen_key(progress)?);
    let document = progress.document.clone().unwrap_or_default();
    let text = |name, kind, text| Ok(File { name, kind, text });
    match name {
        "okki.env" => text("okki.env", "text/plain; charset=utf-8", env(progress, namespace)?),
        "mapping.json" => text("mapping.json", "application/json", document),
        "extras.json" => text("extras.json", "application/json", extras(form, key_widget)),
        "okki.yaml" => text("okki.yaml", "application/yaml", manifests(progress, namespace)?),
        _ => Err(Failure::nothing(words::kept!("there is no such file"))),
    }
}

/// What is not a secret, as `NAME=value`.
fn public(progress: &Progress, namespace: &str) -> Result<Vec<(&'static str, String)>, Failure> {
    let (form, key_widget) = (chosen_form(progress)?, chosen_key(progress)?);
    let mut pairs = vec![
        ("NAMESPACE", namespace.to_owned()),
        ("JDY_APP_ID", form.app_id.clone()),
        ("JDY_ENTRY_ID", form.entry_id.clone()),
        ("JDY_KEY_WIDGET", key_widget.to_owned()),
    ];
    if progress.ignore_keyless {
        pairs.push(("IGNORE_KEYLESS", "true".to_owned()));
    }
    Ok(pairs)
}

fn env(progress: &Progress, namespace: &str) -> Result<String, Failure> {
    let mut text = words::text!(
        "# The desk keeps no keys: fill these three in.\nOKKI_CLIENT_ID=\nOKKI_CLIENT_SECRET=\nJDY_API_KEY=\n\
         # mapping.json and extras.json lie beside this file.\nMAPPING=mapping.json\nMAPPING_EXTRAS=extras.json\n"
    )
    .to_owned();
    for (name, value) in public(progress, namespace)? {
        writeln!(text, "{name}={}", quoted(&value)).map_err(|_| Failure::nothing(name))?;
    }
    Ok(text)
}

/// A ConfigMap for the settings, one for the documents, and a Secret to fill in. JSON texts are YAML texts.
fn manifests(progress: &Progress, namespace: &str) -> Result<String, Failure> {
    let (form, key_widget) = (chosen_form(progress)?, chosen_key(progress)?);
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = format!(
        "# {}\napiVersion: v1\nkind: Secret\nmetadata:\n  name: okki-credentials\nstringData:\n  OKKI_CLIENT_ID: \"\"\n  \
         OKKI_CLIENT_SECRET: \"\"\n  JDY_API_KEY: \"\"\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: okki-form\ndata:\n",
        words::text!("The desk keeps no keys: fill in the Secret.")
    );
    for (name, value) in public(progress, namespace)? {
        writeln!(text, "  {name}: {}", json(&value)).map_err(|_| Failure::nothing(name))?;
    }
    let document = progress.document.as_deref().unwrap_or_default();
    let documents = format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: okki-mapping\ndata:\n  mapping.json: {}\n  extras.json: {}\n",
        json(document),
        json(&extras(form, key_widget))
    );
    text.push_str(&documents);
    Ok(text)
}

/// The additions to the document: which widget holds the key, and the types of all of them.
fn extras(form: &FormSheet, key_widget: &str) -> String {
    fn told(widget: &Widget) -> Value {
        let items: Vec<Value> = widget.items.iter().map(told).collect();
        json!({"name": widget.name, "label": widget.label, "type": widget.kind, "items": items})
    }
    let widgets: Vec<Value> = form.widgets.iter().map(told).collect();
    json!({"key_widget": key_widget, "widgets": widgets}).to_string()
}

pub(super) fn drafted(widget: &Widget) -> draft::Widget {
    draft::Widget {
        name: widget.name.clone(),
        label: widget.label.clone(),
        kind: widget.kind.clone(),
    }
}

pub(super) fn drafted_field(field: &Field) -> draft::Field {
    draft::Field {
        id: field.id.clone(),
        label: field.label.clone(),
        group: field.group.clone(),
        kind: field.kind,
        contact: field.contact,
        disabled: field.disabled,
    }
}
