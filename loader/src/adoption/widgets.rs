//! `--match`: from what an operator calls a widget to the widget.

use pipeline::setting::ConfigError;

use super::compare::{Compared, Widget};
use crate::jdy::form::Form;

/// Types whose contents can be compared.
const COMPARABLE: [&str; 7] = ["text", "textarea", "number", "phone", "combo", "radiogroup", "sn"];

/// The widgets of these names; each has to be mapped, or customers have nothing to compare.
pub(super) fn resolve(
    asked: &[String],
    form: &Form,
    mapped: &[(String, String)],
) -> Result<Compared, ConfigError> {
    let mut widgets: Vec<Widget> = Vec::new();
    for name in asked
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
    {
        let widget = one(name, form, mapped)?;
        if !widgets.contains(&widget) {
            widgets.push(widget);
        }
    }
    match widgets.is_empty() {
        true => Err(ConfigError::message(words::tr!(
            "--match names no widget; name one or several by name or caption"
        ))),
        false => Ok(Compared(widgets)),
    }
}

fn one(asked: &str, form: &Form, mapped: &[(String, String)]) -> Result<Widget, ConfigError> {
    let refuse = |problem: String| {
        let captions: Vec<&str> = mapped.iter().map(|(_, label)| label.as_str()).collect();
        let remedy = words::tr!("name one of the mapped widgets: {}", words::list(&captions));
        Err(ConfigError::new("--match", problem, remedy))
    };
    let named =
        |(name, label): &&(String, String)| name == asked || label == asked || form.is_called(name, asked);
    let found: Vec<&(String, String)> = mapped.iter().filter(named).collect();
    match found[..] {
        [] => refuse(words::tr!("`{asked}` is no widget that the mapping fills")),
        [(name, label)] => {
            let kind = form.kind(name).unwrap_or_default();
            match COMPARABLE.contains(&kind) {
                true => Ok(Widget {
                    name: name.clone(),
                    label: label.clone(),
                }),
                false => refuse(words::tr!(
                    "`{asked}` is of type {kind}, whose contents are not compared"
                )),
            }
        }
        _ => refuse(words::tr!(
            "`{asked}` is the caption of several widgets; use its name"
        )),
    }
}
