//! Texts that people read, in English and in Chinese: below everybody, and about nothing else.
//!
//! The English text stands in the code and is the key; the [catalogue](all) maps it to Chinese, one file per area in `zh/`.
//! [`tr!`] renders in the language of the thread ([`scoped`]), else of the process ([`speak`]). What is written down for
//! machines or for others (logs, failure records, answers of the admin port) is English; [`retold`] says such a sentence
//! again in the language of who reads it.

mod catalogue;
mod config;
mod joints;
mod language;
mod phrases;
mod render;
mod retell;
mod template;

pub use catalogue::{all, chinese};
pub use config::of_environment;
pub use joints::{clauses, list, of, sentences};
pub use language::{Language, current, english, scoped, speak};
pub use phrases::{CONNECTIONS, LIBRARIES, PHRASES};
pub use render::{plural, said, sense, text};
pub use retell::retold;
pub use template::names;
pub use words_macros::tr;

/// Marks a text that is translated where it is shown, by [`said`]; it stays English here.
#[macro_export]
macro_rules! mark {
    ($text:literal) => {
        $text
    };
}

/// A text that is written down, in English for whoever reads it; [`retold`] says it in another language.
#[macro_export]
macro_rules! kept {
    ($($text:tt)*) => {
        $crate::english(|| ::words::tr!($($text)*))
    };
}

/// A text without arguments, in the language of the reader.
#[macro_export]
macro_rules! text {
    ($text:literal) => {
        $crate::said($text)
    };
}

/// `anyhow::bail!` in the language of the reader.
#[macro_export]
macro_rules! bail {
    ($($text:tt)*) => {
        return ::core::result::Result::Err(::anyhow::Error::msg(::words::tr!($($text)*)))
    };
}

/// `anyhow::anyhow!` in the language of the reader.
#[macro_export]
macro_rules! failure {
    ($($text:tt)*) => {
        ::anyhow::Error::msg(::words::tr!($($text)*))
    };
}

/// `anyhow::ensure!` in the language of the reader.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($text:tt)*) => {
        if !$condition {
            ::words::bail!($($text)*);
        }
    };
}
