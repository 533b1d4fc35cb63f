//! An expression in words.

mod terms;

use super::super::path::{Path, Segment};
use super::super::sql::expr::{Aggregate, Comparison, Expr, LikePattern, Part, RegexPattern};
use super::context::Variable;
use super::pipe::Pipe;
use super::{Expression, Form, Placeholder, Source};
use terms::{compared, kind, not, sign};

impl Expression {
    /// What the expression does, a line per step.
    pub fn explain(&self) -> Vec<String> {
        match &self.form {
            Form::Constant(text) if text.is_empty() => vec![words::text!("always empty").to_owned()],
            Form::Constant(text) => vec![words::tr!("always \"{text}\"")],
            Form::Reference(placeholder) => vec![words::tr!("the value of {}", name(placeholder))],
            Form::Template(parts) => vec![words::tr!("the text {}", template(parts))],
            Form::Function(expr) => lines(expr),
        }
    }

    /// The expression aggregates an array (`SUM`, `GROUP_CONCAT` …).
    pub fn aggregates(&self) -> bool {
        matches!(&self.form, Form::Function(expr) if expr.has_aggregate())
    }
}

/// A CASE takes a line per branch, everything else one line.
fn lines(expr: &Expr) -> Vec<String> {
    let Expr::Case {
        operand,
        branches,
        otherwise,
        ..
    } = expr
    else {
        return vec![words(expr)];
    };
    let mut lines = Vec::new();
    if let Some(operand) = operand {
        lines.push(words::tr!("by the value of {}:", words(operand)));
    }
    for (when, then) in branches {
        let when = match operand {
            Some(operand) => beside(operand, when),
            None => words::tr!("if {}", words(when)),
        };
        lines.push(format!("{when} → {}", words(then)));
    }
    let otherwise = otherwise
        .as_deref()
        .map_or_else(|| words::text!("empty").to_owned(), words);
    lines.push(words::tr!("otherwise → {otherwise}"));
    lines
}

fn name(placeholder: &Placeholder) -> String {
    let base = match &placeholder.source {
        Source::Variable(Variable::LastSyncTime) => words::text!("the time of the previous run").to_owned(),
        Source::Variable(Variable::CurrentTime) => words::text!("the present time").to_owned(),
        Source::Variable(Variable::DaysAgo(days)) => words::tr!("the time {days} days ago"),
        Source::Variable(Variable::PageSize) => words::text!("the page size").to_owned(),
        Source::Variable(Variable::StartRow) => words::text!("the first row of the page").to_owned(),
        Source::Path(path) => path_words(path),
        Source::Lookup(lookup) => words::tr!(
            "{} of the row of {} with the same {}",
            lookup.field,
            lookup.collection,
            lookup.columns().join(words::text!(" and "))
        ),
    };
    placeholder.pipes.iter().fold(base, |text, pipe| match pipe {
        Pipe::DateTime => words::tr!("{text} as date and time"),
        Pipe::Date => words::tr!("{text} as date"),
        Pipe::Timestamp => words::tr!("{text} as unix seconds"),
        Pipe::TimestampMillis => words::tr!("{text} as unix milliseconds"),
        Pipe::Pattern(_) => words::tr!("{text} as date by a pattern"),
        Pipe::Text => text,
        Pipe::Number(digits) => words::tr!("{text} with {digits} decimals"),
        Pipe::Json => words::tr!("{text} as JSON"),
        Pipe::Replace(from, to) => words::tr!("{text} with \"{from}\" replaced by \"{to}\""),
        Pipe::Implode(separator) => words::tr!("{text} joined by \"{separator}\""),
        Pipe::Format(format) => words::tr!("{text} as {}", format.name()),
        Pipe::EscapeLike(_) | Pipe::EscapeRegex => text,
    })
}

fn path_words(path: &Path) -> String {
    let mut text = String::new();
    for segment in path.segments() {
        match segment {
            Segment::Key(key) if text.is_empty() => text.push_str(key),
            Segment::Key(key) => text.push_str(&format!(".{key}")),
            Segment::Index(index, _) if text.is_empty() => text.push_str(&index.to_string()),
            Segment::Index(index, _) => text.push_str(&format!("[{}]", index + 1)),
            Segment::Every => text = words::tr!("every {text}"),
        }
    }
    text
}

fn template(parts: &[Part]) -> String {
    let piece = |part: &Part| match part {
        Part::Text(text) => format!("\"{text}\""),
        Part::Value(placeholder) | Part::Maybe(placeholder, _) => name(placeholder),
    };
    parts.iter().map(piece).collect::<Vec<_>>().join(" + ")
}

fn list(exprs: &[Expr], by: &str) -> String {
    exprs.iter().map(words).collect::<Vec<_>>().join(by)
}

// long because it is one table: a line or two for each kind of expression.
pub(super) fn words(expr: &Expr) -> String {
    match expr {
        Expr::Constant(value) => value
            .text()
            .map_or_else(|| "NULL".to_owned(), |text| text.into_owned()),
        Expr::Text(text) if text.is_empty() => words::text!("empty").to_owned(),
        Expr::Text(text) => format!("\"{text}\""),
        Expr::Template(parts) => template(parts),
        Expr::Bare(placeholder) => name(placeholder),
        Expr::Negate(value) => words::tr!("minus {}", words(value)),
        Expr::Not(value) => words::tr!("not ({})", words(value)),
        Expr::Arithmetic(operator, a, b) => format!("({} {} {})", words(a), sign(*operator), words(b)),
        Expr::Compare(comparison, a, b) if is_empty(a) && !is_empty(b) => {
            let turned = Expr::Compare(comparison.turned(), b.clone(), a.clone());
            words(&turned)
        }
        Expr::Compare(Comparison::Equal, a, b) if is_empty(b) => match a.is_no_text() {
            true => words::tr!("{} is 0, and not empty", words(a)),
            false => words::tr!("{} is empty", words(a)),
        },
        Expr::Compare(Comparison::NotEqual, a, b) if is_empty(b) => match a.is_no_text() {
            true => words::tr!("{} is neither empty nor 0", words(a)),
            false => words::tr!("{} is not empty", words(a)),
        },
        Expr::Compare(comparison, a, b) => format!("{} {} {}", words(a), compared(*comparison), words(b)),
        Expr::And(terms) => list(terms, words::text!(" and ")),
        Expr::Or(terms) => format!("({})", list(terms, words::text!(" or "))),
        Expr::Xor(terms) => words::tr!("(either {})", list(terms, words::text!(" or "))),
        Expr::IsNull(value, negated) => words::tr!("{} is {}missing", words(value), not(*negated)),
        Expr::IsTruth(value, wanted, negated) => words::tr!("{} is {}{wanted}", words(value), not(*negated)),
        Expr::In {
            value,
            list: items,
            negated,
        } => words::tr!(
            "{} is {}one of {}",
            words(value),
            not(*negated),
            items
                .iter()
                .map(|item| beside(value, item))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        Expr::Between {
            value,
            low,
            high,
            negated,
        } => {
            words::tr!(
                "{} is {}between {} and {}",
                words(value),
                not(*negated),
                words(low),
                words(high)
            )
        }
        Expr::Like {
            value,
            pattern,
            negated,
        } => {
            let pattern = match pattern {
                LikePattern::Fixed(_, text) => format!("\"{text}\""),
                LikePattern::Dynamic(expr, ..) => words(expr),
            };
            words::tr!("{} is {}like {pattern}", words(value), not(*negated))
        }
        Expr::Regexp {
            value,
            pattern,
            negated,
        } => {
            let pattern = match pattern {
                RegexPattern::Fixed(regex) => format!("\"{regex}\""),
                RegexPattern::Dynamic(expr, _) => words(expr),
            };
            words::tr!(
                "{} {} the pattern {pattern}",
                words(value),
                if *negated {
                    words::text!("does not match")
                } else {
                    words::text!("matches")
                }
            )
        }
        Expr::Case { .. } => format!("[{}]", words::sentences(&lines(expr))),
        Expr::Call(function, args) => format!("{}({})", function.name, list(args, ", ")),
        Expr::Interval {
            date,
            amount,
            unit,
            subtract,
        } => {
            let (amount, date) = (words(amount), words(date));
            let unit = unit.told();
            match subtract {
                true => words::tr!("{amount} {unit} before {date}"),
                false => words::tr!("{amount} {unit} after {date}"),
            }
        }
        Expr::Collated(value, collation) if collation.is_exact() => {
            words::tr!("{} to the letter", words(value))
        }
        Expr::Collated(value, _) => words(value),
        Expr::Arm(_, value) => words(value),
        Expr::Cast(value, target) => words::tr!("{} as {}", words(value), kind(*target)),
        Expr::Aggregate {
            function,
            of,
            distinct,
            order,
            separator,
            ..
        } => {
            let what = match function {
                Aggregate::Sum => words::text!("the sum of"),
                Aggregate::Average => words::text!("the average of"),
                Aggregate::Max => words::text!("the largest of"),
                Aggregate::Min => words::text!("the smallest of"),
                Aggregate::Count => words::text!("the number of"),
                Aggregate::Join => words::text!("the list of"),
            };
            let each = if *distinct {
                words::text!("all different")
            } else {
                words::text!("all")
            };
            let by_keys = order.iter().map(|key| match key.descending {
                true => words::tr!("{} descending", words(&key.of)),
                false => words(&key.of),
            });
            let by_keys = by_keys.collect::<Vec<_>>().join(", ");
            let sorted = match by_keys.is_empty() {
                true => String::new(),
                false => words::tr!(" in the order of {by_keys}"),
            };
            let by = separator
                .as_ref()
                .map(|s| words::tr!(" joined by \"{s}\""))
                .unwrap_or_default();
            format!("{what} {each} {}{sorted}{by}", words(of))
        }
    }
}

/// What a value is compared with: an empty text is 0 beside a number, and an empty placeholder without quotes is equal to
/// nothing.
fn beside(value: &Expr, other: &Expr) -> String {
    match is_empty(other) && value.is_no_text() {
        true => words::text!("0 (not empty)").to_owned(),
        false => words(other),
    }
}

fn is_empty(expr: &Expr) -> bool {
    matches!(expr, Expr::Text(text) if text.is_empty())
}
