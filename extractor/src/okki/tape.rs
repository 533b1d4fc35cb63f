//! Answers as they came, for who records them: of each question the last one, whether it could be used or not.

use bytes::Bytes;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// An answer as it came.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub status: u16,
    pub body: Bytes,
}

/// A question: path and parameters.
pub(crate) type Question = (String, Vec<(String, String)>);

/// The answers that nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Tape(Mutex<BTreeMap<Question, Taken>>);

impl Tape {
    pub(super) fn keep(&self, path: &str, query: &[(String, String)], status: u16, body: &Bytes) {
        let taken = Taken {
            status,
            body: body.clone(),
        };
        self.lock().insert((path.to_owned(), query.to_vec()), taken);
    }

    pub(super) fn take(&self, question: &Question) -> Option<Taken> {
        self.lock().remove(question)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Question, Taken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
