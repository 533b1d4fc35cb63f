//! Columns on a terminal, also below each other when there is Chinese text in them.

use comfy_table::{Table, presets};

/// Rows with aligned columns, without lines between them.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
