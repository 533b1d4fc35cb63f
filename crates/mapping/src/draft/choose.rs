//! Which field each widget shows: first those of the same caption, then other words for it, and only then parts of a
//! caption, of which each field is given once.

use std::collections::BTreeSet;

use super::caption::{normal, of_contact, overlap};
use super::cell::{Cell, Target, cell};
use super::offer::{Offer, Offers};
use super::report::{Reason, Why};
use super::synonyms::Synonyms;
use super::{Form, Widget};

/// The field of a widget.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    /// Its place among the offers.
    pub offer: usize,
    pub cell: Cell,
    pub why: Why,
}

/// For each widget of the form, in its order.
pub(super) fn choose(form: &Form<'_>, offers: &Offers) -> Vec<Result<Chosen, Reason>> {
    let key = form.key_widget.map(|key| key_of(form.widgets, key));
    let mut chosen: Vec<_> = form
        .widgets
        .iter()
        .enumerate()
        .map(
            |(n, widget)| match (Target::of(&widget.kind), key == Some(Some(n))) {
                (_, true) => Err(Reason::Key),
                (None, _) => Err(Reason::Type),
                (Some(target), _) => named(widget, target, offers),
            },
        )
        .collect();
    parts(form, offers, &mut chosen);
    chosen
}

/// The widget that is called so by its name, else by its caption.
fn key_of(widgets: &[Widget], key: &str) -> Option<usize> {
    let by = |is: &dyn Fn(&Widget) -> bool| widgets.iter().position(is);
    by(&|widget| widget.name == key).or_else(|| by(&|widget| normal(&widget.label) == normal(key)))
}

/// The field of the same caption, or of another word for it; a company's before a contact's.
fn named(widget: &Widget, target: Target, offers: &Offers) -> Result<Chosen, Reason> {
    let caption = normal(&widget.label);
    let mut refused = None;
    for contact in [false, true] {
        let caption = match (contact, of_contact(&caption)) {
            (false, Some(_)) => continue,
            (true, Some(rest)) => rest,
            (_, None) => caption.as_str(),
        };
        for (why, list) in ranked(caption, contact, offers) {
            for offer in list {
                match cell(&offers.list[offer], target, offers) {
                    Ok(cell) => return Ok(Chosen { offer, cell, why }),
                    Err(reason) => drop(refused.get_or_insert(reason)),
                }
            }
        }
    }
    Err(refused.unwrap_or(Reason::NoField))
}

/// The fields that fit a caption, those that fit best first.
fn ranked(caption: &str, contact: bool, offers: &Offers) -> Vec<(Why, Vec<usize>)> {
    let of = |is: &dyn Fn(&Offer) -> bool| -> Vec<usize> {
        let all = offers.list.iter().enumerate();
        let mut found: Vec<usize> = all
            .filter(|(_, offer)| offer.field.contact == contact && is(offer))
            .map(|(n, _)| n)
            .collect();
        // One that is switched off has no new values; one that nobody fills may be a forgotten one of the same name.
        found.sort_by_key(|n| {
            let offer = &offers.list[*n];
            let is_filled = offer
                .key
                .as_ref()
                .is_some_and(|key| !offers.samples(key).is_empty());
            (offer.field.disabled, !is_filled)
        });
        found
    };
    if caption.is_empty() {
        return Vec::new();
    }
    let is_equal = |offer: &Offer| {
        let label = normal(&offer.field.label);
        let whole = normal(&format!("{}{}", offer.field.group, offer.field.label));
        let rest = of_contact(&label).filter(|_| contact);
        label == caption || whole == caption || rest == Some(caption)
    };
    let synonyms: Vec<&Synonyms> = Synonyms::of(caption, contact).collect();
    vec![
        (Why::Equal, of(&is_equal)),
        (
            Why::Synonym,
            of(&|offer| synonyms.iter().any(|one| one.is_id(&offer.field))),
        ),
        (
            Why::Synonym,
            of(&|offer| synonyms.iter().any(|one| one.is_called(&offer.field))),
        ),
    ]
}

/// A widget and a field of which one has a part of the other one's caption.
struct Pair {
    overlap: usize,
    contact: bool,
    widget: usize,
    offer: usize,
}

/// Gives what is left to captions that hold each other; the longest part first, and no field that has a widget.
fn parts(form: &Form<'_>, offers: &Offers, chosen: &mut [Result<Chosen, Reason>]) {
    let mut used: BTreeSet<usize> = chosen.iter().flatten().map(|one| one.offer).collect();
    // Of two fields that are one key of the record, both are used.
    let keys: BTreeSet<String> = used.iter().filter_map(|n| offers.list[*n].key.clone()).collect();
    used.extend((0..offers.list.len()).filter(|n| {
        let key = &offers.list[*n].key;
        key.as_ref().is_some_and(|key| keys.contains(key))
    }));
    let mut pairs = pairs(form, offers, chosen, &used);
    pairs.sort_by_key(|pair| {
        (
            std::cmp::Reverse(pair.overlap),
            pair.contact,
            pair.widget,
            pair.offer,
        )
    });
    for pair in &pairs {
        let is_open = matches!(chosen[pair.widget], Err(Reason::NoField));
        if !is_open || used.contains(&pair.offer) {
            continue;
        }
        let rivals: Vec<&Pair> = pairs
            .iter()
            .filter(|other| {
                let is_same =
                    (other.widget, other.overlap, other.contact) == (pair.widget, pair.overlap, pair.contact);
                let has_other_key = offers.list[other.offer].key != offers.list[pair.offer].key;
                is_same && has_other_key && !used.contains(&other.offer)
            })
            .collect();
        let Some(target) = Target::of(&form.widgets[pair.widget].kind) else {
            continue;
        };
        if !rivals.is_empty() {
            let all = std::iter::once(pair).chain(rivals);
            let fields = all
                .map(|one| offers.list[one.offer].field.label.clone())
                .collect();
            chosen[pair.widget] = Err(Reason::Several { fields });
            continue;
        }
        chosen[pair.widget] = cell(&offers.list[pair.offer], target, offers).map(|cell| Chosen {
            offer: pair.offer,
            cell,
            why: Why::Contained,
        });
        if chosen[pair.widget].is_ok() {
            used.insert(pair.offer);
        }
    }
}

fn pairs(
    form: &Form<'_>,
    offers: &Offers,
    chosen: &[Result<Chosen, Reason>],
    used: &BTreeSet<usize>,
) -> Vec<Pair> {
    let mut found = Vec::new();
    let open = form.widgets.iter().enumerate();
    for (widget, of) in open.filter(|(n, _)| matches!(chosen[*n], Err(Reason::NoField))) {
        let caption = normal(&of.label);
        for (offer, one) in offers.list.iter().enumerate() {
            let contact = one.field.contact;
            let caption = match of_contact(&caption) {
                Some(rest) if contact => rest,
                Some(_) => continue,
                None => &caption,
            };
            let is_free = !used.contains(&offer) && !one.field.disabled && one.key.is_some();
            if let Some(overlap) = overlap(caption, &normal(&one.field.label)).filter(|_| is_free) {
                found.push(Pair {
                    overlap,
                    contact,
                    widget,
                    offer,
                });
            }
        }
    }
    found
}
