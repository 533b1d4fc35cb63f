//! The rules of the code base that no compiler keeps: who may know whom, how large things may be, and that the documents
//! tell the truth. Needs no broker and no Redis; a violation is reported with file and line.
#![allow(clippy::unwrap_used, clippy::expect_used)]

/// Import circles between files.
mod circles;
/// Reasons whose counters begin with 0.
mod codes;
/// Which crate may depend on which.
mod crates;
/// References and links in comments and documents.
mod documents;
/// What a file imports.
mod imports;
/// Fields of log lines.
mod logs;
/// Which part may name a client, a vendor or the environment.
mod names;
/// Who ends a pause.
mod pauses;
/// What the two READMEs, the compose file and the programs say of each other.
mod readmes;
/// First lines, and the length of files and functions.
mod shape;
/// The source files and how to search them.
mod source;
/// Every text in both languages.
mod texts;
mod translations;
