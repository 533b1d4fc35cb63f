//! The mapping language from outside: the seed's fields, MySQL's rules, the conformance list, refusals, properties.

mod cells;
mod chinese;
mod default;
mod documents;
mod draft;
mod formatted;
mod odd;
mod properties;
mod said;
mod schemas;
mod seed;
mod shapes;
mod silent;
mod slim;
mod sources;
mod support;
mod tables;
mod usual;
