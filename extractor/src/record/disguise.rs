//! Takes personal data out of answers: first all of them are read for what is personal and what is a choice, then each
//! is written again with pseudonyms in the place of everything that is not known to be harmless.

use super::{
    fields::{self, Rule},
    json::{Node, Writer},
    known::Known,
    number,
    place::{About, Keep, Place},
    pseudonym::{Pseudonyms, Shape},
    scalar,
    text::{self, Unit},
};
use std::collections::BTreeSet;

/// Replaces what is personal, in one folder's answers.
pub(crate) struct Disguise {
    pseudonyms: Pseudonyms,
    keep: Keep,
    known: Known,
    replaced: u64,
    renamed: BTreeSet<String>,
}

impl Disguise {
    pub(crate) fn new(pseudonyms: Pseudonyms, keep: impl IntoIterator<Item = String>) -> Self {
        Self {
            pseudonyms,
            keep: Keep::new(keep),
            known: Known::default(),
            replaced: 0,
            renamed: BTreeSet::new(),
        }
    }

    /// Texts and numbers that were replaced.
    pub(crate) const fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Names of members that look like those of fields and were replaced, because nobody knows them.
    pub(crate) const fn renamed(&self) -> &BTreeSet<String> {
        &self.renamed
    }

    // === learning ===

    /// Reads an answer for what is personal, and for the choices that it lists.
    pub(crate) fn learn(&mut self, answer: &Node<'_>, about: About) {
        self.learn_at(answer, Place::top(about));
    }

    fn learn_at(&mut self, node: &Node<'_>, place: Place) {
        match node {
            Node::Object(members) => {
                let frame = self.keep.frame(members, place);
                for (key, node) in members {
                    let name = text::meaning(&text::units(key));
                    if name == "id" || name.ends_with("_id") {
                        self.learn_id(node);
                    }
                    let rule = self.keep.rule(&frame, place, &name);
                    self.learn_at(node, place.member(rule));
                }
            }
            Node::Array(items) => {
                for (n, node) in items.iter().enumerate() {
                    self.learn_at(node, place.item(n, items));
                }
            }
            Node::Text(inner) => self.learn_text(&text::meaning(&text::units(inner)), place),
            Node::Number(number) if matches!(place.rule, Rule::Person | Rule::Phone) => {
                self.known.add_number(&String::from_utf8_lossy(number));
            }
            Node::Number(_) | Node::Word(_) => {}
        }
    }

    fn learn_text(&mut self, text: &str, place: Place) {
        match place.rule {
            Rule::Person => self.known.add_person(text),
            Rule::Phone => self.known.add_number(text),
            Rule::Setting if place.about == About::Settings => self.known.add_choice(text),
            _ => {}
        }
    }

    fn learn_id(&mut self, node: &Node<'_>) {
        if let Node::Text(id) | Node::Number(id) = node {
            self.known.add_id(&String::from_utf8_lossy(id));
        }
    }

    // === writing ===

    /// The answer without what is personal, readable, with a line feed at its end.
    pub(crate) fn write(&mut self, answer: &Node<'_>, about: About) -> Vec<u8> {
        let mut out = Writer::default();
        self.write_at(answer, Place::top(about), &mut out);
        out.finish()
    }

    fn write_at(&mut self, node: &Node<'_>, place: Place, out: &mut Writer) {
        match node {
            Node::Object(members) => {
                let frame = self.keep.frame(members, place);
                out.nested(*b"{}", members, |out, _, (key, node)| {
                    let name = text::meaning(&text::units(key));
                    let rule = self.keep.rule(&frame, place, &name);
                    self.write_key(key, &name, rule, out);
                    self.write_at(node, place.member(rule), out);
                });
            }
            Node::Array(items) => out.nested(*b"[]", items, |out, n, node| {
                self.write_at(node, place.item(n, items), out);
            }),
            Node::Text(inner) => self.write_text(inner, place, out),
            Node::Number(number) => self.write_number(number, place, out),
            Node::Word(word) => out.raw().extend_from_slice(word),
        }
    }

    fn write_key(&mut self, key: &[u8], name: &str, rule: Rule, out: &mut Writer) {
        let is_named = fields::is_field_name(name) || self.known.is_id(name);
        if rule == Rule::Kept || (is_named && !self.known.is_personal(name)) {
            out.quoted(key);
        } else {
            if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
                self.renamed.insert(name.to_owned());
            }
            self.write_pseudonym(key, Shape::Text, out);
        }
        out.raw().extend_from_slice(b": ");
    }

    fn write_text(&mut self, inner: &[u8], place: Place, out: &mut Writer) {
        let meaning = text::meaning(&text::units(inner));
        let core = meaning.trim_matches(|char: char| char.is_whitespace() || char.is_control());
        let is_harmless = match place.rule {
            Rule::Kept => true,
            Rule::Message => scalar::is_known_message(core),
            Rule::Code => scalar::is_code(core) && !self.known.is_personal(core),
            Rule::Amount => scalar::is_code(core) && !number::is_personal(core, Rule::Amount, &self.known),
            Rule::Time => scalar::is_time(core),
            Rule::Choice | Rule::Setting => {
                (scalar::is_tame(core) || scalar::is_code(core)) && !self.known.is_personal(core)
            }
            Rule::Listed => {
                (self.known.is_choice(core) || scalar::is_code(core))
                    && scalar::is_tame(core)
                    && !self.known.is_personal(core)
            }
            Rule::Area => scalar::is_area(core),
            Rule::Birth => scalar::is_no_day(core),
            Rule::Person | Rule::Phone | Rule::Own | Rule::Unknown => false,
        };
        match place.rule {
            _ if is_harmless || core.is_empty() => out.quoted(inner),
            Rule::Birth if scalar::is_day(core) => self.write_day(inner, out),
            Rule::Phone | Rule::Area => self.write_pseudonym(inner, Shape::Phone, out),
            _ => self.write_pseudonym(inner, Shape::Text, out),
        }
    }

    fn write_number(&mut self, number: &[u8], place: Place, out: &mut Writer) {
        let text = String::from_utf8_lossy(number);
        if !number::is_personal(&text, place.rule, &self.known) {
            out.raw().extend_from_slice(number);
            return;
        }
        self.replaced += 1;
        let pseudonym = number::other(&text, &self.pseudonyms);
        out.raw().extend_from_slice(pseudonym.as_bytes());
    }

    fn write_pseudonym(&mut self, inner: &[u8], shape: Shape, out: &mut Writer) {
        self.rewrite(inner, out, |disguise, chars| disguise.pseudonyms.of(chars, shape));
    }

    /// Another day, so that whatever reads days reads this one.
    fn write_day(&mut self, inner: &[u8], out: &mut Writer) {
        self.rewrite(inner, out, |disguise, chars| {
            scalar::another_day(chars, &disguise.pseudonyms.of(chars, Shape::Text))
        });
    }

    fn rewrite(&mut self, inner: &[u8], out: &mut Writer, change: impl Fn(&Self, &[char]) -> Vec<char>) {
        let mut units = text::units(inner);
        let chars: Vec<char> = units.iter().filter_map(char_of).collect();
        let changed = change(self, &chars);
        self.replaced += u64::from(changed != chars);
        let mut changed = changed.into_iter();
        for unit in &mut units {
            if let Unit::Char(char, _) = unit
                && let Some(other) = changed.next()
            {
                *char = other;
            }
        }
        let mut inner = Vec::new();
        text::write(&units, &mut inner);
        out.quoted(&inner);
    }
}

const fn char_of(unit: &Unit<'_>) -> Option<char> {
    match unit {
        Unit::Char(char, _) => Some(*char),
        Unit::Odd(..) => None,
    }
}
