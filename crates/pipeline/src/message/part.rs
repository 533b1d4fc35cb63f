//! Which record of a replayed message that carries many: behind its replay tag, so that each comes to an end of its own.

/// Between a letter and the number of its record.
pub(crate) const PART: char = '#';

/// The tag of one record of a letter that carries many; `part` counts from 1.
#[must_use]
pub fn part_tag(tag: &str, part: usize, parts: usize) -> String {
    match parts {
        0 | 1 => tag.to_owned(),
        _ => format!("{tag}{PART}{part}:{parts}"),
    }
}
