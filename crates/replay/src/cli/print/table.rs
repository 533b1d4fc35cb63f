//! Tables within 100 columns: short facts in columns, longer text in full width below them.
//!
//! Each row is laid out by itself with fixed widths, so that a long list is printed as it comes.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};
use pipeline::mask::printable;
use std::io::{Result, Write};

const SCREEN: u16 = 100;
/// Between two columns.
const GAP: u16 = 2;
/// Before text below the columns.
const INDENT: u16 = 4;

/// A column: its headline, its width, and whether it holds numbers.
pub(super) struct Column(pub(super) &'static str, pub(super) u16, pub(super) bool);

/// The headline: the columns' names, and below them what the text is.
pub(super) fn head(out: &mut impl Write, columns: &[Column], text: &str) -> Result<()> {
    names(out, columns)?;
    below(out, text)
}

/// The columns' names alone.
pub(super) fn names(out: &mut impl Write, columns: &[Column]) -> Result<()> {
    let names: Vec<_> = columns
        .iter()
        .map(|column| words::said(column.0).to_owned())
        .collect();
    row(out, columns, names)
}

/// One row; a cell that is wider than its column is wrapped.
pub(super) fn row(out: &mut impl Write, columns: &[Column], cells: Vec<String>) -> Result<()> {
    let mut table = plain();
    table.add_row(cells.iter().map(|cell| printable(cell)));
    for (found, Column(_, width, is_number)) in table.column_iter_mut().zip(columns) {
        found.set_padding((0, GAP));
        found.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + GAP)));
        if *is_number {
            found.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{}", table.trim_fmt())
}

/// Text below a row; nothing when it is empty.
pub(super) fn below(out: &mut impl Write, text: &str) -> Result<()> {
    wrapped(out, text, INDENT)
}

/// Text in full width; nothing when it is empty.
pub(super) fn line(out: &mut impl Write, text: &str) -> Result<()> {
    wrapped(out, text, 0)
}

fn wrapped(out: &mut impl Write, text: &str, indent: u16) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let mut table = plain();
    table.add_row([printable(&words::retold(text))]);
    for column in table.column_iter_mut() {
        column.set_padding((indent, 0));
        column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(SCREEN)));
    }
    writeln!(out, "{}", table.trim_fmt())
}

/// A fact about one thing: its name, and its text in the rest of the line and below that; nothing when it is empty.
pub(crate) fn fact(out: &mut impl Write, name: &str, text: &str) -> Result<()> {
    const NAME: u16 = 10;
    if text.is_empty() {
        return Ok(());
    }
    let mut table = plain();
    table.add_row([words::said(name), &printable(&words::retold(text))]);
    let widths = [NAME, SCREEN - NAME];
    for (column, width) in table.column_iter_mut().zip(widths) {
        column.set_padding((0, 0));
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
    }
    writeln!(out, "{}", table.trim_fmt())
}

fn plain() -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(SCREEN);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [Column("CODE", 6, false), Column("COUNT", 5, true)];

    #[test]
    fn columns_stand_below_each_other_whatever_the_script() {
        let mut out = Vec::new();
        head(&mut out, &COLUMNS, "EXAMPLE").unwrap();
        row(&mut out, &COLUMNS, vec!["客户".into(), "7".into()]).unwrap();
        below(&mut out, "名称").unwrap();
        row(&mut out, &COLUMNS, vec!["name".into(), "12".into()]).unwrap();
        below(&mut out, "").unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = [
            "CODE    COUNT",
            "    EXAMPLE",
            "客户        7",
            "    名称",
            "name       12",
            "",
        ];
        assert_eq!(text, expected.join("\n"));
    }

    #[test]
    fn long_text_is_wrapped_within_the_screen() {
        let mut out = Vec::new();
        below(&mut out, &"一个很长的名称 ".repeat(30)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().count() > 3);
        assert!(text.lines().all(|line| line.chars().count() <= 100));
        let mut out = Vec::new();
        fact(&mut out, "reason", &"一个很长的名称".repeat(30)).unwrap();
        fact(&mut out, "none", "").unwrap();
        let text = String::from_utf8(out).unwrap();
        // Each of these characters is two columns wide.
        assert!(text.lines().all(|line| line.chars().count() <= 55), "{text}");
        assert!(
            text.starts_with("reason    一个") && text.lines().count() == 5,
            "{text}"
        );
    }
}
