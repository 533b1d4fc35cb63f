//! Whatever is given as a document: reading it ends with a document or with problems that have their places.

use super::{SourceDocument, TargetDocument};
use proptest::{prelude::*, sample::Index};

const DOCUMENT: &str = r#"{
  "api": "/customers", "type": "QUERY", "method": "GET", "id": "company_id", "number": "serial_id",
  "request": [
    {"field": "start_time", "label": "开始", "type": "string", "value": "{{LAST_SYNC_TIME|datetime}}"},
    {"field": "start_index", "value": "_function {{PAGINATION_START_ROW}} / {{PAGINATION_PAGE_SIZE}} + 1"},
    {"field": "rows", "type": "array", "children": [{"field": "a", "value": "_function CASE WHEN '{{x}}' = '' THEN 1 ELSE 2 END"}]}
  ],
  "condition": [[{"field": "archive_type", "logic": "eq", "value": "1"}]],
  "formatResponse": [{"old": "create_time", "new": "create_day", "format": "date"}],
  "omissionRemedy": {"crontab": "2 2 * * *", "takeOverRequest": [{"field": "start_time", "value": "{{DAYS_AGO_2|datetime}}"}]}
}"#;

/// Both kinds, since either may be named by mistake.
fn read(text: &str) {
    let most = 64 * text.len() + 10_000;
    if let Err(problems) = SourceDocument::parse(text, "s.json") {
        assert!(!problems.is_empty());
        assert!(
            problems
                .iter()
                .map(|problem| problem.to_string().len())
                .sum::<usize>()
                <= most
        );
    }
    if let Err(problems) = TargetDocument::parse(text, "t.json") {
        assert!(!problems.is_empty());
        assert!(
            problems
                .iter()
                .map(|problem| problem.to_string().len())
                .sum::<usize>()
                <= most
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_document_or_a_problem(text in ".{0,200}") {
        read(&text);
    }

    #[test]
    fn damaged_documents_are_documents_or_problems(
        damage in prop::collection::vec((any::<Index>(), prop_oneof![any::<char>(), prop::sample::select(&['"', '{', '}', '[', ']', ',', ':', '\'', '0', '|'][..])]), 1..6),
        end in any::<Option<Index>>(),
    ) {
        let mut letters: Vec<char> = DOCUMENT.chars().collect();
        for (place, letter) in damage {
            let place = place.index(letters.len());
            letters[place] = letter;
        }
        if let Some(end) = end {
            letters.truncate(end.index(letters.len()));
        }
        read(&letters.into_iter().collect::<String>());
    }
}

#[test]
fn nesting_has_an_end() {
    read(&("[".repeat(100_000) + &"]".repeat(100_000)));
    read(&(r#"{"request":[{"field":"a","children":["#.repeat(20_000) + &"]}]}".repeat(20_000)));
}
