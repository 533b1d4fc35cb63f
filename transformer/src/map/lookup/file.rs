//! Tables whose rows are a file beside the additions.

use std::path::Path;

use super::rows::{self, Rows};
use super::{Declared, MOST_ROWS, Sources, Stamp};

/// Largest file of a table; it is held in memory.
pub(crate) const LARGEST_FILE: u64 = 16 << 20;

impl Sources {
    /// What tells each table's source from a changed one.
    pub(super) fn stamps(&self) -> Vec<Stamp> {
        let stamp = |(collection, declared): (&String, &Declared)| match self.given(collection) {
            Some(given) => Some(given.stamp),
            None => {
                let meta = std::fs::metadata(self.folder.join(declared.file.as_ref()?)).ok()?;
                Some((meta.modified().ok()?, meta.len()))
            }
        };
        self.declared.iter().map(stamp).collect()
    }

    /// Columns and rows of a file.
    pub(super) fn of_file(&self, file: &Path, declared: &Declared) -> Result<Rows, String> {
        let path = self.folder.join(file);
        let shown = path.display();
        let size = std::fs::metadata(&path)
            .map_err(|error| words::of(&shown, words::retold(&error.to_string())))?
            .len();
        if size > LARGEST_FILE {
            return Err(words::tr!("{shown} is larger than {} MiB", LARGEST_FILE >> 20));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => words::tr!("{shown} is no UTF-8 text; save it as CSV UTF-8"),
            _ => words::of(&shown, words::retold(&error.to_string())),
        })?;
        let text = text.trim_start_matches('\u{feff}');
        let is_json = text.trim_start().starts_with(['[', '{']);
        let (columns, rows) = match is_json {
            true => rows::of_json(text, declared),
            false => rows::of_csv(text),
        }
        .map_err(|why| words::of(&shown, why))?;
        if rows.len() > MOST_ROWS {
            return Err(words::tr!("{shown} has more than {MOST_ROWS} rows"));
        }
        Ok((columns, rows))
    }
}
