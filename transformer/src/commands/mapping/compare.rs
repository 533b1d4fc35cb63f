//! A mapping beside a form: every field must exist there, be writable, and be sent as what it is.

use mapping::{Parameter, Problem};

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
    let parameters = mapping.parameters();
    for (info, prefix) in fields.chain(children) {
        let FieldInfo { field, label, .. } = info;
        let said = |message: String| of_field(mapping, &parameters, info, message);
        let Some(widget) = form.widgets.get(&format!("{prefix}{field}")) else {
            problems.push(said(words::tr!("{name}: the form has no field {field}")));
            continue;
        };
        match Widget::parse(&widget.kind).filter(|_| !widget.read_only) {
            None => problems.push(said(words::tr!(
                "{name}: {field} is a {}, which cannot be written",
                widget.kind
            ))),
            Some(wanted) if wanted != info.widget => problems.push(said(words::tr!(
                "{name}: {field} is a {} on the form, but {} is sent; add it to the widgets of --extras",
                widget.kind,
                info.widget.name()
            ))),
            Some(_) => {}
        }
        if let Some(caption) = widget.label.as_ref().filter(|caption| *caption != label) {
            warnings.push(said(words::tr!("{name}: the form calls {field} \"{caption}\"")));
        }
    }
    if let Some(key) = &mapping.extras().key_widget {
        let message = match form.widgets.get(key).map(|widget| widget.kind.as_str()) {
            None => words::tr!("{name}: the key widget {key} is not on the form"),
            Some("text") => return,
            Some(kind) => words::tr!("{name}: the key widget {key} is a {kind}, a text field is needed"),
        };
        let mut problem = Problem::new(mapping.extras_name(), message);
        problem.place = mapping.extras().key_place;
        problems.push(problem.to_string());
    }
}

/// Something about a field, with its place in the document.
fn of_field(mapping: &Mapping, parameters: &[&Parameter], info: &FieldInfo, message: String) -> String {
    let mut problem = Problem::new(mapping.name(), message).field(info.label.clone());
    let found = parameters
        .iter()
        .find(|parameter| parameter.field == info.field && parameter.label == info.label);
    problem.place = found.and_then(|parameter| parameter.place);
    problem.to_string()
}
