//! What tests against a real Redis share: a store, and a namespace of their own in it.

use pipeline::names::Namespace;
use pipeline::store::Store;

/// A store of its own, as another process would have.
pub(crate) fn store() -> Store {
    Store::connect(&kit::config::redis()).unwrap()
}

/// A namespace that no other test has.
pub(crate) fn namespace() -> Namespace {
    format!("t-{}", uuid::Uuid::new_v4().simple()).parse().unwrap()
}
