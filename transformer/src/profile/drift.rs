//! What has changed in the form of records: keys that appear, vanish, come back or hold another type.

use super::{Key, Profile};

/// Records that must have been seen before anything about them is a change.
const ESTABLISHED: u64 = 50;
/// Records in a row without a key that was always there, after which it has vanished.
const ENOUGH_MISSED: u64 = 50;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drift {
    /// Path of the key.
    pub key: String,
    /// What happened to it.
    pub change: Change,
    /// Its types and the form of a value.
    pub looks: String,
}

/// What happened to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Appeared,
    Vanished,
    Back,
    Retyped,
}

impl Change {
    /// In logs and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Change::Appeared => "appeared",
            Change::Vanished => "vanished",
            Change::Back => "back",
            Change::Retyped => "retyped",
        }
    }
}

/// What the types of a key are, and the form of a value.
pub(crate) fn looks(key: &Key) -> String {
    let types: Vec<&str> = key.types.keys().map(|kind| told(kind)).collect();
    let types = types.join(words::text!(" or "));
    match key.example.is_empty() {
        true => types,
        false => words::tr!("{}, such as {}", types, key.example),
    }
}

/// A type as people of any language read it.
fn told(kind: &str) -> &str {
    match kind {
        "empty" => words::sense(words::mark!("type of value: empty")),
        "text" => words::sense(words::mark!("type of value: text")),
        "number" => words::sense(words::mark!("type of value: number")),
        "boolean" => words::sense(words::mark!("type of value: boolean")),
        "list" => words::sense(words::mark!("type of value: list")),
        "object" => words::sense(words::mark!("type of value: object")),
        newer => newer,
    }
}

impl Profile {
    /// Adds what was seen since, and says what has changed by it; each change is told once.
    pub(crate) fn grow(&mut self, since: Profile) -> Vec<Drift> {
        let is_established = self.records >= ESTABLISHED;
        let mut changed = Vec::new();
        if is_established {
            self.other(&since, &mut changed);
        }
        let usual = self.usual();
        self.merge(since);
        let mut found = Vec::new();
        for (name, enough) in usual.into_iter().filter(|_| is_established) {
            let Some(key) = self.keys.get_mut(&name) else {
                continue;
            };
            if key.missed >= enough && !key.gone {
                key.gone = true;
                found.push(Drift {
                    change: Change::Vanished,
                    looks: looks(key),
                    key: name,
                });
            }
        }
        found.extend(changed);
        found
    }

    /// Keys that most records have had, each with the number of records without it after which it has vanished: the rarer
    /// it was, the more. What it has missed since it was seen last does not make it rare.
    fn usual(&self) -> Vec<(String, u64)> {
        let most = self.keys.iter().filter_map(|(name, key)| {
            let records = self.holders(name).saturating_sub(key.missed).max(key.seen);
            (key.seen * 2 >= records)
                .then(|| (name.clone(), (ENOUGH_MISSED * records).div_ceil(key.seen.max(1))))
        });
        most.collect()
    }

    fn other(&mut self, since: &Profile, found: &mut Vec<Drift>) {
        let is_full = self.keys.len() >= super::MAX_KEYS;
        for (name, seen) in &since.keys {
            let change = match self.keys.get_mut(name) {
                None if is_full => None,
                None => Some(Change::Appeared),
                Some(key) if key.gone => {
                    key.gone = false;
                    key.missed = 0;
                    Some(Change::Back)
                }
                Some(key) => {
                    let is_new = |kind: &String| kind != "empty" && !key.types.contains_key(kind);
                    (key.filled >= ESTABLISHED && seen.types.keys().any(is_new)).then_some(Change::Retyped)
                }
            };
            found.extend(change.map(|change| Drift {
                key: name.clone(),
                change,
                looks: looks(seen),
            }));
        }
    }

    /// Records that hold what a key stands in.
    pub(super) fn holders(&self, name: &str) -> u64 {
        match name.rsplit_once('.') {
            None => self.records,
            Some((holder, _)) => self.keys.get(holder).map_or(0, |key| key.filled),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::super::tests::of;
    use super::*;

    fn many(record: Value) -> Profile {
        of(&vec![record; 60])
    }

    fn changes(drift: &[Drift]) -> Vec<(&str, Change)> {
        drift
            .iter()
            .map(|drift| (drift.key.as_str(), drift.change))
            .collect()
    }

    #[test]
    fn what_appears_and_vanishes_is_told_once() {
        let mut profile = Profile::default();
        let old = json!({"name": "a", "star": 3, "tag": [{"tag_name": "x"}]});
        assert!(
            profile.grow(many(old.clone())).is_empty(),
            "nothing is known before"
        );
        let new = json!({"name": "a", "growth": {"level": "A"}, "tag": [{"tag_name": "x"}]});
        let drift = profile.grow(many(new.clone()));
        assert_eq!(
            changes(&drift),
            [
                ("star", Change::Vanished),
                ("growth", Change::Appeared),
                ("growth.level", Change::Appeared)
            ]
        );
        assert_eq!(drift[2].looks, "text, such as x");
        assert!(profile.grow(many(new)).is_empty());
        assert_eq!(changes(&profile.grow(many(old))), [("star", Change::Back)]);
    }

    #[test]
    fn what_vanishes_is_told_however_few_records_come_at_a_time() {
        let mut profile = Profile::default();
        profile.grow(many(json!({"name": "a", "star": 3})));
        let few = of(&vec![json!({"name": "a"}); 7]);
        let told: Vec<Drift> = (0..20).flat_map(|_| profile.grow(few.clone())).collect();
        assert_eq!(changes(&told), [("star", Change::Vanished)]);
    }

    #[test]
    fn what_vanishes_is_told_when_records_of_before_and_after_come_together() {
        for mixed in [30, 95, 200] {
            let mut profile = Profile::default();
            profile.grow(many(json!({"name": "a", "star": 3})));
            let old = vec![json!({"name": "a", "star": 3}); 20];
            let new = vec![json!({"name": "a"}); mixed];
            let mut told = profile.grow(of(&[old, new].concat()));
            told.extend(profile.grow(many(json!({"name": "a"}))));
            assert_eq!(changes(&told), [("star", Change::Vanished)], "{mixed}");
        }
    }

    #[test]
    fn what_vanishes_little_by_little_is_told() {
        let mut profile = Profile::default();
        profile.grow(many(json!({"name": "a", "star": 3})));
        let (old, new) = (json!({"name": "a", "star": 3}), json!({"name": "a"}));
        let half: Vec<Value> = (0..40)
            .map(|n| if n % 2 == 0 { old.clone() } else { new.clone() })
            .collect();
        assert_eq!(changes(&profile.grow(of(&half))), []);
        let told: Vec<Drift> = (0..10)
            .flat_map(|_| profile.grow(of(&vec![new.clone(); 9])))
            .collect();
        assert_eq!(changes(&told), [("star", Change::Vanished)]);
    }

    #[test]
    fn a_rare_key_and_an_empty_list_do_not_vanish() {
        let mut profile = Profile::default();
        profile.grow(many(json!({"name": "a", "tag": [{"tag_name": "x"}]})));
        profile.grow(of(&[json!({"name": "a", "tag": [], "rare": 1})]));
        let drift = profile.grow(many(json!({"name": "a", "tag": []})));
        assert_eq!(changes(&drift), []);
    }

    #[test]
    fn another_type_is_told() {
        let mut profile = Profile::default();
        profile.grow(many(json!({"star": 3})));
        let drift = profile.grow(of(&[json!({"star": "三星"}), json!({"star": ""})]));
        assert_eq!(changes(&drift), [("star", Change::Retyped)]);
    }
}
