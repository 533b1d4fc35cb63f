//! Tables for people; columns stand below each other also when there is Chinese text in them.

use std::fmt;

use comfy_table::{Table, presets};
use pipeline::mask::printable;
use serde_json::Value;

pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    plain(
        rows.iter()
            .map(|row| row.each_ref().map(|cell| words::said(cell))),
    )
}

/// The same for cells that others have written: none of them is a text of ours, even if it reads like one.
pub(super) fn plain<'a, const N: usize>(rows: impl Iterator<Item = [&'a str; N]>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.add_rows(rows.map(|row| row.map(printable)));
    for column in table.column_iter_mut() {
        column.set_padding((0, 3));
    }
    table.trim_fmt()
}

/// What a command has found out, one fact a line: its name and what there is to say.
#[derive(Default)]
pub(super) struct Facts(Vec<[String; 2]>);

impl Facts {
    pub(super) fn add(&mut self, name: &str, fact: impl Into<String>) {
        self.0.push([name.to_owned(), fact.into()]);
    }
}

impl Facts {
    /// For programs; what is there several times is a list.
    pub(super) fn json(&self) -> Value {
        let mut all = serde_json::Map::new();
        for [name, fact] in &self.0 {
            let fact = Value::from(fact.as_str());
            match all.get_mut(name.trim()) {
                None => drop(all.insert(name.trim().to_owned(), fact)),
                Some(Value::Array(several)) => several.push(fact),
                Some(one) => *one = Value::from(vec![one.take(), fact]),
            }
        }
        Value::Object(all)
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&columns(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_below_each_other() {
        let mut facts = Facts::default();
        facts.add("version", "not known");
        facts.add("星级", "1");
        facts.add("form", "1 row(s)");
        assert_eq!(
            facts.to_string(),
            "version   not known\n星级      1\nform      1 row(s)"
        );
        facts.add("  row", "a");
        assert_eq!(facts.json()["row"], "a");
        facts.add("  row", "b");
        facts.add("  row", "c");
        assert_eq!(facts.json()["row"], serde_json::json!(["a", "b", "c"]));
    }
}
