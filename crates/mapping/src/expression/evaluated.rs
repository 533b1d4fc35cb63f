//! The result of an expression as a text.

use std::borrow::Cow;

use super::Evaluated;

impl<'r> Evaluated<'r> {
    /// As text: JSON in its compact form.
    pub fn into_text(self) -> Cow<'r, str> {
        match self {
            Evaluated::Text(text) => text,
            Evaluated::Json(Cow::Borrowed(json)) => super::super::record::text_of(json),
            Evaluated::Json(Cow::Owned(json)) => {
                Cow::Owned(super::super::record::text_of(&json).into_owned())
            }
        }
    }

    /// Nothing to send: empty text, null, empty array.
    pub fn is_empty(&self) -> bool {
        match self {
            Evaluated::Text(text) => text.is_empty(),
            Evaluated::Json(json) => super::super::record::text_of(json).is_empty(),
        }
    }
}
