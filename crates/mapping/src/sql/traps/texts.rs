//! Texts that are lists, patterns or bounds, written so that they hardly ever fit.

use sqlparser::ast::{self, BinaryOperator, Expr as Tree};

use super::super::parse::marker;
use super::super::value::Kind;
use super::text;

type Told = Option<(String, String)>;

/// Lists in one text, LIKE without a wildcard, bounds in the wrong order, comparisons in a chain.
pub(super) fn trap(tree: &Tree) -> Told {
    match tree {
        Tree::In {
            target: ast::InTarget::List(list),
            ..
        } => match list.as_slice() {
            [only] => one_text(only),
            _ => None,
        },
        Tree::Like { pattern, .. } => {
            let pattern = text(pattern).filter(|pattern| !pattern.contains(['%', '_']))?;
            (!pattern.is_empty()).then(|| {
                (
                    words::text!("LIKE without % compares the whole text").to_owned(),
                    words::text!("write LIKE '%…%' for a part of it, or = for the whole").to_owned(),
                )
            })
        }
        Tree::Between { low, high, .. } => {
            let (low, high) = (bound(low)?, bound(high)?);
            is_turned(low, high).then(|| {
                (
                    words::tr!("BETWEEN {low} AND {high} holds for nothing"),
                    words::tr!("write the smaller one first: BETWEEN {high} AND {low}"),
                )
            })
        }
        Tree::BinaryOp { left, op, .. } if compares(op) => {
            let is_chain = matches!(&**left, Tree::BinaryOp { op, .. } if compares(op));
            is_chain.then(|| {
                (
                    words::text!(
                        "of two comparisons in a row the second one compares 0 or 1, what the first one gives"
                    )
                    .to_owned(),
                    words::text!("write 1<{{key}} AND {{key}}<2").to_owned(),
                )
            })
        }
        _ => None,
    }
}

/// `||` between texts, as other databases join them.
pub(super) fn joined(tree: &Tree) -> Told {
    let Tree::BinaryOp {
        left,
        op: BinaryOperator::Or,
        right,
    } = tree
    else {
        return None;
    };
    (is_value(left) || is_value(right)).then(|| {
        (
            words::text!("|| is OR in MySQL, and joins no texts").to_owned(),
            words::text!("write CONCAT(a, b) to join texts").to_owned(),
        )
    })
}

/// A text, a placeholder, or a function that gives a text.
fn is_value(tree: &Tree) -> bool {
    match tree {
        Tree::Nested(inner) => is_value(inner),
        Tree::Identifier(_) | Tree::Substring { .. } | Tree::Trim { .. } => true,
        Tree::Function(function) => {
            let name = function.name.to_string().to_ascii_uppercase();
            let gives = super::super::functions::find(&name).map(|function| function.gives);
            matches!(gives, Some(None | Some(Kind::Text))) || name == "GROUP_CONCAT"
        }
        other => text(other).is_some(),
    }
}

fn compares(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
            | BinaryOperator::Eq
            | BinaryOperator::NotEq
    )
}

fn one_text(tree: &Tree) -> Told {
    let list = text(tree).filter(|list| list.contains([',', '，']) && is_fixed(list))?;
    let each: Vec<String> = list
        .split([',', '，'])
        .map(|one| format!("'{}'", one.trim()))
        .collect();
    let each = each.join(",");
    Some((
        words::tr!("'{list}' is one text, commas included"),
        words::tr!("write IN ({each})"),
    ))
}

/// `FIND_IN_SET`, `GROUP_CONCAT` and `CONCAT_WS`.
pub(super) fn call(name: &str, args: &[&Tree]) -> Told {
    match (name, args) {
        ("FIND_IN_SET", [one, list]) => {
            let comma = text(one).is_some_and(|one| one.contains(',') && is_fixed(one));
            if comma {
                return Some((
                    words::text!("FIND_IN_SET never finds a text with a comma in it").to_owned(),
                    words::text!("write one entry first, then the list: FIND_IN_SET('a','a,b')").to_owned(),
                ));
            }
            let list = text(list).filter(|list| is_fixed(list))?;
            let is_odd = list.contains(", ") || list.contains(" ,") || list.contains(['，', '、', ';', '；']);
            is_odd.then(|| {
                let entries = list.split([',', '，', '、', ';', '；']).map(str::trim);
                let right = entries.collect::<Vec<_>>().join(",");
                (
                    words::tr!(
                        "FIND_IN_SET parts its list at commas alone, and blanks belong to the entries"
                    ),
                    words::tr!("write '{right}'"),
                )
            })
        }
        ("GROUP_CONCAT", [_, .., last]) => {
            let sign =
                text(last).filter(|sign| is_fixed(sign) && !sign.chars().any(char::is_alphanumeric))?;
            Some((
                words::tr!("GROUP_CONCAT writes '{sign}' behind each value, and a comma between them")
                    .to_owned(),
                words::tr!("write GROUP_CONCAT({{{{key}}}} SEPARATOR '{sign}')"),
            ))
        }
        ("CONCAT_WS", [separator, parts @ ..]) if text(separator) != Some("") => {
            let is_placeholder =
                |tree: &&Tree| text(tree).is_some_and(|text| text.chars().count() == 1 && !is_fixed(text));
            parts.iter().any(is_placeholder).then(|| {
                (
                    words::text!(
                        "CONCAT_WS leaves out NULL and keeps empty texts, so separators stand side by side"
                    )
                    .to_owned(),
                    words::text!("write NULLIF('{{key}}','') for parts that may be empty").to_owned(),
                )
            })
        }
        _ => None,
    }
}

fn is_fixed(text: &str) -> bool {
    text.chars().all(|c| marker(c).is_none())
}

/// A bound that is written out.
fn bound(tree: &Tree) -> Option<&str> {
    match tree {
        Tree::Value(value) => match &value.value {
            ast::Value::Number(number, _) => Some(number),
            _ => text(tree).filter(|text| is_fixed(text) && text.starts_with(|c: char| c.is_ascii_digit())),
        },
        _ => None,
    }
}

/// The first one is larger: of numbers, or of dates written alike.
fn is_turned(low: &str, high: &str) -> bool {
    match (low.parse::<f64>(), high.parse::<f64>()) {
        (Ok(low), Ok(high)) => low > high,
        _ => low.len() == high.len() && low.contains(['-', '/']) && low > high,
    }
}
