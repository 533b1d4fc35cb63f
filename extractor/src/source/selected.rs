//! A document's condition in words: who goes on, and of what customers that go on are parted.

use mapping::{Condition, Problem, Tested};

/// Who is handed on, and which entries of lists are not.
pub(super) fn remarks(condition: &Condition, name: &str) -> Vec<String> {
    let groups = condition.tests();
    let Some(first) = groups.iter().flatten().next() else {
        return Vec::new();
    };
    let said = |test: &Tested<'_>| match test.is_strict {
        true => words::tr!("{} (for every entry)", test.text),
        false => test.text.to_owned(),
    };
    let group = |tests: &Vec<Tested<'_>>| {
        let tests: Vec<String> = tests.iter().map(said).collect();
        tests.join(words::text!(" and "))
    };
    let groups: Vec<String> = groups.iter().map(group).collect();
    let message = words::tr!(
        "only customers are handed on for which {}; all others are dropped",
        groups.join(words::text!(", or "))
    );
    let kept = Problem::new(name, message).at(first.place);
    let removed = condition.removals(|_| false).into_iter();
    let removed = removed.map(|(place, message)| Problem::new(name, message).at(place));
    std::iter::once(kept)
        .chain(removed)
        .map(|problem| problem.to_string())
        .collect()
}
