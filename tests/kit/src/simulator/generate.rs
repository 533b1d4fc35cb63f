//! The seeded generator: any customer in any revision, made on demand and never stored. What a revision changes is
//! itself drawn from the seed; each facet (tags, contacts, …) counts only the revisions that touched it, so an
//! unchanged facet stays word for word the same.

use super::customer::{Contact, Customer, Loose};
use super::dice::Dice;
use super::vocabulary::*;

#[derive(Clone, Copy)]
enum Facet {
    Name,
    Short,
    Tags,
    Contacts,
    Place,
    Sales,
    Phone,
    Money,
}

/// How many of the revisions 1..=`revision` touched a facet. The short name is touched by every one, so that no two
/// revisions of a customer look the same to the judge; a rename is rare.
fn touched(seed: u64, index: u32, revision: u32, facet: Facet) -> u64 {
    let odds = match facet {
        Facet::Short => return u64::from(revision),
        Facet::Name => 8,
        _ => 3,
    };
    (1..=revision)
        .filter(|r| Dice::new(&[seed, u64::from(index), u64::from(*r), 1000 + facet as u64]).one_in(odds))
        .count() as u64
}

/// Customer number `index` in its `revision`-th content.
pub(super) fn generate(seed: u64, index: u32, revision: u32) -> Customer {
    let dice = |facet: Facet| {
        Dice::new(&[
            seed,
            u64::from(index),
            touched(seed, index, revision, facet),
            facet as u64,
        ])
    };
    let (country, country_name) = *dice(Facet::Place).pick(COUNTRIES);
    let (origin, origin_list) = origins(&mut dice(Facet::Place));
    let mut sales = dice(Facet::Sales);
    let mut fixed = Dice::new(&[seed, u64::from(index), 77]);
    Customer {
        name: name(&mut dice(Facet::Name), index),
        short_name: short_name(&mut dice(Facet::Short), revision),
        country: country.into(),
        country_name: country_name.into(),
        origin,
        origin_list,
        tags: tags(&mut dice(Facet::Tags)),
        group: (!sales.one_in(25)).then(|| sales.pick(GROUPS).1.into()),
        stage: (!sales.one_in(25)).then(|| sales.pick(STAGES).1.into()),
        star: code(&mut sales, 6),
        pool_name: (*sales.pick(POOLS)).into(),
        tel: telephone(&mut dice(Facet::Phone)),
        annual_procurement: code(&mut dice(Facet::Money), 12),
        contacts: contacts(&mut dice(Facet::Contacts), index),
        private: fixed.below(3) > 0,
        remark: remark(&mut fixed),
        next_follow_up: if fixed.one_in(3) {
            "2031-05-06 07:08:09".into()
        } else {
            "1970-01-01 00:00:00".into()
        },
    }
}

/// Unique by its number, which stands before anything that cleaning could take away.
fn name(dice: &mut Dice, index: u32) -> String {
    let plain = format!(
        "{}{}{} №{index}",
        dice.pick(CITIES),
        dice.pick(TRADES),
        dice.pick(FORMS)
    );
    match dice.below(8) {
        0 => format!("{plain} {}", dice.pick(TRAPS)),
        1 => format!("  {plain}"),
        2 => format!("{plain}\t "),
        _ => plain,
    }
}

fn short_name(dice: &mut Dice, revision: u32) -> String {
    let text = match dice.below(10) {
        0..=2 => String::new(),
        3..=5 => (*dice.pick(TRAPS)).to_owned(),
        6 if dice.one_in(40) => "很长的简称…".repeat(700),
        _ => format!("{}{}", dice.pick(CITIES), dice.pick(TRADES)),
    };
    if revision == 0 {
        text
    } else {
        format!("r{revision}·{text}")
    }
}

fn origins(dice: &mut Dice) -> (String, Vec<String>) {
    let _country = dice.next(); // the same facet drew the country with its first number
    let single = (*dice.pick(ORIGINS)).to_owned();
    let many = (0..dice.below(3))
        .map(|_| (*dice.pick(ORIGINS)).to_owned())
        .filter(|o| !o.is_empty())
        .collect();
    (single, many)
}

fn tags(dice: &mut Dice) -> Vec<String> {
    (0..dice.below(7))
        .map(|_| (*dice.pick(TAGS)).to_owned())
        .collect()
}

/// A code below `limit` as number (mostly), as numeric text, or missing.
fn code(dice: &mut Dice, limit: u64) -> Option<Loose> {
    let value = dice.below(limit) as i64;
    match dice.below(12) {
        0 => None,
        1 => Some(Loose::Text(String::new())),
        2..=4 => Some(Loose::Text(value.to_string())),
        _ => Some(Loose::Int(value)),
    }
}

fn telephone(dice: &mut Dice) -> Option<(Loose, Loose)> {
    match dice.below(6) {
        0 => None,
        1 => Some((Loose::Text(String::new()), Loose::Text(String::new()))),
        _ => Some(phone(dice)),
    }
}

fn phone(dice: &mut Dice) -> (Loose, Loose) {
    let area = match *dice.pick(AREAS) {
        area if dice.one_in(6) => area.parse().map_or(Loose::Text(area.into()), Loose::Int),
        area => Loose::Text(area.into()),
    };
    let digits = 100_000 + dice.below(899_999_999);
    let number = match dice.below(8) {
        0 => Loose::Text(String::new()),
        1 => Loose::Text(format!(" {} {}", digits / 1000, digits % 1000)),
        2 => Loose::Int(digits as i64),
        _ => Loose::Text(digits.to_string()),
    };
    (area, number)
}

fn contacts(dice: &mut Dice, index: u32) -> Vec<Contact> {
    let count = dice.below(5);
    // one in five customers has contacts and no main one among them
    let main = if dice.one_in(5) { count } else { dice.below(count) };
    (0..count)
        .map(|i| Contact {
            name: match dice.below(12) {
                0 => None,
                1 => Some(String::new()),
                2 => Some((*dice.pick(TRAPS)).to_owned()),
                _ => Some((*dice.pick(PEOPLE)).to_owned()),
            },
            email: match dice.below(8) {
                0 => None,
                1 => Some(String::new()),
                2 => Some(format!(" kontakt+{index}.{i}@{} ", dice.pick(HOSTS))),
                _ => Some(format!("c{index}.{i}@{}", dice.pick(HOSTS))),
            },
            phones: (0..dice.below(3)).map(|_| phone(dice)).collect(),
            main: i == main,
        })
        .collect()
}

fn remark(dice: &mut Dice) -> String {
    match dice.below(200) {
        0 => "备注很长。".repeat(4000),
        1..=20 => dice.pick(TRAPS).repeat(3),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::simulator::expected::clean;

    #[test]
    fn a_customer_depends_on_seed_index_and_revision_only() {
        assert_eq!(generate(1, 5, 2), generate(1, 5, 2));
        assert_ne!(generate(1, 5, 2), generate(2, 5, 2));
        assert_ne!(generate(1, 5, 2), generate(1, 6, 2));
    }

    #[test]
    fn every_revision_looks_different() {
        for index in 0..200 {
            let seen: HashSet<String> = (0..6).map(|r| generate(9, index, r).short_name).collect();
            assert_eq!(seen.len(), 6);
        }
    }

    #[test]
    fn a_revision_leaves_untouched_facets_alone() {
        let kept = (0..300)
            .filter(|i| generate(3, *i, 0).contacts == generate(3, *i, 1).contacts)
            .count();
        assert!(kept > 120, "{kept}");
        let renamed = (0..300)
            .filter(|i| generate(3, *i, 0).name != generate(3, *i, 1).name)
            .count();
        assert!((5..100).contains(&renamed), "{renamed}");
    }

    #[test]
    fn names_stay_unique_after_cleaning() {
        let names: HashSet<String> = (0..5000).map(|i| clean(&generate(1, i, 0).name)).collect();
        assert_eq!(names.len(), 5000);
    }

    #[test]
    fn awkward_content_really_occurs() {
        let all: Vec<Customer> = (0..3000).map(|i| generate(42, i, 0)).collect();
        let any = |f: &dyn Fn(&Customer) -> bool| assert!(all.iter().any(f));
        any(&|c| c.tags.len() == 6);
        any(&|c| c.tags.is_empty());
        any(&|c| c.tags.iter().any(|t| t == "O'Neil"));
        any(&|c| c.contacts.len() == 4);
        any(&|c| c.contacts.is_empty());
        any(&|c| !c.contacts.is_empty() && c.contacts.iter().all(|k| !k.main));
        any(&|c| c.contacts.len() > 1 && c.contacts[1].main);
        any(&|c| c.short_name.chars().count() > 2000);
        any(&|c| c.name.contains("{{"));
        any(&|c| c.name.ends_with('\\'));
        any(&|c| c.star.is_none() && c.annual_procurement.is_some());
        any(&|c| c.annual_procurement == Some(Loose::Int(11)));
        any(&|c| c.annual_procurement == Some(Loose::Text("10".into())));
        any(&|c| c.origin.is_empty() && !c.origin_list.is_empty());
        any(&|c| c.next_follow_up.starts_with("1970"));
    }
}
