//! Which language is spoken: one for the process, another one for a while where somebody else will read it.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
};

/// A language that texts exist in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// As it stands in the code.
    English,
    /// 中文.
    Chinese,
}

impl Language {
    /// The language of a locale such as `zh_CN.UTF-8`, `zh-Hans` or `en`.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        match locale.trim().to_ascii_lowercase() {
            locale if locale.starts_with("zh") || locale.starts_with("chinese") => Self::Chinese,
            _ => Self::English,
        }
    }
}

/// The process speaks Chinese.
static CHINESE: AtomicBool = AtomicBool::new(false);

thread_local! {
    static SCOPE: Cell<Option<Language>> = const { Cell::new(None) };
}

/// Decides what the process speaks from now on; English until then.
pub fn speak(language: Language) {
    CHINESE.store(language == Language::Chinese, Ordering::Relaxed);
}

/// What is spoken here and now.
#[must_use]
pub fn current() -> Language {
    SCOPE.get().unwrap_or(match CHINESE.load(Ordering::Relaxed) {
        true => Language::Chinese,
        false => Language::English,
    })
}

/// Does something in another language, on this thread.
pub fn scoped<T>(language: Language, what: impl FnOnce() -> T) -> T {
    let _back = Back(SCOPE.replace(Some(language)));
    what()
}

/// Does something in English: for logs, and for what is kept for others to read.
pub fn english<T>(what: impl FnOnce() -> T) -> T {
    scoped(Language::English, what)
}

/// Puts the language back also when somebody panics.
struct Back(Option<Language>);

impl Drop for Back {
    fn drop(&mut self) {
        SCOPE.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_ends_with_what_was_done_in_it() {
        assert_eq!(current(), Language::English);
        let inside = scoped(Language::Chinese, || (current(), english(current), current()));
        assert_eq!(inside, (Language::Chinese, Language::English, Language::Chinese));
        assert!(std::panic::catch_unwind(|| scoped(Language::Chinese, || panic!("on purpose"))).is_err());
        assert_eq!(current(), Language::English);
    }
}
