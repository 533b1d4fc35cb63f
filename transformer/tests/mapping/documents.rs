//! Documents: problems with places, unknown keys, types, parsers, children, conditions, source documents.

#![allow(clippy::unwrap_used, clippy::expect_used)]
