//! Reads a query: words, quotes, comparisons, `and`, `or`, `not` and brackets.
//! The file is long because each thing that is refused has a sentence of its own.

use super::{
    Query,
    condition::{Condition, Relation},
    field::{Name, Number, OUTCOMES, Word},
    problem::{Problem, What},
};
use crate::when::{Range, parse_time};
use winnow::{
    LocatingSlice, ModalResult, Parser,
    ascii::multispace0,
    combinator::{alt, delimited, eof, not, opt, peek, preceded, repeat, separated},
    error::{ErrMode, ParserError},
    stream::{Location, Stream},
    token::{any, none_of, one_of, take_while},
};

/// A person's query is shorter, and a page's address has to hold it.
pub(super) const MOST_CHARS: usize = 4_000;
/// What was kept may be longer than what was written: times stand in full.
pub(super) const MOST_KEPT: usize = 16 * MOST_CHARS;
/// Of brackets in each other, and of `not`s before a condition.
const MOST_DEPTH: usize = 32;

type Input<'a> = LocatingSlice<&'a str>;

/// With the place in bytes until the end.
#[derive(Debug)]
struct Fault {
    at: usize,
    what: What,
}

impl ParserError<Input<'_>> for Fault {
    type Inner = Self;

    fn from_input(input: &Input<'_>) -> Self {
        Self {
            at: input.current_token_start(),
            what: What::Expected(words::text!("something else")),
        }
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

fn fault<T>(at: usize, what: What) -> ModalResult<T, Fault> {
    Err(ErrMode::Cut(Fault { at, what }))
}

pub(super) fn query(text: &str, most: usize) -> Result<Query, Problem> {
    let column = |at: usize| text.get(..at).map_or(0, |before| before.chars().count()) + 1;
    if text.chars().count() > most {
        return Err(Problem {
            column: most,
            what: What::TooLong(words::text!("4,000 characters")),
        });
    }
    let mut input = LocatingSlice::new(text);
    let whole = |input: &mut Input<'_>| {
        let query = either(input, 0)?;
        let end = input.current_token_start();
        match eof::<_, Fault>.parse_next(input) {
            Ok(_) => Ok(query),
            Err(_) => fault(end, What::Expected(words::text!("`and`, `or` or the end"))),
        }
    };
    whole(&mut input).map_err(|error: ErrMode<Fault>| {
        let Fault { at, what } = match error {
            ErrMode::Backtrack(fault) | ErrMode::Cut(fault) => fault,
            ErrMode::Incomplete(_) => Fault {
                at: text.len(),
                what: What::Expected("more"),
            },
        };
        Problem {
            column: column(at),
            what,
        }
    })
}

/// One or several, joined by `or`.
fn either(input: &mut Input<'_>, depth: usize) -> ModalResult<Query, Fault> {
    let queries: Vec<Query> =
        separated(1.., |input: &mut Input<'_>| both(input, depth), keyword("or")).parse_next(input)?;
    Ok(joined(queries, Query::Or))
}

/// One or several, joined by `and`.
fn both(input: &mut Input<'_>, depth: usize) -> ModalResult<Query, Fault> {
    let queries: Vec<Query> =
        separated(1.., |input: &mut Input<'_>| single(input, depth), keyword("and")).parse_next(input)?;
    Ok(joined(queries, Query::And))
}

fn joined(mut queries: Vec<Query>, join: fn(Vec<Query>) -> Query) -> Query {
    match (queries.len(), queries.pop()) {
        (1, Some(query)) => query,
        (_, Some(query)) => {
            queries.push(query);
            join(queries)
        }
        (_, None) => Query::Everything,
    }
}

fn single(input: &mut Input<'_>, depth: usize) -> ModalResult<Query, Fault> {
    multispace0.parse_next(input)?;
    let at = input.current_token_start();
    if depth > MOST_DEPTH {
        return fault(at, What::TooLong(words::text!("32 brackets in each other")));
    }
    if opt(keyword("not")).parse_next(input)?.is_some() {
        return Ok(Query::Not(Box::new(single(input, depth + 1)?)));
    }
    if opt('(').parse_next(input)?.is_some() {
        let query = either(input, depth + 1)?;
        let at = input.current_token_start();
        if opt(')').parse_next(input)?.is_none() {
            return fault(at, What::Expected(words::text!("`and`, `or` or `)`")));
        }
        multispace0.parse_next(input)?;
        return Ok(query);
    }
    condition(input)
}

/// The word by itself, whatever the case, with the blanks around it.
fn keyword<'a>(word: &'static str) -> impl Parser<Input<'a>, (), ErrMode<Fault>> {
    delimited(
        multispace0,
        (winnow::ascii::Caseless(word), peek(not(one_of(is_plain)))),
        multispace0,
    )
    .void()
}

fn condition(input: &mut Input<'_>) -> ModalResult<Query, Fault> {
    let at = input.current_token_start();
    let name = take_while(0.., |c: char| c.is_alphanumeric() || matches!(c, '-' | '_')).parse_next(input)?;
    if name.is_empty() {
        return fault(
            at,
            What::Expected(words::text!("a condition such as code=row-refused")),
        );
    }
    let Some(name) = Name::find(name) else {
        return fault(at, What::Name(name.to_owned()));
    };
    multispace0.parse_next(input)?;
    let at = input.current_token_start();
    let Ok(comparison) =
        alt::<_, _, ErrMode<Fault>, _>(("!=", ">=", "<=", "=", ">", "<", "~")).parse_next(input)
    else {
        return fault(
            at,
            What::Expected(words::text!("a comparison: = != < <= > >= or ~")),
        );
    };
    multispace0.parse_next(input)?;
    let values_at = input.current_token_start();
    let values: Vec<(usize, String)> =
        separated(1.., value, (multispace0, ',', multispace0)).parse_next(input)?;
    multispace0.parse_next(input)?;
    let made = match name {
        Name::Word(word) => of_words(word, comparison, values),
        Name::Number(number) => of_numbers(number, comparison, values),
        Name::Time | Name::Age => of_time(name, comparison, values),
    };
    made.map_err(|(fault_at, what)| {
        ErrMode::Cut(Fault {
            at: fault_at.unwrap_or(if matches!(what, What::Comparison(..)) {
                at
            } else {
                values_at
            }),
            what,
        })
    })
}

pub(super) fn is_plain(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c, '(' | ')' | ',' | '"' | '=' | '!' | '<' | '>' | '\\')
}

fn value(input: &mut Input<'_>) -> ModalResult<(usize, String), Fault> {
    let at = input.current_token_start();
    let checkpoint = input.checkpoint();
    if opt('"').parse_next(input)?.is_some() {
        let escaped = preceded('\\', any);
        let text: String = repeat(0.., alt((escaped, none_of(['"', '\\'])))).parse_next(input)?;
        if opt('"').parse_next(input)?.is_none() {
            return fault(at, What::Expected(words::text!("a closing quote for this one")));
        }
        return Ok((at, text));
    }
    let text: &str = take_while(0.., is_plain).parse_next(input)?;
    if text.is_empty() {
        input.reset(&checkpoint);
        return fault(at, What::Expected(words::text!("a value")));
    }
    Ok((at, text.to_owned()))
}

type Made = Result<Query, (Option<usize>, What)>;
type Values = Vec<(usize, String)>;

fn negated(condition: Condition, is_opposite: bool) -> Query {
    match is_opposite {
        true => Query::Not(Box::new(Query::Is(condition))),
        false => Query::Is(condition),
    }
}

fn of_words(word: Word, comparison: &str, values: Values) -> Made {
    let relation = match comparison {
        "=" | "!=" => Relation::Equals,
        "~" => Relation::Contains,
        _ => {
            return Err((
                None,
                What::Comparison(Name::Word(word).text(), words::text!("=, != or ~")),
            ));
        }
    };
    if word == Word::Outcome
        && let Some((at, wrong)) = values
            .iter()
            .find(|(_, value)| !OUTCOMES.contains(&value.as_str()))
    {
        return Err((Some(*at), What::Outcome(wrong.clone())));
    }
    let values = values.into_iter().map(|(_, value)| value).collect();
    // A text is found within another one, by whatever sign.
    let relation = if word == Word::Text {
        Relation::Contains
    } else {
        relation
    };
    Ok(negated(
        Condition::Word(word, relation, values),
        comparison == "!=",
    ))
}

fn of_numbers(of: Number, comparison: &str, values: Values) -> Made {
    let range = |(at, value): &(usize, String)| {
        let bad = |problem: String| (Some(*at), What::Value(problem));
        let number = || {
            let whole = value.parse::<u64>();
            whole.map_err(|_| bad(words::tr!("`{value}` is no whole number")))
        };
        Ok(match comparison {
            "=" | "!=" => value.parse::<Range>().map_err(bad)?,
            ">=" => Range::from(number()?),
            ">" => Range::from(number()?.saturating_add(1)),
            "<=" => Range::up_to(number()?),
            "<" => match number()?.checked_sub(1) {
                Some(most) => Range::up_to(most),
                None => return Err(bad(words::text!("nothing is below 0").to_owned())),
            },
            _ => {
                let fits = words::text!("=, !=, <, <=, > or >=");
                return Err((None, What::Comparison(Name::Number(of).text(), fits)));
            }
        })
    };
    let ranges = values.iter().map(range).collect::<Result<_, _>>()?;
    Ok(negated(Condition::Number(of, ranges), comparison == "!="))
}

fn of_time(name: Name, comparison: &str, values: Values) -> Made {
    let [(at, value)] = values.as_slice() else {
        let at = values.get(1).map(|(at, _)| *at);
        return Err((at, What::Expected(words::text!("one value, not several,"))));
    };
    let time = match name {
        Name::Age => {
            let ago = pipeline::setting::parse_duration(value);
            ago.map_err(|_| words::tr!("`{value}` is no age; write 30m, 2h or 7d"))
                .and_then(|_| parse_time(value))
        }
        _ => parse_time(value),
    };
    let time = time.map_err(|problem| (Some(*at), What::Value(problem)))?;
    let later = time.saturating_add(1);
    // An age above two hours is a time before the one of two hours ago.
    let condition = match (comparison, name == Name::Age) {
        (">=", false) | ("<=", true) => Condition::Since(time),
        (">", false) | ("<", true) => Condition::Since(later),
        ("<", false) | (">", true) => Condition::Until(time),
        ("<=", false) | (">=", true) => Condition::Until(later),
        _ => {
            return Err((
                None,
                What::Comparison(name.text(), words::text!("<, <=, > or >=")),
            ));
        }
    };
    Ok(Query::Is(condition))
}
