//! The mapping language from outside: the seed's fields, MySQL's rules, the conformance list, refusals, properties.

mod cells;
mod conformance;
mod default;
mod documents;
mod numbers;
mod properties;
mod refusals;
mod seed;
mod semantics;
mod slim;
mod sources;
mod support;
