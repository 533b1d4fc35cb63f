//! Properties: nothing panics, nothing takes long, nothing grows without bound, data is only ever data.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use jiff::Timestamp;
use mapping::clean::clean;
use mapping::{Context, Evaluation, Expression, Record, SourceDocument, TargetDocument};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use transformer::map::Mapping;

use crate::support::eval;

const SEED: &str = include_str!("../../mappings/seed.json");

/// Longer than any of this may take on a busy machine, far shorter than exponential work.
const PATIENCE: Duration = Duration::from_secs(20);

const WORDS: &[&str] = &[
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "IF",
    "(",
    ")",
    "(",
    ")",
    ",",
    "'a'",
    "'客户'",
    "''",
    "1",
    "2.50",
    "-",
    "+",
    "*",
    "/",
    "%",
    "DIV",
    "=",
    "!=",
    "<",
    "<=>",
    "AND",
    "OR",
    "NOT",
    "XOR",
    "LIKE",
    "REGEXP",
    "IN",
    "BETWEEN",
    "IS",
    "NULL",
    "CONCAT",
    "SUBSTRING",
    "TRIM",
    "CEIL",
    "CAST",
    "AS",
    "CHAR",
    "CONVERT",
    "INTERVAL",
    "DAY",
    "DATE_ADD",
    "POSITION",
    "EXTRACT",
    "FROM",
    "'{{x}}'",
    "{{y}}",
    "{{list.z}}",
    "{x}",
    "SUM",
    "COUNT",
    "GROUP_CONCAT",
    "SEPARATOR",
    "REPEAT",
    "LPAD",
    "REPLACE",
    "NOW",
    "CURDATE",
    "FLOOR",
    "ROUND",
    "||",
    "&&",
    "\"q\"",
    "`b`",
    ".",
    "@",
    "?",
    "EXISTS",
    "SELECT",
    "ARRAY",
    "STRUCT",
    "DATE",
    "TIMESTAMP",
    "BINARY",
    "MATCH",
    "COLLATE",
    "--",
    "/*",
    "*/",
    "#",
    "\\",
    "'",
    "😀",
    "\u{F0000}",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..60)
        .prop_map(|words| format!("_function {}", words.join(" ")))
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("1970-01-01 00:00:00")),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(
                (
                    prop_oneof![
                        Just("company".to_owned()),
                        Just("fields".to_owned()),
                        Just("name".to_owned()),
                        Just("value".to_owned()),
                        Just("tag".to_owned()),
                        Just("customers".to_owned()),
                        Just("tel_list".to_owned()),
                        Just("update_time".to_owned()),
                        ".{0,6}".prop_map(String::from)
                    ],
                    inner
                ),
                0..6
            )
            .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn evaluate(expression: &Expression, record: Map<String, Value>) -> Option<String> {
    let (record, context) = (Record::new(record), Context::at(Timestamp::UNIX_EPOCH));
    let evaluation = Evaluation::new(&record, &context);
    expression
        .evaluate(&evaluation)
        .ok()
        .map(|value| value.into_text().into_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_an_expression_or_a_fault(text in ".{0,80}", prefix in prop::sample::select(&["", "_function ", "{{", "_function '{{x}}' = "][..])) {
        if let Err(faults) = Expression::compile(&format!("{prefix}{text}")) {
            prop_assert!(!faults.is_empty());
        }
    }

    #[test]
    fn word_soup_neither_panics_nor_hangs(text in soup(), x in ".{0,20}", y in any::<i32>()) {
        let start = Instant::now();
        if let Ok(expression) = Expression::compile(&text) {
            let Value::Object(record) = json!({"x": x, "y": y, "list": [{"z": 1}, {"z": x}]}) else { unreachable!() };
            let _ = evaluate(&expression, record);
            let _ = expression.explain();
        }
        prop_assert!(start.elapsed() < PATIENCE, "{text}");
    }

    #[test]
    fn data_is_the_same_as_an_escaped_literal(data in "[ -~客户é\n\t'\"\\\\{}%_]{0,16}", other in ".{0,6}") {
        let literal = format!("'{}'", data.replace('\\', "\\\\").replace('\'', "''"));
        for shape in [
            "CONCAT('[', X, ']')", "CASE X WHEN 'a' THEN 1 WHEN X THEN X ELSE 'other' END", "IF(X = '', 'empty', UPPER(X))", "X + 1",
            "REPLACE(X, '''', '\\\\')", "LENGTH(X)", "LOCATE('a', X)", "X LIKE '%a%'", "SUBSTRING(X, 2, 3)", "X IN ('a', X)", "CONCAT_WS(X, 'a', 'b')",
        ] {
            // Braces in a literal would be placeholders again.
            if data.contains('{') {
                continue;
            }
            let bound = eval(&format!("_function {}", shape.replace('X', "'{{x}}'")), json!({"x": data, "y": other}));
            let written = eval(&format!("_function {}", shape.replace('X', &literal)), json!({}));
            prop_assert_eq!(bound, written, "{} with {:?}", shape, data);
        }
    }

    #[test]
    fn data_comes_out_as_it_went_in(data in ".{0,40}") {
        let record = json!({"x": data, "a": {"b": [data]}});
        for expression in ["{x}", "{{x}}", "{{a.b.0}}", "_function '{{x}}'", "_function CONCAT('{{x}}')", "_function CASE WHEN 1 THEN '{{a.b.0}}' END"] {
            prop_assert_eq!(eval(expression, record.clone()), Ok(data.clone()));
        }
    }

    #[test]
    fn any_record_maps_or_says_why(detail in json()) {
        let mapping = Mapping::load(SEED, None).unwrap();
        if let Ok(record) = clean(detail) {
            drop(mapping.map(&record, Timestamp::UNIX_EPOCH));
            let _ = mapping.try_record(&record, Timestamp::UNIX_EPOCH);
            let _ = transformer::map::losses(&mapping, &record);
        }
    }

    #[test]
    fn a_damaged_document_gives_problems_with_places(at in 0usize..4_000, with in prop::sample::select(&["", "\"", "{", "}", "[", "‘", "客", ",", "0", "\\", "{{", "'"][..]), cut in 0usize..6) {
        let chars: Vec<char> = SEED.chars().collect();
        let at = at.min(chars.len());
        let damaged: String = chars.iter().take(at).copied().chain(with.chars()).chain(chars.iter().skip(at + cut).copied()).collect();
        let lines = damaged.lines().count();
        if let Err(problems) = TargetDocument::parse(&damaged, "seed.json") {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(problem.place.is_some_and(|place| place.line <= lines.max(1)), "{problem}");
            }
        }
        drop(SourceDocument::parse(&damaged, "seed.json"));
    }
}

#[test]
fn deep_and_long_expressions_are_bounded() {
    let nested = |open: &str, middle: &str, close: &str, n: usize| {
        format!("_function {}{middle}{}", open.repeat(n), close.repeat(n))
    };
    let texts = [
        nested("(", "1", ")", 5_000),
        nested("(", "1", "", 5_000),
        nested("CASE WHEN 1 THEN ", "1", " END", 3_000),
        nested("CASE ", "1", " WHEN 1 THEN 1 END", 600),
        nested("IF(1,", "1", ",2)", 900),
        nested("IF(", "(1", ")", 900),
        nested("FLOOR(CEIL(", "1 1", "))", 400),
        nested("TRIM(", "1 1", ")", 400),
        nested("CAST(", "1 1", " AS CHAR)", 400),
        nested("INTERVAL ", "1", " DAY", 400),
        nested("NOT ", "1", "", 2_500),
        nested("- ", "1", "", 2_500),
        nested("CONCAT('a',", "'b'", ")", 900),
        format!("_function 1{}", " + 1".repeat(1_400)),
        format!("_function 1{}", " AND 1".repeat(1_400)),
        format!("_function 1{}", " = 1".repeat(1_400)),
        format!("_function 1{}", " OR 1 XOR 0".repeat(700)),
        format!("_function CONCAT('a'{})", ",'a'".repeat(1_400)),
        format!("_function '{}'", "{{x}}".repeat(5_000)),
        "{".repeat(60_000),
        "{{".repeat(30_000),
        "{{a|".repeat(10_000),
        "x".repeat(70_000),
        format!("{{{{{}}}}}", "a.".repeat(20_000)),
    ];
    for text in texts {
        let start = Instant::now();
        if let Ok(expression) = Expression::compile(&text) {
            let _ = evaluate(&expression, Map::new());
            let _ = expression.explain();
        }
        assert!(
            start.elapsed() < PATIENCE,
            "{}…",
            text.chars().take(60).collect::<String>()
        );
    }
}

#[test]
fn growth_and_work_are_bounded_with_a_clear_error() {
    let big = "x".repeat(600_000);
    let many: Vec<Value> = (0..300_000).map(|n| json!({"z": n})).collect();
    for (expression, record, code) in [
        ("_function REPEAT('ab', 1000000)", json!({}), "too-large"),
        (
            "_function REPEAT(REPEAT('ab', 100000), 100000)",
            json!({}),
            "too-large",
        ),
        ("_function LPAD('a', 2000000, 'b')", json!({}), "too-large"),
        ("_function SPACE(9000000)", json!({}), "too-large"),
        (
            "_function REPLACE(REPEAT('a', 1000), 'a', REPEAT('b', 10000))",
            json!({}),
            "too-large",
        ),
        (
            "_function CONCAT('{{x}}', '{{x}}')",
            json!({"x": big}),
            "too-large",
        ),
        ("{{x}}{{x}}", json!({"x": big}), "too-large"),
        (
            "_function CONCAT_WS('{{x}}', 1, 2, 3)",
            json!({"x": big}),
            "too-large",
        ),
        (
            "_function GROUP_CONCAT('{{list.z}}' SEPARATOR '---')",
            json!({"list": many}),
            "too-large",
        ),
        (
            "_function SUM(IF({{list.z}} > 5, {{list.z}} * 2, {{list.z}} + 1))",
            json!({"list": many}),
            "too-much-work",
        ),
        (
            "_function '{{x}}' REGEXP CONCAT('(', REPEAT('a{1000}', 100), '){1000}')",
            json!({"x": "a"}),
            "bad-regexp",
        ),
        (
            "_function REPEAT('a', 40000) LIKE CONCAT('%', REPEAT('a', 20000), 'b')",
            json!({}),
            "too-large",
        ),
        ("_function 9223372036854775807 + 1", json!({}), "out-of-range"),
        (
            "_function 99999999999999999999999999999999999999 * 99999999999999999999",
            json!({}),
            "out-of-range",
        ),
    ] {
        let start = Instant::now();
        let error = eval(expression, record).expect_err(expression);
        assert!(error.starts_with(code), "{expression}: {error}");
        assert!(start.elapsed() < PATIENCE, "{expression}");
    }
}

#[test]
fn a_mapping_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Mapping>();
    shared::<Expression>();
    shared::<Record>();
}
