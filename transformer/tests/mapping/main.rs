//! The mapping language from outside: the seed's fields, MySQL's rules, the conformance list, refusals, properties.

mod cells;
mod shapes;
mod said;
mod default;
mod documents;
mod properties;
mod seed;
mod slim;
mod sources;
mod support;
