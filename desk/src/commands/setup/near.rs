//! Names that are nearest to one that nothing has.

use std::cmp::Reverse;

/// Names of a list.
const MOST: usize = 5;

/// The nearest of some names, the nearest first: blanks and case do not count, nor how long a name is that holds the other.
pub(super) fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| !c.is_whitespace());
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(wanted);
    let score = |name: &str| {
        let name = plain(name);
        let holds = !wanted.is_empty() && (name.contains(&wanted) || wanted.contains(&name));
        // A share of 1 in thousandths, so that it can be ordered.
        let alike = (strsim::normalized_levenshtein(&name, &wanted) * 1_000.0).round() as u32;
        (holds, alike)
    };
    let mut all: Vec<_> = names
        .into_iter()
        .map(|name| (Reverse(score(name)), name))
        .collect();
    all.sort();
    all.dedup();
    all.into_iter().take(MOST).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_comes_first() {
        let names = [
            "订单",
            "OKKI 客户",
            "客户回访",
            "OKKI 客户（旧）",
            "Orders",
            "Contacts",
        ];
        assert_eq!(nearest("okki客户", names)[..2], ["OKKI 客户", "OKKI 客户（旧）"]);
        assert_eq!(nearest("Order", names)[0], "Orders");
        assert_eq!(nearest("", names).len(), MOST);
        assert!(nearest("x", []).is_empty());
    }
}
