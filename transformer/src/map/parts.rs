//! What a mapping is made of, for those who judge it: paths, arms, fields with their rows and parts.

use mapping::{Arm, Expression, Parameter};

use super::field::Field;
use super::{Mapping, Widget};

impl Mapping {
    /// The paths that fields and condition read.
    pub fn paths(&self) -> Vec<&mapping::Path> {
        let fields = self
            .fields
            .iter()
            .filter(|field| field.is_sent())
            .flat_map(Field::paths);
        fields.chain(self.extras.condition.paths()).collect()
    }

    /// The arms of CASE and IF that each field has with its rows and parts, by the field's place in [`Self::fields`].
    pub fn arms(&self) -> Vec<Vec<Arm>> {
        let arms = |field: &Field| {
            let mut found = Vec::new();
            field.each(&mut |parameter| found.extend(parameter.value.iter().flat_map(Expression::arms)));
            found
        };
        let sent = self.fields.iter().filter(|field| field.is_sent());
        sent.map(arms).collect()
    }

    /// The same with how each is sent.
    pub fn described(&self) -> Vec<(&Parameter, Widget)> {
        let mut found = Vec::new();
        let sent = self.fields.iter().filter(|field| field.is_sent());
        sent.for_each(|field| field.described(&mut found));
        found
    }

    /// Every field with those of its rows and parts, in the document's order.
    pub fn parameters(&self) -> Vec<&Parameter> {
        let mut found = Vec::new();
        for field in self.fields.iter().filter(|field| field.is_sent()) {
            field.each(&mut |parameter| found.push(parameter));
        }
        found
    }
}
