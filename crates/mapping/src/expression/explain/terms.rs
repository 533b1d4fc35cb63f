//! Words for operators, comparisons and types.

use super::super::super::sql::expr::{Comparison, Operator, Target};

pub(super) fn not(negated: bool) -> &'static str {
    if negated { words::text!("not ") } else { "" }
}

pub(super) fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "×",
        Operator::Divide => "/",
        Operator::IntegerDivide => words::text!("divided without rest by"),
        Operator::Remainder => words::text!("modulo"),
    }
}

pub(super) fn compared(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal | Comparison::Same => words::text!("is"),
        Comparison::NotEqual => words::text!("is not"),
        Comparison::Less => words::text!("is less than"),
        Comparison::LessOrEqual => words::text!("is at most"),
        Comparison::Greater => words::text!("is greater than"),
        Comparison::GreaterOrEqual => words::text!("is at least"),
    }
}

pub(super) fn kind(target: Target) -> &'static str {
    match target {
        Target::Char(_) => words::text!("text"),
        Target::Signed | Target::Unsigned => words::text!("whole number"),
        Target::Decimal(..) | Target::Double => words::text!("number"),
        Target::Date => words::text!("date"),
        Target::DateTime => words::text!("date and time"),
    }
}
