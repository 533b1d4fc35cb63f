//! Columns on a terminal, also below each other when there is Chinese text in them.

use comfy_table::{Table, presets};
use pipeline::mask::printable;

/// Rows with aligned columns, without lines between them.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| printable(cell))));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}
