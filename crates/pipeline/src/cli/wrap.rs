//! Lines of help, broken wherever Chinese text may be: the library breaks at blanks only, of which Chinese has none.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, core::Word, core::display_width};

/// Signs that begin no line, and signs that end none.
const CLOSING: &str = "，。；：、！？）」』”》】…,.;:!?)]}'\"`%";
const OPENING: &str = "（「『“《【([{`";
/// Where nobody knows how wide the screen is.
const WIDTH: usize = 100;

/// As wide as the terminal.
pub(super) fn width() -> usize {
    terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0.into())
}

/// The text with no line wider than this, as far as commands and names allow.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let lines = text.split('\n').map(|line| match display_width(line) > width {
        true => broken(line, width),
        false => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn broken(line: &str, width: usize) -> String {
    let body = line.trim_start_matches(' ');
    let first = &line[..line.len() - body.len()];
    let next = " ".repeat(hang(line, body).min(width / 2));
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(&next)
        .word_separator(WordSeparator::Custom(words))
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(false);
    textwrap::fill(body, options)
}

/// Where the text of a line begins: behind the name in a first column, or behind the dash of a list.
fn hang(line: &str, body: &str) -> usize {
    let indent = line.len() - body.len();
    if body.starts_with("- ") {
        return indent + 2;
    }
    let column = body.find("  ").filter(|gap| body[..*gap].is_ascii());
    column.map_or(indent, |gap| {
        let gap = indent + gap;
        let text = line[gap..].trim_start_matches(' ');
        display_width(&line[..line.len() - text.len()])
    })
}

/// Breaks behind blanks, and around Chinese characters but where a sign belongs to its neighbour; names, addresses and
/// commands stay whole.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut words = Vec::new();
    let (mut begin, mut before) = (0, None);
    for (at, next) in line.char_indices() {
        if before.is_some_and(|before| may_break(before, next)) {
            words.push(Word::from(&line[begin..at]));
            begin = at;
        }
        before = Some(next);
    }
    words.push(Word::from(&line[begin..]));
    Box::new(words.into_iter())
}

fn may_break(before: char, next: char) -> bool {
    let is_wide = |it: char| !it.is_ascii() && it != '…';
    match (before, next) {
        (_, ' ') => false,
        (' ', _) => true,
        (_, next) if CLOSING.contains(next) => false,
        (before, _) if OPENING.contains(before) => false,
        (before, next) => is_wide(before) || is_wide(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_text_is_broken_within_the_screen_and_under_its_column() {
        let text = format!(
            "  --where <QUERY>  {}\n短\n          {}",
            "哪些死信，".repeat(20),
            "名称、".repeat(40)
        );
        let told = wrapped(&text, 60);
        assert!(told.lines().all(|line| display_width(line) <= 60), "{told}");
        let second = told.lines().nth(1).unwrap();
        assert!(
            second.starts_with(&format!("{}哪", " ".repeat(19))) || second.starts_with(&" ".repeat(19)),
            "{told}"
        );
        assert!(told.contains("\n短\n          名称、"), "{told}");
        // No line begins with what ends a clause.
        assert!(
            told.lines()
                .all(|line| !line.trim_start().starts_with(['，', '、'])),
            "{told}"
        );
    }

    #[test]
    fn commands_and_addresses_stay_whole() {
        let address = "amqp://user:password@host:5672/vhost";
        let told = wrapped(
            &format!("RabbitMQ 的地址，如下所示的形式：{address}，TLS 用 amqps://host/vhost"),
            50,
        );
        assert!(
            told.contains(address) && told.contains("amqps://host/vhost"),
            "{told}"
        );
    }
}
