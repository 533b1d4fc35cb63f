//! Names that are nearest to one that nothing has.

use pipeline::setup::{App, Catalogue};
use std::cmp::Reverse;

/// Names of a list.
const MOST: usize = 5;

/// The nearest of some names, the nearest first: blanks and case do not count, nor how long a name is that holds the other.
fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| !c.is_whitespace());
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(wanted);
    let score = |name: &str| {
        let name = plain(name);
        let holds = !wanted.is_empty() && (name.contains(&wanted) || wanted.contains(&name));
        // A share of 1 in thousandths, so that it can be ordered.
        let alike = (strsim::normalized_levenshtein(&name, &wanted) * 1_000.0).round() as u32;
        (holds, alike)
    };
    let mut all: Vec<_> = names
        .into_iter()
        .map(|name| (Reverse(score(name)), name))
        .collect();
    all.sort();
    all.dedup();
    all.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// What there is instead: the nearest apps where no app has the name, else the nearest forms.
pub(super) fn none_of_that_name(
    catalogue: &Catalogue,
    app: Option<&str>,
    form: Option<&str>,
) -> anyhow::Result<()> {
    let has = |wanted: &str, one: &App| one.name == wanted || one.id == wanted;
    let named = app.filter(|wanted| !catalogue.apps.iter().any(|one| has(wanted, one)));
    if let Some(app) = named {
        let names = catalogue.apps.iter().map(|one| one.name.as_str());
        return none("--app", app, &nearest(app, names));
    }
    let within = catalogue
        .apps
        .iter()
        .filter(|one| app.is_none_or(|app| has(app, one)));
    let names = within.flat_map(|one| &one.forms).map(|entry| entry.name.as_str());
    let form = form.unwrap_or_default();
    none("--form", form, &nearest(form, names))
}

fn none(flag: &str, wanted: &str, nearest: &[&str]) -> anyhow::Result<()> {
    match nearest {
        [] => words::bail!("{flag}: there is none of that name"),
        nearest => words::bail!(
            "{flag} {wanted}: there is none of that name; the nearest are:\n  {}",
            nearest.join("\n  ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_comes_first() {
        let names = [
            "订单",
            "OKKI 客户",
            "客户回访",
            "OKKI 客户（旧）",
            "Orders",
            "Contacts",
        ];
        assert_eq!(nearest("okki客户", names)[..2], ["OKKI 客户", "OKKI 客户（旧）"]);
        assert_eq!(nearest("Order", names)[0], "Orders");
        assert_eq!(nearest("", names).len(), MOST);
        assert!(nearest("x", []).is_empty());
    }
}
