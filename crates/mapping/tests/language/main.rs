//! The value language from outside: MySQL's rules, the conformance list, refusals.

mod conformance;
mod numbers;
mod refusals;
mod semantics;
mod support;
