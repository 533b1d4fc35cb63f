//! The macro as other crates use it: arguments, languages, and what has no Chinese text.

use words::{Language, scoped, tr};

#[test]
fn everything_that_format_takes_is_taken() {
    let count = 7;
    let whole = |text: &str| text.to_owned();
    assert_eq!(
        tr!("{count} of {all:?}, {{so}}", all = whole("x")),
        "7 of \"x\", {so}"
    );
    assert_eq!(tr!("{} and {:.1}, {0}", 1, 2.25), "1 and 2.2, 1");
}

#[test]
fn chinese_has_the_same_arguments_and_what_has_no_text_stays_english() {
    let missing = || tr!("no queue `{0}`", "redis");
    assert_eq!(missing(), "no queue `redis`");
    assert_eq!(scoped(Language::Chinese, missing), "没有队列 `redis`");
    assert_eq!(
        scoped(Language::Chinese, || tr!("no such text: {}", 1)),
        "no such text: 1"
    );
}

fn failing(count: u32) -> Result<(), anyhow::Error> {
    words::ensure!(count < 3, "no queue `{0}`", count);
    words::bail!("no queue `{0}`", "x")
}

#[test]
fn errors_are_put_into_words_when_they_are_made() {
    let text = |count| scoped(Language::Chinese, || failing(count).unwrap_err().to_string());
    assert_eq!(
        (text(3), text(1)),
        ("没有队列 `3`".to_owned(), "没有队列 `x`".to_owned())
    );
}
