//! What a condition removes from customers that it keeps: entries of lists for which a test does not hold.

use std::collections::BTreeSet;

use super::super::problem::Place;
use super::{Condition, Tested};

/// Lists of a customer as OKKI documents them, by their paths.
const LISTS: [&str; 17] = [
    "ali_store_id",
    "alibaba_relation_list",
    "alibaba_store_info",
    "alibaba_user_info",
    "category_ids",
    "client_tag_list",
    "company",
    "customers",
    "image_list",
    "lead",
    "origin_list",
    "owner",
    "product_group_ids",
    "tag",
    "tel",
    "user_id",
    "customers.tel_list",
];

impl Condition {
    /// What its tests remove, in words, each once; `is_list` knows of further lists.
    pub fn removals(&self, is_list: impl Fn(&str) -> bool) -> Vec<(Place, String)> {
        let mut known = BTreeSet::new();
        let tests = self.groups.iter().flatten().map(super::Test::tested);
        let told = tests.filter_map(|test| told(&test, &is_list));
        told.filter(|(_, message)| known.insert(message.clone()))
            .collect()
    }
}

fn told(test: &Tested<'_>, is_list: impl Fn(&str) -> bool) -> Option<(Place, String)> {
    let all: Vec<&str> = test.path.as_str().split('.').collect();
    let starred = all.iter().position(|name| *name == "*");
    let names: Vec<&str> = all.iter().copied().filter(|name| *name != "*").collect();
    let mut lists =
        (1..names.len()).map(|end| (end, names.iter().take(end).copied().collect::<Vec<_>>().join(".")));
    let is_known = |(end, list): &(usize, String)| {
        starred == Some(*end) || LISTS.contains(&list.as_str()) || is_list(list)
    };
    let (end, list) = lists.find(is_known)?;
    let is_numbered = names
        .get(end)
        .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    if is_numbered || test.is_strict {
        return None;
    }
    let message = match test.is_negative {
        true => words::tr!(
            "the condition {} removes the entries of {list} for which it does not hold, and drops a customer only when \
             none is left; with \"strictMode\": true it drops every customer that has such an entry",
            test.text
        ),
        false => words::tr!(
            "the condition {} removes the entries of {list} for which it does not hold, so that no field sends them, and \
             drops a customer when none is left",
            test.text
        ),
    };
    Some((test.place, message))
}
