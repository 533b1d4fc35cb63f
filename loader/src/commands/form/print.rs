//! What `loader form` says to people: a table, and what to type next.

use pipeline::mask::printable;
use pipeline::setup::{Catalogue, FormSheet, Rows, Widget};

use super::super::table::{Facts, plain};

/// What the caption of a key widget holds when somebody has made it for that.
const KEY_CAPTIONS: [&str; 2] = ["okki", "小满"];

/// What people call the form.
pub(super) struct Named {
    pub(super) app: String,
    pub(super) form: String,
}

pub(super) fn catalogue(found: &Catalogue) -> anyhow::Result<()> {
    if found.apps.is_empty() {
        pipeline::say!(
            "the API key sees no app; let it use the app of the form: 开放平台 → 密钥管理, or make an app with a form first"
        )?;
        return Ok(());
    }
    let head = [words::text!("app"), words::text!("form"), "app_id", "entry_id"];
    let rows = found.apps.iter().flat_map(|app| {
        let row = |form: &str, id: &str| [app.name.clone(), form.to_owned(), app.id.clone(), id.to_owned()];
        match app.forms.is_empty() {
            true => vec![row(words::text!("(no form that the API key sees)"), "")],
            false => app.forms.iter().map(|form| row(&form.name, &form.id)).collect(),
        }
    });
    let table: Vec<[String; 4]> = [head.map(str::to_owned)].into_iter().chain(rows).collect();
    pipeline::say!("{}", told(&table))?;
    let mut forms = found
        .apps
        .iter()
        .flat_map(|app| app.forms.iter().map(move |form| (app, form)));
    match (forms.next(), forms.next()) {
        (None, _) => pipeline::say!(
            "\nthe API key sees no form; make one, or let the key use its app: 开放平台 → 密钥管理"
        )?,
        (Some((app, form)), None) => {
            let next = format!("loader form --app {} --form {}", app.id, form.id);
            pipeline::say!("\nwidgets of the form:\n\n  {next}")?;
        }
        _ => pipeline::say!(
            "\nwidgets of a form; ids do as well as names:\n\n  {}",
            words::text!("loader form --app APP --form FORM")
        )?,
    }
    Ok(())
}

pub(super) fn sheet(found: &FormSheet, named: Option<&Named>, key: Option<&Widget>) -> anyhow::Result<()> {
    let mut facts = Facts::default();
    facts.add(
        "form",
        match named {
            Some(Named { app, form }) => words::tr!("{form} in app {app}"),
            None => words::tr!("{} in app {}", found.entry_id, found.app_id),
        },
    );
    facts.add("rows", rows(found.rows));
    let is_empty = found.rows.seen == 0 && !found.rows.more;
    if let (Some(key), Some(keyless), false) = (key, found.rows.keyless, is_empty) {
        facts.add(
            words::mark!("without a key"),
            match keyless {
                0 => words::tr!("every row has something in {}", called(key)),
                _ => words::tr!("at least {keyless} rows have nothing in {}", called(key)),
            },
        );
    }
    pipeline::say!("{facts}\n")?;
    pipeline::say!("{}\n", told(&table(&found.widgets)))?;
    next_step(found, key)
}

fn told(table: &[[String; 4]]) -> String {
    plain(table.iter().map(|row| row.each_ref().map(String::as_str)))
}

fn rows(rows: Rows) -> String {
    match (rows.seen, rows.more) {
        (0, false) => words::tr!("none"),
        (seen, false) => seen.to_string(),
        (seen, true) => words::tr!("more than {seen}"),
    }
}

fn table(widgets: &[Widget]) -> Vec<[String; 4]> {
    let head = [
        words::text!("caption"),
        words::text!("type"),
        words::text!("name"),
        words::text!("key widget"),
    ];
    let head = head.map(str::to_owned);
    let mut table = vec![head];
    for widget in widgets {
        table.push(line(widget, ""));
        table.extend(widget.items.iter().map(|item| line(item, "  ")));
    }
    table
}

fn line(widget: &Widget, indent: &str) -> [String; 4] {
    let can = match &widget.no_key {
        None => words::text!("possible").to_owned(),
        Some(why) => words::tr!("no: {}", words::retold(why)),
    };
    let caption = format!("{indent}{}", widget.label);
    [caption, widget.kind.clone(), widget.name.clone(), can]
}

fn called(widget: &Widget) -> &str {
    match widget.label.trim() {
        "" => &widget.name,
        label => label,
    }
}

/// The widget that was named, or the one that can only be meant for it.
fn chosen<'a>(widgets: &'a [Widget], named: Option<&'a Widget>) -> Option<&'a Widget> {
    if named.is_some() {
        return named.filter(|widget| widget.no_key.is_none());
    }
    let mut meant = widgets.iter().filter(|widget| {
        let label = widget.label.to_lowercase();
        widget.no_key.is_none() && KEY_CAPTIONS.iter().any(|word| label.contains(word))
    });
    match (meant.next(), meant.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

fn next_step(found: &FormSheet, named: Option<&Widget>) -> anyhow::Result<()> {
    let Some(key) = chosen(&found.widgets, named) else {
        return add_or_name(found, named);
    };
    let (app, entry) = (printable(&found.app_id), printable(&found.entry_id));
    pipeline::say!("settings of this form:\n")?;
    let key = printable(&key.name);
    let lines = format!("JDY_APP_ID={app}\nJDY_ENTRY_ID={entry}\nJDY_KEY_WIDGET={key}\n");
    pipeline::say!("{lines}")?;
    match found.rows.keyless {
        None if found.rows.seen > 0 => pipeline::say!(
            "the form has rows already; how many of them have no key:\n\n  {}",
            again(found, &key)
        )?,
        Some(1..) => pipeline::say!(
            "once the records of the customers wait, `loader adopt --match WIDGET` gives these rows their keys; until then \
             the loader makes no row"
        )?,
        _ => pipeline::say!("then `loader check` compares form and mapping without writing anything")?,
    }
    Ok(())
}

/// Nobody can tell which one is meant.
fn add_or_name(found: &FormSheet, named: Option<&Widget>) -> anyhow::Result<()> {
    if let Some((named, why)) = named.and_then(|named| Some((named, named.no_key.as_deref()?))) {
        let (widget, why) = (called(named), words::retold(why));
        pipeline::say!("{} cannot hold the customers' ids: it {}", widget, why)?;
    }
    let can_hold: Vec<&Widget> = found
        .widgets
        .iter()
        .filter(|widget| widget.no_key.is_none())
        .collect();
    if can_hold.is_empty() {
        pipeline::say!(
            "no widget of this form can hold the customers' ids: edit the form, add a single-line text (单行文本) called \
             OKKI ID without default value and formula, save it, and run this command again"
        )?;
    } else {
        pipeline::say!(
            "name the widget that is there for the customers' ids alone; if there is none, add a single-line text (单行文本) \
             called OKKI ID without default value and formula to the form:\n\n  {}",
            again(found, words::text!("CAPTION"))
        )?;
    }
    Ok(())
}

fn again(found: &FormSheet, key_widget: &str) -> String {
    let command = format!(
        "loader form --app {} --form {} --key-widget {key_widget}",
        found.app_id, found.entry_id
    );
    printable(&command).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widget(label: &str, no_key: Option<&str>) -> Widget {
        Widget {
            name: format!("_{label}"),
            label: label.to_owned(),
            kind: "text".to_owned(),
            items: Vec::new(),
            no_key: no_key.map(str::to_owned),
        }
    }

    #[test]
    fn only_a_widget_that_can_be_meant_is_proposed() {
        let name = widget("客户名称", None);
        let key = widget("OKKI ID", None);
        let broken = widget("小满 ID", Some("is of type number"));
        let proposed = |widgets: &[&Widget], named: Option<&Widget>| {
            let widgets: Vec<Widget> = widgets.iter().copied().cloned().collect();
            chosen(&widgets, named).map(|widget| widget.label.clone())
        };
        assert_eq!(
            proposed(&[&name, &broken, &key], None).as_deref(),
            Some("OKKI ID")
        );
        assert_eq!(proposed(&[&name], None), None, "any text may be full of names");
        assert_eq!(proposed(&[&key, &key], None), None);
        assert_eq!(proposed(&[&name, &key], Some(&name)).as_deref(), Some("客户名称"));
        assert_eq!(proposed(&[&key, &broken], Some(&broken)), None);
    }
}
