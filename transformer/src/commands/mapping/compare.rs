//! A mapping beside a form: every field must exist there, be writable, and be sent as what it is.

use crate::map::{Extras, FieldInfo, Mapping, Widget};

/// Adds what is wrong and what is only odd; `name` says where the form came from.
pub(super) fn compare(
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
            problems.push(words::tr!(
                "{name}: field \"{label}\": the form has no field {field}"
            ));
            continue;
        };
        match Widget::parse(&widget.kind).filter(|_| !widget.read_only) {
            None => problems.push(words::tr!(
                "{name}: field \"{label}\": {field} is a {}, which cannot be written",
                widget.kind
            )),
            Some(wanted) if wanted != info.widget => problems.push(words::tr!(
                "{name}: field \"{label}\": {field} is a {} on the form, but {} is sent; add it to the widgets of --extras",
                widget.kind,
                info.widget.name()
            )),
            Some(_) => {}
        }
        if let Some(caption) = widget.label.as_ref().filter(|caption| *caption != label) {
            warnings.push(words::tr!(
                "{name}: field \"{label}\": the form calls {field} \"{caption}\""
            ));
        }
    }
    if let Some(key) = &mapping.extras().key_widget {
        match form.widgets.get(key).map(|widget| widget.kind.as_str()) {
            None => problems.push(words::tr!("{name}: the key widget {key} is not on the form")),
            Some("text") => {}
            Some(kind) => problems.push(words::tr!(
                "{name}: the key widget {key} is a {kind}, a text field is needed"
            )),
        }
    }
}
