//! The type of a result before its value is known: branches of a CASE are brought to a common type.

use super::arithmetic;
use super::eval::Env;
use super::expr::{Expr, Operator};
use super::value::{Kind, Value};

impl Expr {
    /// The type of the result, for the common type of branches; functions are asked by calling them.
    pub(crate) fn kind(&self, env: &Env<'_>) -> Kind {
        match self {
            Expr::Case {
                branches,
                otherwise,
                kind,
                ..
            } => kind.unwrap_or_else(|| {
                let results = branches.iter().map(|(_, then)| then).chain(otherwise.as_deref());
                results.fold(Kind::Null, |kind, result| kind.merge(result.kind(env)))
            }),
            Expr::Arithmetic(operator, a, b) => {
                arithmetic::kind(*operator, a.number_kind(env), b.number_kind(env))
            }
            Expr::Compare(..)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Xor(_)
            | Expr::Not(_)
            | Expr::IsNull(..) => Kind::Int,
            Expr::IsTruth(..)
            | Expr::In { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::Regexp { .. } => Kind::Int,
            Expr::Text(_) | Expr::Template(_) | Expr::Collated(..) => Kind::Text,
            Expr::Negate(value) => match value.number_kind(env) {
                Kind::Int => self.kind_of_value(env),
                kind => kind.as_number(),
            },
            Expr::Cast(_, target) => target.kind(),
            Expr::Arm(_, value) => value.kind(env),
            Expr::Call(function, _) if function.gives.is_some() => function.gives.unwrap_or(Kind::Null),
            other => other.kind_of_value(env),
        }
    }

    /// The type as an operand: of two untyped NULLs in an IF nothing is known here, though the IF itself is a text.
    pub(crate) fn number_kind(&self, env: &Env<'_>) -> Kind {
        match self {
            Expr::Call(function, args) if function.name == "IF" => {
                let branches = args.iter().skip(1);
                match branches.fold(Kind::Null, |all, branch| all.merge(branch.number_kind(env))) {
                    Kind::Null => Kind::Null,
                    _ => self.kind(env),
                }
            }
            Expr::Arm(_, value) => value.number_kind(env),
            other => other.kind(env),
        }
    }

    fn kind_of_value(&self, env: &Env<'_>) -> Kind {
        let quiet = Env {
            notices: None,
            arms: None,
            ..*env
        };
        match self.eval(&quiet).map(|value| value.kind()) {
            Ok(Kind::Null) | Err(_) => self.kind_of_null(env),
            Ok(kind) => kind,
        }
    }

    /// The type of a NULL: that of the function with its arguments.
    fn kind_of_null(&self, env: &Env<'_>) -> Kind {
        let (function, args) = match self {
            Expr::Call(function, args) => (function, args),
            Expr::Negate(value) => return value.kind(env).as_number(),
            _ => return Kind::Null,
        };
        let kind = |i: usize| args.get(i).map_or(Kind::Null, |arg| arg.kind(env));
        let merged = |from: usize| {
            args.iter()
                .skip(from)
                .fold(Kind::Null, |all, arg| all.merge(arg.kind(env)))
        };
        match function.name {
            "NULLIF" => kind(0),
            "ABS" => kind(0).as_number(),
            "CEIL" | "CEILING" | "FLOOR" => match kind(0).as_number() {
                Kind::Double(_) => Kind::Double(Some(0)),
                _ => Kind::Int,
            },
            "MOD" => {
                let operand = |i: usize| args.get(i).map_or(Kind::Null, |arg| arg.number_kind(env));
                arithmetic::kind(Operator::Remainder, operand(0), operand(1))
            }
            "IF" => match merged(1) {
                // Two untyped NULLs make a text.
                Kind::Null => Kind::Text,
                kind => kind,
            },
            "IFNULL" | "NVL" | "COALESCE" => merged(0),
            "NVL2" => merged(1),
            // An untyped NULL among exact numbers makes doubles of them.
            "GREATEST" | "LEAST" => {
                let kinds = || args.iter().map(|arg| arg.number_kind(env));
                match kinds().fold(Kind::Null, Kind::merge) {
                    exact @ (Kind::Int | Kind::Decimal(_)) if kinds().any(|kind| kind == Kind::Null) => {
                        Kind::Double(Some(exact.digits()))
                    }
                    kind => kind,
                }
            }
            "ROUND" | "TRUNCATE" => {
                let digits = match args.get(1) {
                    Some(Expr::Constant(Value::Int(digits))) => {
                        u8::try_from((*digits).clamp(0, 30)).unwrap_or(0)
                    }
                    _ => 0,
                };
                match kind(0) {
                    Kind::Int => Kind::Int,
                    Kind::Decimal(_) => Kind::Decimal(digits),
                    _ => Kind::Double(Some(digits)),
                }
            }
            _ => Kind::Null,
        }
    }
}
