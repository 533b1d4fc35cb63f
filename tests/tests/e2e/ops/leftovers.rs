//! What is left of English in a Chinese text: sentences, single words, brackets, and signs of half a width that join
//! Chinese sentences.

use regex::Regex;

/// Names that people type or see elsewhere, and that no language translates.
const NAMES: &[&str] = &[
    // Programs and commands.
    "extractor",
    "transformer",
    "loader",
    "simulator",
    "dead",
    "doctor",
    "mapping",
    "discard",
    "cancel",
    "edit",
    "plan",
    "list",
    "undo",
    "resume",
    "replay",
    "sync",
    // Stages, as queues are called after them; lanes and dispositions as metrics call them.
    "extract",
    "transform",
    "load",
    // Types of widgets and fields.
    "text",
    "number",
    "datetime",
    "textarea",
    "combo",
    "string",
    "int",
    "float",
    "array",
    "object",
    "value",
    // Parts of documents, and others' names.
    "condition",
    "origin",
    "customers",
    "redis",
    "webhook",
    "unix",
    "glibc",
    "shell",
    "tracing",
    "http",
    "https",
    // Keys of OKKI.
    "name",
    "tel",
    "tag",
];

/// A run of Latin words that is no command, no quotation and no list of names.
pub(super) fn english_sentence(text: &str) -> Option<String> {
    let sentence = Regex::new(r"\b[A-Za-z]+(?: [a-z][a-z']*){2,}").unwrap();
    let found = sentence.find(&without_names(text))?.as_str().to_owned();
    Some(found)
}

/// Every leftover of a text that stands in a table, a message or a notice.
pub(super) fn leftovers(text: &str) -> Vec<String> {
    let bare = without_names(text);
    let mut found: Vec<String> = english_sentence(text).into_iter().collect();
    let joint = Regex::new(r"[\u{4e00}-\u{9fff}）」”] ?[;:,] |[;:] [\u{4e00}-\u{9fff}]").unwrap();
    found.extend(joint.find_iter(&bare).map(|it| it.as_str().to_owned()));
    let bracket = Regex::new(r"\([a-z]+(?: [a-z]+)*\)").unwrap();
    found.extend(bracket.find_iter(&bare).map(|it| it.as_str().to_owned()));
    let tokens = bare.split(|it: char| it.is_whitespace() || !it.is_ascii());
    // Arguments are typed as they stand.
    let tokens = tokens.filter(|it| !it.starts_with('-'));
    for token in tokens.map(|it| it.trim_matches(|it: char| it.is_ascii_punctuation())) {
        let is_word = token.len() > 2 && token.bytes().all(|it| it.is_ascii_lowercase());
        if is_word && !NAMES.contains(&token) {
            found.push(token.to_owned());
        }
    }
    found
}

/// Without what is quoted, which is data, without commands, which are typed as they stand, and without places in files.
fn without_names(text: &str) -> String {
    let place = Regex::new(r"\S+:\d+:\d+: ").unwrap();
    let data = Regex::new(r#"`[^`]*`|"[^"]*"|“[^”]*”|'[^']{1,200}'"#).unwrap();
    let typed = Regex::new(r"\b(extractor|transformer|loader|simulator|dead)( [a-z]+)+").unwrap();
    let text = place.replace_all(text, "");
    let text = data.replace_all(&text, "“”");
    typed.replace_all(&text, "命令").into_owned()
}

/// Columns that a line takes on the screen.
pub(super) fn width(line: &str) -> usize {
    line.chars()
        .map(|it| {
            if ('\u{2e80}'..'\u{ffe7}').contains(&it) {
                2
            } else {
                1
            }
        })
        .sum()
}

#[test]
fn english_is_found_between_chinese_words() {
    assert_eq!(
        english_sentence("请设置 rows are not written，然后"),
        Some("rows are not written".into())
    );
    for fine in [
        "运行 loader removals keep --reason WHY",
        "用 `dead groups of the stage` 查看",
        "AMQP_URL：不是 URL",
        "RabbitMQ 4.1 with",
    ] {
        assert_eq!(english_sentence(fine), None, "{fine}");
    }
}

#[test]
fn each_kind_of_leftover_is_found() {
    for (text, left) in [
        ("标题  value", "value "),
        (
            "4001 数据不存在 (the record does not exist)",
            "the record does not exist",
        ),
        ("4001 数据不存在 (invalid)", "(invalid)"),
        ("10:00  load  fetched  7:1", "fetched"),
        ("接收方应答 310000：签名不符; 请检查", "符; "),
        ("接收方应答: 请检查", "答: "),
        ("⠋ listing ███ 3/9 个客户", "listing"),
    ] {
        let text = text.replace("value", "label");
        let left = left.replace("value ", "label");
        assert!(leftovers(&text).contains(&left), "{text}: {:?}", leftovers(&text));
    }
    for fine in [
        "row-refused：4001 数据不存在（该记录不存在）",
        "10:00  load  已拉取详情  7:1",
        "接收方应答 310000：sign-not-match；请检查",
    ] {
        assert!(leftovers(fine).is_empty(), "{fine}: {:?}", leftovers(fine));
    }
}
