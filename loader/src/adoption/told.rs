//! A text that is made when somebody reads it: an operator at a terminal, or, in English, whoever reads what became of a wish.

use std::fmt;

/// Says what the function says, in the language of whoever asks.
pub(super) struct Told<F>(pub(super) F);

impl<F: Fn() -> String> fmt::Display for Told<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&(self.0)())
    }
}

impl<F: Fn() -> String> fmt::Debug for Told<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
