//! A `value` text of a document, compiled: constant, reference, template or `_function`.

mod arms;
mod context;
mod evaluated;
mod evaluation;
mod explain;
mod formula;
mod pattern;
mod pipe;
mod placeholder;
mod refuse;
mod scan;
mod spelling;
mod traps;

use std::borrow::Cow;

use super::sql::error::Failure;
use super::sql::eval::template;
use super::sql::expr::{Expr, Part};

use super::lookup::Lookup;
pub use super::path::Scope;
use super::problem::Place;
pub use arms::{Arm, Arms};
pub(crate) use context::Variable;
pub use context::{Context, Zone};
pub use evaluation::Evaluation;
pub(super) use pattern::Pattern;
pub(super) use pipe::Pipe;
pub(super) use placeholder::{Placeholder, Source};
pub(crate) use scan::pieces;
pub(super) use scan::{Piece, part};
pub use traps::Trap;

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    form: Form,
    hints: Vec<Fault>,
    /// Of the arms, in their order, where the document is known.
    arm_places: Vec<Place>,
}

/// What kind of expression it is.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    Constant(String),
    Reference(Placeholder),
    Template(Vec<Part>),
    Function(Box<Expr>),
}

/// Something to know about a value that was computed, e.g. that ELSE was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice(pub String);

/// The result of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Evaluated<'r> {
    /// Text; empty for NULL and for nothing.
    Text(Cow<'r, str>),
    /// A value of the record that an expression named as a whole and that is no text.
    Json(Cow<'r, serde_json::Value>),
}

/// Why a record's value could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// Stable reason code.
    pub code: &'static str,
    /// Explanation without data.
    pub message: String,
}

/// A fault of an expression, before it has a place in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Character offset in the expression.
    pub offset: usize,
    pub message: String,
    pub remedy: Option<String>,
}

impl Fault {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Fault {
        Fault {
            offset,
            message: message.into(),
            remedy: None,
        }
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Fault {
        self.remedy = Some(remedy.into());
        self
    }
}

impl Expression {
    /// Compiles a text; all faults are reported at once, as (character offset, message with remedy).
    pub fn compile(text: &str) -> Result<Expression, Vec<(usize, String)>> {
        Expression::build(text).map_err(|faults| {
            let line = |f: Fault| match f.remedy {
                Some(remedy) => (f.offset, words::sentences(&[f.message, remedy])),
                None => (f.offset, f.message),
            };
            faults.into_iter().map(line).collect()
        })
    }

    pub(super) fn build(text: &str) -> Result<Expression, Vec<Fault>> {
        let mut hints = Vec::new();
        let meant = formula::keyword(text).map(|(meant, message, remedy)| {
            hints.push(Fault::new(0, message).remedy(remedy));
            meant
        });
        let text = meant.unwrap_or_else(|| text.to_owned());
        let form = scan::form(&text, &mut hints)?;
        Ok(Expression {
            text,
            form,
            hints,
            arm_places: Vec::new(),
        })
    }

    /// A fixed text, whatever it looks like.
    pub(super) fn fixed(text: &str) -> Expression {
        Expression {
            text: text.to_owned(),
            form: Form::Constant(text.to_owned()),
            hints: Vec::new(),
            arm_places: Vec::new(),
        }
    }

    /// The same with the places of its arms, which the document tells for their offsets.
    pub(super) fn placed(mut self, place: impl Fn(usize) -> Place) -> Expression {
        self.arm_places = self.arms().iter().map(|arm| place(arm.offset)).collect();
        self
    }

    /// What looks odd and does no harm.
    pub(super) fn hints(&self) -> &[Fault] {
        &self.hints
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn form(&self) -> &Form {
        &self.form
    }

    /// It reads neither the record nor the clock.
    pub fn is_constant(&self) -> bool {
        matches!(self.form, Form::Constant(_))
    }

    /// The run variables that it needs.
    pub(crate) fn variables(&self) -> Vec<Variable> {
        let mut found = Vec::new();
        self.placeholders(&mut |placeholder| match &placeholder.source {
            Source::Variable(variable) => found.push(*variable),
            Source::Lookup(lookup) => found.extend(lookup.variables()),
            Source::Path(_) => {}
        });
        found
    }

    /// The record paths that it reads.
    pub fn paths(&self) -> Vec<&super::path::Path> {
        let mut found = Vec::new();
        self.placeholders(&mut |placeholder| match &placeholder.source {
            Source::Path(path) => found.push(path),
            Source::Lookup(lookup) => found.extend(lookup.paths()),
            Source::Variable(_) => {}
        });
        found
    }

    /// The record paths that it reads without any pipe, and those that it joins to a text.
    pub fn bare_and_joined(&self) -> (Vec<&super::path::Path>, Vec<&super::path::Path>) {
        let (mut bare, mut joined) = (Vec::new(), Vec::new());
        self.placeholders(&mut |placeholder| {
            if let Source::Path(path) = &placeholder.source {
                if placeholder.pipes.is_empty() {
                    bare.push(path);
                }
                if placeholder
                    .pipes
                    .iter()
                    .any(|pipe| matches!(pipe, Pipe::Implode(_)))
                {
                    joined.push(path);
                }
            }
        });
        (bare, joined)
    }

    /// The record paths whose lists and objects become JSON on their way into a text: no pipe joins them before.
    pub fn as_texts(&self) -> Vec<&super::path::Path> {
        let mut found = Vec::new();
        self.placeholders(&mut |placeholder| {
            if let Source::Path(path) = &placeholder.source
                && placeholder.pipes.first().is_none_or(Pipe::takes_text)
            {
                found.push(path);
            }
        });
        found
    }

    /// It is one value of the record as it is, with pipes at most.
    pub fn is_reference(&self) -> bool {
        matches!(self.form, Form::Reference(_))
    }

    /// The look-ups that it makes.
    pub fn lookups(&self) -> Vec<&Lookup> {
        let mut found = Vec::new();
        self.placeholders(&mut |placeholder| {
            if let Source::Lookup(lookup) = &placeholder.source {
                found.push(&**lookup);
            }
        });
        found
    }

    pub(super) fn placeholders<'e>(&'e self, see: &mut dyn FnMut(&'e Placeholder)) {
        match &self.form {
            Form::Constant(_) => {}
            Form::Reference(placeholder) => see(placeholder),
            Form::Template(parts) => parts.iter().for_each(|part| {
                if let Part::Value(placeholder) | Part::Maybe(placeholder, _) = part {
                    see(placeholder);
                }
            }),
            Form::Function(expr) => expr.placeholders(see),
        }
    }

    /// The value for a record.
    pub fn evaluate<'r>(&'r self, on: &'r Evaluation<'r>) -> Result<Evaluated<'r>, EvalError> {
        self.evaluate_in(on, None)
    }

    /// The text with its placeholders' values written in, as the platform's own first step leaves it.
    pub fn written_out(&self, on: &Evaluation<'_>, scope: Option<&Scope<'_>>) -> Result<String, EvalError> {
        // The text has been scanned before without a fault.
        let pieces = scan::pieces(&self.text, 0, &mut Vec::new()).unwrap_or_default();
        let parts: Vec<Part> = pieces.into_iter().map(|(piece, _)| part(piece)).collect();
        Ok(template(&parts, &on.env(scope))?.into_owned())
    }

    /// The value inside an element of an array.
    pub fn evaluate_in<'r>(
        &'r self,
        on: &'r Evaluation<'r>,
        scope: Option<&'r Scope<'r>>,
    ) -> Result<Evaluated<'r>, EvalError> {
        let env = on.env(scope);
        Ok(match &self.form {
            Form::Constant(text) => Evaluated::Text(Cow::Borrowed(text)),
            Form::Template(parts) => Evaluated::Text(template(parts, &env)?),
            Form::Function(expr) => Evaluated::Text(expr.eval(&env)?.into_text().unwrap_or_default()),
            Form::Reference(placeholder) => match placeholder.resolve(&env)? {
                None => Evaluated::Text(Cow::Borrowed("")),
                Some(Cow::Borrowed(serde_json::Value::String(text))) => Evaluated::Text(Cow::Borrowed(text)),
                Some(Cow::Owned(serde_json::Value::String(text))) => Evaluated::Text(Cow::Owned(text)),
                Some(value) => Evaluated::Json(value),
            },
        })
    }
}

impl From<Failure> for EvalError {
    fn from(failure: Failure) -> Self {
        EvalError {
            code: failure.code,
            message: failure.message,
        }
    }
}
