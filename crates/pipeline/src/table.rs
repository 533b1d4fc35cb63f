//! Tables as the commands print them: columns and nothing else, as wide as a terminal shows their text.

use comfy_table::{ContentArrangement, Table, presets::NOTHING};

/// A table without lines around its cells; no cell is ever broken.
pub(crate) fn plain() -> Table {
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// The table's lines with this gap behind each column, and no blanks at their ends. Nothing for an empty table.
pub(crate) fn text(mut table: Table, gaps: &[u16]) -> String {
    if table.row_count() == 0 {
        return String::new();
    }
    for (column, gap) in table.column_iter_mut().zip(gaps) {
        column.set_padding((0, *gap));
    }
    table.trim_fmt() + "\n"
}
