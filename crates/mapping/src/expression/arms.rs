//! The arms of CASE and IF, and which of them were taken: what tests of a mapping reach.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::super::problem::Place;
use super::super::sql::expr::Expr;
use super::{Expression, Form, explain};

/// A WHEN or an ELSE of an expression, or one of the two sides of an IF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    /// Character offset in the expression.
    pub offset: usize,
    /// Where the document says so; not known for an expression of no document.
    pub place: Option<Place>,
    /// `WHEN …` in words, or `ELSE`; `IF …` and `IF NOT …`.
    pub text: String,
    key: Key,
}

/// An arm by the place of its CASE in memory, which is the same as long as the expression is not moved or cloned.
type Key = (usize, usize);

fn node_key(arm: &Expr) -> Key {
    (std::ptr::from_ref(arm) as usize, usize::MAX)
}

/// Arms that were taken.
#[derive(Debug, Default)]
pub struct Arms(RefCell<BTreeSet<Key>>);

impl Arms {
    pub(crate) fn take(&self, branches: &[(Expr, Expr)], arm: usize) {
        self.0.borrow_mut().insert((branches.as_ptr() as usize, arm));
    }

    /// The arm of an IF, which is a node of its own.
    pub(crate) fn take_node(&self, arm: &Expr) {
        self.0.borrow_mut().insert(node_key(arm));
    }

    /// Whether it is among them.
    pub fn has(&self, arm: &Arm) -> bool {
        self.0.borrow().contains(&arm.key)
    }
}

impl Expression {
    /// The arms of its CASE and IF expressions as they are written; a missing ELSE is none.
    pub fn arms(&self) -> Vec<Arm> {
        let mut found = Vec::new();
        if let Form::Function(expr) = &self.form {
            collect(expr, &mut found);
        }
        for (arm, place) in found.iter_mut().zip(&self.arm_places) {
            arm.place = Some(*place);
        }
        found
    }
}

fn collect(expr: &Expr, found: &mut Vec<Arm>) {
    if let Expr::Case { branches, at, .. } = expr {
        let texts = branches
            .iter()
            .map(|(when, _)| format!("WHEN {}", explain::words(when)));
        let texts = texts.chain(std::iter::once("ELSE".to_owned()));
        for (n, (text, offset)) in texts.zip(at).enumerate() {
            found.push(Arm {
                offset: *offset,
                place: None,
                text,
                key: (branches.as_ptr() as usize, n),
            });
        }
    }
    if let Expr::Call(_, args) = expr
        && let [condition, rest @ ..] = args.as_slice()
    {
        let condition = || explain::words(condition);
        for (n, arm) in rest.iter().enumerate() {
            let Expr::Arm(offset, _) = arm else { continue };
            found.push(Arm {
                offset: *offset,
                place: None,
                text: match n {
                    0 => format!("IF {}", condition()),
                    _ => format!("IF NOT {}", condition()),
                },
                key: node_key(arm),
            });
        }
    }
    expr.children()
        .into_iter()
        .for_each(|child| collect(child, found));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::super::super::record::Record;
    use super::super::{Context, Evaluation};
    use super::*;

    fn reached(expression: &Expression, records: &[Value]) -> Vec<(usize, bool)> {
        let arms = Arms::default();
        let context = Context::at(Timestamp::UNIX_EPOCH);
        for record in records {
            let record = Record::new(record.as_object().unwrap().clone());
            let evaluation = Evaluation::new(&record, &context).noting(&arms);
            drop(expression.evaluate(&evaluation));
        }
        let all = expression.arms();
        all.iter().map(|arm| (arm.offset, arms.has(arm))).collect()
    }

    #[test]
    fn what_a_record_goes_through_is_known_by_its_place() {
        let text = "_function CASE '{{a}}' WHEN '1' THEN 'x' WHEN '2' THEN CASE WHEN {{b}}>0 THEN 'y' END ELSE 'z' END";
        let expression = Expression::compile(text).unwrap();
        let place = |part: &str| text.find(part).unwrap();
        let arms = |hits: [bool; 4]| {
            let parts = ["'1'", "'2'", "'z'", "{{b}}"];
            parts.map(place).into_iter().zip(hits).collect::<Vec<_>>()
        };
        assert_eq!(reached(&expression, &[]), arms([false; 4]));
        assert_eq!(
            reached(&expression, &[json!({"a": 1})]),
            arms([true, false, false, false])
        );
        assert_eq!(
            reached(&expression, &[json!({"a": 2})]),
            arms([false, true, false, false])
        );
        let rest = [json!({"a": 2, "b": 3}), json!({"a": 9})];
        assert_eq!(reached(&expression, &rest), arms([false, true, true, true]));
    }

    #[test]
    fn both_sides_of_an_if_are_arms() {
        let text = "_function IF('{{a}}'='1', IF({{b}}>0, 'x', 'y'), ABS({{c}}))";
        let expression = Expression::compile(text).unwrap();
        let place = |part: &str| text.find(part).unwrap();
        let parts = ["IF({{b}}", "ABS", "'x'", "'y'"].map(place);
        let arms = |hits: [bool; 4]| parts.into_iter().zip(hits).collect::<Vec<_>>();
        assert_eq!(reached(&expression, &[]), arms([false; 4]));
        assert_eq!(
            reached(&expression, &[json!({"a": 1, "b": 2, "c": 3})]),
            arms([true, false, true, false])
        );
        assert_eq!(
            reached(&expression, &[json!({"a": 2, "b": 2, "c": 3}), json!({"a": 1})]),
            arms([true, true, false, true])
        );
        assert_eq!(expression.arms()[1].text, "IF NOT a is \"1\"");
    }

    /// The type of all branches is asked for, which takes none of them.
    #[test]
    fn a_branch_that_is_only_asked_for_its_type_is_not_taken() {
        let text =
            "_function CASE WHEN {{a}}=1 THEN CASE WHEN {{b}}=1 THEN ABS({{c}}) END ELSE ROUND({{c}}, 2) END";
        let expression = Expression::compile(text).unwrap();
        let hits: Vec<bool> = reached(&expression, &[json!({"a": 2, "b": 1, "c": 3})])
            .into_iter()
            .map(|arm| arm.1)
            .collect();
        assert_eq!(hits, [false, true, false]);
        assert_eq!(expression.arms()[1].text, "ELSE");
    }
}
