//! Columns on a terminal, also below each other when there is Chinese text in them.

use comfy_table::{Table, presets};
use pipeline::mask::printable;

/// A point in time, unix seconds, in the zone of the terminal.
pub(crate) fn shown(seconds: i64) -> String {
    replay::when::stamp(seconds.saturating_mul(1_000))
}

/// Rows with aligned columns, without lines between them.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.add_rows(rows.iter().map(|row| {
        row.each_ref()
            .map(|cell| printable(&words::retold(cell)).into_owned())
    }));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
