//! What is meant by a name: an app, a form, a widget. A name that fits several is none, because rows would go into another
//! form.

use std::fmt;

use pipeline::mask::printable;
use pipeline::setup::{App, Catalogue, Form, Widget};

/// Candidates that an error names.
const MOST_NAMED: usize = 10;
/// Digits of the vendor's ids.
const ID_DIGITS: usize = 24;

/// Nothing, or several things, have this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unnamed {
    what: What,
    asked: String,
    /// Those of which one may be meant.
    candidates: Vec<Candidate>,
    /// The name is theirs.
    are_several: bool,
}

/// Told when it is read, because nobody knows yet in which language.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    name: String,
    id: String,
    /// The app of a form.
    of_app: Option<String>,
}

impl fmt::Display for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, id, of_app } = self;
        let text = match of_app {
            Some(app) => words::tr!("{name} ({id}) in app {app}"),
            None => format!("{name} ({id})"),
        };
        formatter.write_str(&printable(&text))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    App,
    Form,
    Widget,
}

impl std::error::Error for Unnamed {}

impl fmt::Display for Unnamed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = &self.asked;
        let text = match (self.what, self.are_several) {
            (What::App, true) => words::tr!("`{asked}` is the name of several apps; give the id of one"),
            (What::App, false) => words::tr!("the API key sees no app `{asked}`"),
            (What::Form, true) => words::tr!("`{asked}` is the name of several forms; give the id of one"),
            (What::Form, false) => words::tr!("the API key sees no form `{asked}`"),
            (What::Widget, true) => words::tr!("`{asked}` is the caption of several widgets; use its name"),
            (What::Widget, false) => words::tr!("the form has no widget `{asked}`"),
        };
        if self.candidates.is_empty() {
            return formatter.write_str(&text);
        }
        let shown = self.candidates.iter().take(MOST_NAMED);
        let shown: Vec<String> = shown.map(ToString::to_string).collect();
        formatter.write_str(&words::of(text, words::list(&shown)))?;
        match self.candidates.len().saturating_sub(MOST_NAMED) {
            0 => Ok(()),
            more => write!(formatter, "{}", words::tr!(" and {more} more")),
        }
    }
}

/// Whether it can only be an id, so that no list has to be read for it.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The app of this name or id.
pub(crate) fn app<'a>(catalogue: &'a Catalogue, asked: &str) -> Result<&'a App, Unnamed> {
    let apps: Vec<&App> = catalogue.apps.iter().collect();
    one(What::App, asked, &apps, |app| (&app.id, &app.name), |_| None).copied()
}

/// The form of this name or id, of that app or of any.
pub(crate) fn form<'a>(
    catalogue: &'a Catalogue,
    of_app: Option<&str>,
    asked: &str,
) -> Result<(&'a App, &'a Form), Unnamed> {
    let apps: Vec<&App> = match of_app {
        Some(of_app) => vec![app(catalogue, of_app)?],
        None => catalogue.apps.iter().collect(),
    };
    let forms = apps
        .iter()
        .flat_map(|app| app.forms.iter().map(|form| (*app, form)));
    let forms: Vec<(&App, &Form)> = forms.collect();
    let of_app = |(app, _): &(&App, &Form)| Some(app.name.clone());
    one(
        What::Form,
        asked,
        &forms,
        |(_, form)| (&form.id, &form.name),
        of_app,
    )
    .copied()
}

/// The widget of this name, or with this caption.
pub(crate) fn widget<'a>(widgets: &'a [Widget], asked: &str) -> Result<&'a Widget, Unnamed> {
    let widgets: Vec<&Widget> = widgets.iter().collect();
    one(
        What::Widget,
        asked,
        &widgets,
        |it| (&it.name, &it.label),
        |_| None,
    )
    .copied()
}

/// The id decides; of those that are called so there has to be one alone.
fn one<'a, T>(
    what: What,
    asked: &str,
    all: &'a [T],
    id_and_name: impl Fn(&T) -> (&str, &str),
    of_app: impl Fn(&T) -> Option<String>,
) -> Result<&'a T, Unnamed> {
    let asked = asked.trim();
    let id = |it: &T| id_and_name(it).0.to_owned();
    let name = |it: &T| id_and_name(it).1.trim().to_owned();
    if let Some(found) = all.iter().find(|it| id(it) == asked) {
        return Ok(found);
    }
    let called: Vec<&T> = all.iter().filter(|it| name(it) == asked).collect();
    if let [one] = called[..] {
        return Ok(one);
    }
    let close: Vec<&T> = all.iter().filter(|it| is_close(&name(it), asked)).collect();
    let are_several = !called.is_empty();
    let meant = match (are_several, close.is_empty()) {
        (true, _) => called,
        (false, false) => close,
        (false, true) => all.iter().collect(),
    };
    let candidate = |it: &T| Candidate {
        name: name(it),
        id: id(it),
        of_app: of_app(it),
    };
    Err(Unnamed {
        what,
        asked: asked.to_owned(),
        candidates: meant.into_iter().map(candidate).collect(),
        are_several,
    })
}

/// Whether somebody who has typed this may have meant that.
fn is_close(name: &str, asked: &str) -> bool {
    let (name, asked) = (name.to_lowercase(), asked.to_lowercase());
    !asked.is_empty() && !name.is_empty() && (name.contains(&asked) || asked.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        let app = |id: &str, name: &str, forms: &[(&str, &str)]| App {
            id: id.to_owned(),
            name: name.to_owned(),
            forms: forms
                .iter()
                .map(|(id, name)| Form {
                    id: (*id).to_owned(),
                    name: (*name).to_owned(),
                })
                .collect(),
        };
        Catalogue {
            apps: vec![
                app("a1", "CRM", &[("e1", "客户"), ("e2", "客户备份")]),
                app("a2", "CRM", &[("e3", "客户")]),
                app("a3", "空", &[]),
                app("a4", "销售", &[("e4", "线索"), ("e5", "客户"), ("e6", "客户")]),
            ],
        }
    }

    fn found(of_app: Option<&str>, asked: &str) -> Result<String, String> {
        form(&catalogue(), of_app, asked)
            .map(|(app, form)| format!("{}/{}", app.id, form.id))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_form_is_found_by_what_only_it_is_called() {
        for (of_app, asked, expected) in [
            (None, "线索", "a4/e4"),
            (None, " 客户备份 ", "a1/e2"),
            (None, "e5", "a4/e5"),
            (Some("a2"), "客户", "a2/e3"),
            (Some("a4"), "e6", "a4/e6"),
            (Some("销售"), "线索", "a4/e4"),
        ] {
            assert_eq!(
                found(of_app, asked).as_deref(),
                Ok(expected),
                "{of_app:?} {asked}"
            );
        }
    }

    #[test]
    fn a_name_that_fits_none_or_several_is_refused_with_those_that_may_be_meant() {
        for (of_app, asked, expected) in [
            (
                None,
                "客户",
                "`客户` is the name of several forms; give the id of one: 客户 (e1) in app CRM, 客户 (e3) in app CRM, \
                 客户 (e5) in app 销售, 客户 (e6) in app 销售",
            ),
            (
                Some("a4"),
                "客户",
                "several forms; give the id of one: 客户 (e5) in app 销售, 客户 (e6) in app 销售",
            ),
            (
                Some("CRM"),
                "客户",
                "`CRM` is the name of several apps; give the id of one: CRM (a1), CRM (a2)",
            ),
            (None, "备份", "no form `备份`: 客户备份 (e2) in app CRM"),
            (Some("销"), "客户", "the API key sees no app `销`: 销售 (a4)"),
            (
                Some("a1"),
                "e3",
                "no form `e3`: 客户 (e1) in app CRM, 客户备份 (e2) in app CRM",
            ),
            (Some("空"), "客户", "the API key sees no form `客户`"),
        ] {
            let error = found(of_app, asked).unwrap_err();
            assert!(error.contains(expected), "{of_app:?} {asked}: {error}");
        }
    }

    #[test]
    fn an_error_does_not_list_thousands() {
        let mut catalogue = catalogue();
        catalogue.apps[0].forms = (0..1000)
            .map(|n| Form {
                id: n.to_string(),
                name: "订单".to_owned(),
            })
            .collect();
        let error = form(&catalogue, None, "订单").unwrap_err().to_string();
        assert!(error.ends_with(" and 990 more"), "{error}");
        assert!(error.len() < 1000, "{error}");
    }

    #[test]
    fn only_hexadecimal_digits_are_an_id() {
        assert!(is_id("647efacc2a57bd0008e51e9e"));
        assert!(!is_id("647efacc2a57bd0008e51e9") && !is_id("647efacc2a57bd0008e51e9x") && !is_id("客户"));
    }
}
