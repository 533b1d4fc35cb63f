//! The compiled form of an SQL expression.

use regex::Regex;

use super::super::expression::Placeholder;
use super::super::path::Path;
use super::collation::Collation;
use super::dates::Unit;
use super::functions::Function;
use super::like::Like;
use super::value::{Kind, Value};

/// A node. Placeholders are leaves that are bound to values at evaluation; they never contribute structure.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    /// NULL or a number.
    Constant(Value<'static>),
    /// A quoted text without placeholders.
    Text(String),
    /// A quoted text with placeholders.
    Template(Vec<Part>),
    /// A placeholder outside quotes.
    Bare(Placeholder),
    Negate(Box<Expr>),
    Not(Box<Expr>),
    Arithmetic(Operator, Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Xor(Vec<Expr>),
    IsNull(Box<Expr>, bool),
    /// `IS [NOT] TRUE|FALSE`: operand, wanted truth, negated.
    IsTruth(Box<Expr>, bool, bool),
    In {
        value: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        negated: bool,
    },
    Like {
        value: Box<Expr>,
        pattern: LikePattern,
        negated: bool,
    },
    Regexp {
        value: Box<Expr>,
        pattern: RegexPattern,
        negated: bool,
    },
    Case {
        operand: Option<Box<Expr>>,
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
        kind: Option<Kind>,
        /// Where each WHEN and the ELSE stand in the expression.
        at: Vec<usize>,
    },
    Call(&'static Function, Vec<Expr>),
    /// One of the two values of an IF, with its place in the expression.
    Arm(usize, Box<Expr>),
    Interval {
        date: Box<Expr>,
        amount: Box<Expr>,
        unit: Unit,
        subtract: bool,
    },
    Cast(Box<Expr>, Target),
    /// `BINARY x`, `x COLLATE …`: a text that is compared in a way of its own.
    Collated(Box<Expr>, Collation),
    Aggregate {
        function: Aggregate,
        of: Box<Expr>,
        over: Vec<Path>,
        distinct: bool,
        order: Vec<Key>,
        separator: Option<String>,
    },
}

/// What a list is put in order by.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub of: Expr,
    pub descending: bool,
}

/// A piece of a quoted text.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Text(String),
    Value(Placeholder),
    /// `{x}`: the value when the record has the key, else the text as written.
    Maybe(Placeholder, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    IntegerDivide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `<=>`
    Same,
}

impl Comparison {
    /// The same of the two sides the other way round.
    pub(crate) fn turned(self) -> Comparison {
        match self {
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
            same => same,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Sum,
    Average,
    Max,
    Min,
    Count,
    /// `GROUP_CONCAT`
    Join,
}

#[derive(Debug, Clone)]
pub(crate) enum LikePattern {
    Fixed(Like, String),
    Dynamic(Box<Expr>, char, Collation),
}

#[derive(Debug, Clone)]
pub(crate) enum RegexPattern {
    Fixed(Regex),
    Dynamic(Box<Expr>, Collation),
}

/// Target of `CAST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// With an optional length in characters.
    Char(Option<usize>),
    Signed,
    Unsigned,
    Decimal(u8, u8),
    Double,
    Date,
    DateTime,
}

impl Target {
    /// The type of the result.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Target::Char(_) => Kind::Text,
            Target::Signed | Target::Unsigned => Kind::Int,
            Target::Decimal(_, scale) => Kind::Decimal(scale),
            Target::Double => Kind::Double(None),
            Target::Date => Kind::Date,
            Target::DateTime => Kind::DateTime,
        }
    }
}

impl Expr {
    /// The type of the result when it does not depend on data.
    pub(crate) fn static_kind(&self) -> Option<Kind> {
        match self {
            Expr::Constant(value) => Some(value.kind()),
            Expr::Text(_) | Expr::Template(_) | Expr::Collated(..) => Some(Kind::Text),
            Expr::Case { kind, .. } => *kind,
            Expr::Call(function, _) => function.gives,
            Expr::Cast(_, target) => Some(target.kind()),
            Expr::Arm(_, value) => value.static_kind(),
            _ => None,
        }
    }

    /// A constant, or data that the platform would have written there as one, perhaps with signs in front.
    pub(crate) fn is_literal(&self) -> bool {
        match self {
            Expr::Constant(_) | Expr::Bare(_) => true,
            Expr::Negate(value) => value.is_literal(),
            _ => false,
        }
    }

    /// A number, or a placeholder without quotes, which is a number or NULL: beside them an empty text is 0.
    pub(crate) fn is_no_text(&self) -> bool {
        match self {
            Expr::Bare(_) | Expr::Arithmetic(..) | Expr::Negate(_) => true,
            Expr::Arm(_, value) => value.is_no_text(),
            other => matches!(
                other.static_kind(),
                Some(Kind::Int | Kind::Decimal(_) | Kind::Double(_))
            ),
        }
    }

    /// It is an aggregate, or one of its parts is.
    pub(crate) fn has_aggregate(&self) -> bool {
        matches!(self, Expr::Aggregate { .. }) || self.children().into_iter().any(Expr::has_aggregate)
    }

    /// The nodes directly below, for walks over the tree.
    pub(crate) fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Constant(_) | Expr::Text(_) | Expr::Template(_) | Expr::Bare(_) => Vec::new(),
            Expr::Negate(a) | Expr::Not(a) | Expr::IsNull(a, _) | Expr::IsTruth(a, ..) => vec![a],
            Expr::Cast(a, _) | Expr::Collated(a, _) | Expr::Arm(_, a) => vec![a],
            Expr::Arithmetic(_, a, b) | Expr::Compare(_, a, b) => vec![a, b],
            Expr::And(list) | Expr::Or(list) | Expr::Xor(list) | Expr::Call(_, list) => list.iter().collect(),
            Expr::In { value, list, .. } => std::iter::once(&**value).chain(list).collect(),
            Expr::Between { value, low, high, .. } => vec![value, low, high],
            Expr::Like {
                value,
                pattern: LikePattern::Dynamic(p, ..),
                ..
            } => vec![value, p],
            Expr::Regexp {
                value,
                pattern: RegexPattern::Dynamic(p, _),
                ..
            } => vec![value, p],
            Expr::Like { value, .. } | Expr::Regexp { value, .. } => vec![value],
            Expr::Case {
                operand,
                branches,
                otherwise,
                ..
            } => {
                let whens = branches.iter().flat_map(|(when, then)| [when, then]);
                operand
                    .iter()
                    .map(|b| &**b)
                    .chain(whens)
                    .chain(otherwise.iter().map(|b| &**b))
                    .collect()
            }
            Expr::Interval { date, amount, .. } => vec![date, amount],
            Expr::Aggregate { of, order, .. } => std::iter::once(&**of)
                .chain(order.iter().map(|key| &key.of))
                .collect(),
        }
    }

    /// Calls `see` for every placeholder of the tree.
    pub(crate) fn placeholders<'e>(&'e self, see: &mut dyn FnMut(&'e Placeholder)) {
        match self {
            Expr::Bare(placeholder) => see(placeholder),
            Expr::Template(parts) => {
                for part in parts {
                    if let Part::Value(placeholder) | Part::Maybe(placeholder, _) = part {
                        see(placeholder);
                    }
                }
            }
            other => other
                .children()
                .into_iter()
                .for_each(|child| child.placeholders(see)),
        }
    }
}
