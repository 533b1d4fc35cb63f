//! `mapping check`: every problem at once, and the comparison with a saved widget list.

use std::path::PathBuf;

use clap::Args;
use pipeline::cli::ConfigError;

use super::DocumentArgs;
use crate::map::{Extras, FieldInfo, Mapping, Widget};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    document: DocumentArgs,
    /// Widget list of the form, as the form's server returns it (JSON); the live form is compared by `loader check`
    #[arg(long, value_name = "FILE")]
    form: Option<PathBuf>,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let mapping = args.document.load()?;
    let mut warnings: Vec<String> = mapping.warnings().iter().map(ToString::to_string).collect();
    let mut problems = Vec::new();
    if let Some(path) = &args.form {
        let name = path.display().to_string();
        let form = Extras::parse(&super::read(path)?, &name).map_err(|problems| {
            ConfigError::message(
                problems
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("\n"),
            )
        })?;
        compare(&mapping, &form, &name, &mut problems, &mut warnings);
    }
    for warning in &warnings {
        println!("warning: {warning}");
    }
    if problems.is_empty() {
        let fields = mapping.fields().len();
        println!("ok: {fields} fields, fingerprint {}", mapping.fingerprint());
        return Ok(());
    }
    Err(ConfigError::message(problems.join("\n")).into())
}

/// Every field must exist on the form, be writable, and be sent as what it is.
fn compare(
    mapping: &Mapping,
    form: &Extras,
    name: &str,
    problems: &mut Vec<String>,
    warnings: &mut Vec<String>,
) {
    let fields = mapping.fields().iter().map(|info| (info, String::new()));
    let children = mapping
        .fields()
        .iter()
        .flat_map(|info| info.children.iter().map(move |c| (c, format!("{}.", info.field))));
    for (info, prefix) in fields.chain(children) {
        let FieldInfo { field, label, .. } = info;
        let Some(widget) = form.widgets.get(&format!("{prefix}{field}")) else {
            problems.push(format!(
                "{name}: field \"{label}\": the form has no field {field}"
            ));
            continue;
        };
        match Widget::parse(&widget.kind) {
            None => problems.push(format!("{name}: field \"{label}\": {field} is a {}, which cannot be written", widget.kind)),
            Some(wanted) if wanted != info.widget => problems.push(format!(
                "{name}: field \"{label}\": {field} is a {} on the form, but {} is sent; add it to the widgets of --extras",
                widget.kind,
                info.widget.name()
            )),
            Some(_) => {}
        }
        if let Some(caption) = widget.label.as_ref().filter(|caption| *caption != label) {
            warnings.push(format!(
                "{name}: field \"{label}\": the form calls {field} \"{caption}\""
            ));
        }
    }
    if let Some(key) = &mapping.extras().key_widget {
        match form.widgets.get(key).map(|widget| widget.kind.as_str()) {
            None => problems.push(format!("{name}: the key widget {key} is not on the form")),
            Some("text") => {}
            Some(kind) => problems.push(format!(
                "{name}: the key widget {key} is a {kind}, a text field is needed"
            )),
        }
    }
}
