//! What people may be called: names stand in the audit log, in one line, for ever.

/// Characters of a name, at most.
const MOST: usize = 64;

/// Whether somebody can be called so.
pub(crate) fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "._-@".contains(c);
    !name.is_empty() && name.chars().count() <= MOST && name.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_short_and_plain_in_any_script() {
        for name in ["ann", "li.ming@example.com", "李明", "a_b-c", &"x".repeat(64)] {
            assert!(is_name(name), "{name}");
        }
        for none in ["", " ", "<b>x", "a b", "a\n", &"x".repeat(65)] {
            assert!(!is_name(none), "{none}");
        }
    }
}
