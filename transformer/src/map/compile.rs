//! The fields of a document with what the additions say of them, and what is wrong with them whatever a record holds.

use jiff::Timestamp;
use mapping::{Context, Evaluation, Problem, Record, TargetDocument};

use super::Extras;
use super::field::Field;
use super::wrapping::Remarks;

pub(super) fn compile(
    document: &TargetDocument,
    extras: &Extras,
    remarks: &mut Remarks<'_>,
) -> Result<Vec<Field>, Vec<Problem>> {
    let (mut fields, mut problems) = (Vec::new(), Vec::new());
    for parameter in &document.request {
        match Field::new(parameter, extras, remarks) {
            Ok(field) => fields.push(field),
            Err(reason) => {
                let mut problem = Problem::new(remarks.name, reason).field(parameter.label.clone());
                problem.place = parameter.place;
                problems.push(problem);
            }
        }
    }
    let (record, context) = (
        Record::default(),
        Context::at(Timestamp::UNIX_EPOCH).zone(extras.zone.clone()),
    );
    let mut unfit = Vec::new();
    for field in &fields {
        field.unfit(&Evaluation::new(&record, &context), &mut unfit);
    }
    problems.extend(unfit.into_iter().map(|(place, error)| {
        let message = words::tr!(
            "the fixed value \"{}\" can be sent for nobody: {}",
            error.expression,
            error.reason
        );
        let mut problem = Problem::new(remarks.name, message).field(error.label);
        problem.place = place;
        problem
    }));
    if problems.is_empty() {
        Ok(fields)
    } else {
        Err(problems)
    }
}
