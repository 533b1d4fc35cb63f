//! What the document wants of the additions, and what of them it does not want.

use mapping::{Expression, Problem, nearest};

use super::Extras;
use super::field::Field;
use super::lookup::WantedLookup;

/// Types of the additions for fields that the document does not have.
pub(super) fn untyped(extras: &Extras, fields: &[Field], name: &str) -> Vec<Problem> {
    let mut known = Vec::new();
    for field in fields {
        field.each(&mut |parameter| known.push(parameter.field.as_str()));
    }
    let unknown = extras.typed.iter().filter(|(field, _)| {
        let last = field.rsplit('.').next().unwrap_or_default();
        !known.contains(&last)
    });
    unknown
        .map(|(field, place)| {
            let near = nearest(field, known.iter().copied());
            let meant = near.first().map(|name| words::tr!("; {name} may be meant"));
            let message = words::tr!(
                "widgets.{field} has no effect: the document has no such field{}",
                meant.unwrap_or_default()
            );
            let mut problem = Problem::new(name, message).at(*place);
            problem.without_effect = true;
            problem
        })
        .collect()
}

/// The look-ups of the fields and of the condition, with what a problem about them needs.
pub(super) fn wanted_lookups(fields: &[Field], extras: &Extras) -> Vec<WantedLookup> {
    let mut found = Vec::new();
    for field in fields {
        field.each(&mut |parameter| {
            for lookup in parameter.expressions().flat_map(Expression::lookups) {
                found.push(WantedLookup {
                    lookup: lookup.clone(),
                    label: Some(parameter.label.clone()),
                    place: parameter.place,
                });
            }
        });
    }
    let of_condition = extras.condition.lookups().into_iter().map(|lookup| WantedLookup {
        lookup: lookup.clone(),
        label: None,
        place: None,
    });
    found.extend(of_condition);
    found
}
