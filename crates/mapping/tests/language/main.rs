//! The value language from outside: MySQL's rules, the conformance list, refusals.

mod aggregates;
mod collations;
mod conformance;
mod functions;
mod glued;
mod lookups;
mod numbers;
mod refusals;
mod semantics;
mod support;
