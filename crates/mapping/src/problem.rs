//! What is wrong with a document, said so that its author can repair it.

use std::fmt;

/// A position in a document, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column in characters.
    pub column: usize,
}

/// One fault of a document. Loading reports all of them at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// Name of the document, usually its file name.
    pub document: String,
    /// Where in the document.
    pub place: Option<Place>,
    /// Label of the field (or its `field` when it has none).
    pub label: Option<String>,
    /// Character offset inside the expression, from 0.
    pub offset: Option<usize>,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do instead.
    pub remedy: Option<String>,
    /// It names a part of the document that is read and then not used.
    pub without_effect: bool,
}

impl Problem {
    /// A problem of the whole document.
    pub fn new(document: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Problem {
            document: document.to_owned(),
            place: None,
            label: None,
            offset: None,
            message,
            remedy: None,
            without_effect: false,
        }
    }

    /// Adds the position.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds the field's label.
    #[must_use]
    pub fn field(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds what to do instead.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.document)?;
        if let Some(place) = self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        f.write_str(": ")?;
        if let Some(label) = &self.label {
            write!(f, "{}", words::tr!("field \"{label}\": "))?;
        }
        if let Some(offset) = self.offset {
            write!(f, "{}", words::tr!("at offset {offset} of the expression: "))?;
        }
        match &self.remedy {
            Some(remedy) => f.write_str(&words::sentences(&[&self.message, remedy])),
            None => f.write_str(&self.message),
        }
    }
}

/// A document that can be used, and what its author should still check.
#[derive(Debug)]
pub struct Loaded<T> {
    /// The checked document.
    pub document: T,
    /// Unknown keys and other things that do no harm.
    pub warnings: Vec<Problem>,
}
