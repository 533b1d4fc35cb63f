//! `mapping draft`: the first document for a form, from what both vendors say of themselves.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use mapping::draft::{Draft, FieldReport, Form, draft};
use pipeline::setting::ConfigError;
use pipeline::setup::{Dictionary, Field, FormSheet};
use serde::de::DeserializeOwned;

use super::table::columns;

/// Fields without a widget that are named.
const NAMED: usize = 40;

/// Arguments of `draft`.
#[derive(Debug, Args)]
pub(super) struct DraftArgs {
    /// The form, as `loader form --json` prints it
    #[arg(long, value_name = "FILE")]
    form: PathBuf,
    /// OKKI's fields and some customers, as `extractor fields --json` prints them
    #[arg(long, value_name = "FILE")]
    fields: PathBuf,
    /// The widget that holds the customers' ids, by name or caption (JDY_KEY_WIDGET); the loader fills it
    #[arg(long, value_name = "WIDGET")]
    key_widget: Option<String>,
    /// Write the document into this file [default: print it]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long, requires = "out")]
    force: bool,
}

pub(super) fn run(args: &DraftArgs) -> anyhow::Result<()> {
    let form: FormSheet = json(&args.form, "loader form --json")?;
    let found: Dictionary = json(&args.fields, "extractor fields --json")?;
    for left in &found.left_out {
        let left = words::retold(left);
        pipeline::remark!("left out: {left}");
    }
    if args.key_widget.is_none() {
        pipeline::remark!(
            "no --key-widget is named: a widget that is to hold the customers' ids may get a field like any other"
        );
    }
    let draft = drafted(&form, &found, args.key_widget.as_deref())?;
    let report = report(&draft);
    // The document alone goes to standard output, for a pipe.
    match &args.out {
        None => pipeline::remark!("{report}"),
        Some(_) => pipeline::say!("{report}")?,
    }
    words::ensure!(
        draft.mapped() > 0,
        "no widget of the form fits a field of OKKI; nothing is written"
    );
    let Some(out) = &args.out else {
        return Ok(pipeline::cli::output::write(format_args!("{}", draft.document))?);
    };
    write(out, &draft.document, args.force)?;
    let (out, form, fields) = (out.display(), args.form.display(), args.fields.display());
    pipeline::say!("{out} written")?;
    pipeline::say!("next: transformer mapping check {out} --form {form} --company {fields}")?;
    pipeline::say!("next: transformer mapping try {out} --records {fields}")?;
    Ok(())
}

fn json<T: DeserializeOwned>(path: &Path, printed_by: &str) -> anyhow::Result<T> {
    let text = super::read(path)?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        let error = words::retold(&error.to_string());
        let problem = words::tr!("is not what `{printed_by}` prints: {error}");
        let remedy = words::tr!("write it anew: {printed_by} > {}", path.display());
        ConfigError::new(path.display().to_string(), problem, remedy).into()
    })
}

fn drafted(form: &FormSheet, found: &Dictionary, key_widget: Option<&str>) -> anyhow::Result<Draft> {
    let fields: Vec<_> = found.fields.iter().map(field).collect();
    let widgets: Vec<_> = form.widgets.iter().map(widget).collect();
    let about = Form {
        app_id: &form.app_id,
        entry_id: &form.entry_id,
        widgets: &widgets,
        key_widget,
    };
    let draft = draft(&fields, &found.customers, &about);
    if let Some(key) = key_widget.filter(|_| !draft.has_key()) {
        let problem = words::tr!("the form has no widget `{key}`");
        let remedy = words::text!("give its name (_widget_…, or its alias) or its caption");
        return Err(ConfigError::new("--key-widget", problem, remedy).into());
    }
    Ok(draft)
}

fn field(field: &Field) -> mapping::draft::Field {
    mapping::draft::Field {
        id: field.id.clone(),
        label: field.label.clone(),
        group: field.group.clone(),
        kind: field.kind,
        contact: field.contact,
        disabled: field.disabled,
    }
}

fn widget(widget: &pipeline::setup::Widget) -> mapping::draft::Widget {
    mapping::draft::Widget {
        name: widget.name.clone(),
        label: widget.label.clone(),
        kind: widget.kind.clone(),
    }
}

/// What became of each widget, and the fields that no widget shows.
fn report(draft: &Draft) -> String {
    let head = [words::text!("widget"), words::text!("field"), words::text!("why")];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in &draft.widgets {
        let field = match &one.outcome {
            Ok(found) if found.contact => words::tr!("{} (of the main contact)", found.field),
            Ok(found) => found.field.clone(),
            Err(_) => words::text!("(not mapped)").to_owned(),
        };
        rows.push(vec![one.label.clone(), field, one.reason()]);
    }
    let mut text = columns(&rows);
    let (mapped, all) = (draft.mapped(), draft.widgets.len());
    text.push_str(&words::tr!("{mapped} of {all} widgets are mapped"));
    let left: Vec<&FieldReport> = draft
        .fields
        .iter()
        .filter(|field| field.widgets.is_empty())
        .collect();
    if !left.is_empty() {
        let mut names: Vec<&str> = left.iter().map(|one| one.field.label.as_str()).collect();
        names.dedup();
        let more = match names.len() > NAMED {
            true => "…",
            false => "",
        };
        names.truncate(NAMED);
        text.push('\n');
        text.push_str(&words::tr!(
            "fields of OKKI without a widget ({}): {}{more}",
            left.len(),
            words::list(&names)
        ));
    }
    text
}

fn write(path: &Path, document: &str, force: bool) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    match force {
        true => options.write(true).create(true).truncate(true),
        false => options.write(true).create_new(true),
    };
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(document.as_bytes()));
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let remedy = words::text!("name another file, or add --force to overwrite it");
            Err(ConfigError::new("--out", words::tr!("{} is there already", path.display()), remedy).into())
        }
        written => written.with_context(|| words::tr!("write {}", path.display())),
    }
}
