//! Where we differ from the server on purpose.

use crate::server::Answer;

/// One deliberate difference with an example; `None` is an error.
#[derive(Debug)]
pub struct Difference {
    pub name: &'static str,
    pub expression: &'static str,
    pub record: &'static str,
    pub sql: &'static str,
    pub ours: Option<&'static str>,
    pub server: Option<&'static str>,
}

/// All of them.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "an empty bare placeholder is NULL",
        expression: "CASE {{x}} WHEN '0' THEN 'a' WHEN '1' THEN 'b' ELSE 'c' END",
        record: r#"{"x": ""}"#,
        sql: "CASE  WHEN '0' THEN 'a' WHEN '1' THEN 'b' ELSE 'c' END",
        ours: Some("c"),
        server: Some("b"),
    },
    Difference {
        name: "an empty bare operand is NULL",
        expression: "IFNULL({{x}}, 0) * 3",
        record: r#"{"x": ""}"#,
        sql: "IFNULL(, 0) * 3",
        ours: Some("0"),
        server: None,
    },
    Difference {
        name: "quotes in data are data",
        expression: "CONCAT('{{x}}', '!')",
        record: r#"{"x": "O'Neil"}"#,
        sql: "CONCAT('O'Neil', '!')",
        ours: Some("O'Neil!"),
        server: None,
    },
    Difference {
        name: "a backslash at the end of data is data",
        expression: "CONCAT('{{x}}', '!')",
        record: r#"{"x": "a\\"}"#,
        sql: "CONCAT('a\\', '!')",
        ours: Some("a\\!"),
        server: None,
    },
    Difference {
        name: "a bare text is compared as text",
        expression: "CASE {{x}} WHEN '0' THEN 'a' ELSE 'c' END",
        record: r#"{"x": "无采购额"}"#,
        sql: "CASE 无采购额 WHEN '0' THEN 'a' ELSE 'c' END",
        ours: Some("c"),
        server: None,
    },
    Difference {
        name: "a bare text is one value",
        expression: "CASE {{x}} WHEN '2' THEN 'a' ELSE 'c' END",
        record: r#"{"x": "1+1"}"#,
        sql: "CASE 1+1 WHEN '2' THEN 'a' ELSE 'c' END",
        ours: Some("c"),
        server: Some("a"),
    },
    Difference {
        name: "white space of every kind is empty",
        expression: "'{{x}}' != ''",
        record: r#"{"x": "\t"}"#,
        sql: "'	' != ''",
        ours: Some("0"),
        server: Some("1"),
    },
    Difference {
        name: "characters beyond the basic plane differ",
        expression: "'😀' = '😁'",
        record: r#"{}"#,
        sql: "'😀' = '😁'",
        ours: Some("0"),
        server: Some("1"),
    },
    Difference {
        name: "wildcards in data stand for themselves (LIKE)",
        expression: "'abc' LIKE 'a{{x}}'",
        record: r#"{"x": "%"}"#,
        sql: "'abc' LIKE 'a%'",
        ours: Some("0"),
        server: Some("1"),
    },
    Difference {
        name: "wildcards in data stand for themselves (REGEXP)",
        expression: "'abc' REGEXP 'a{{x}}c'",
        record: r#"{"x": "."}"#,
        sql: "'abc' REGEXP 'a.c'",
        ours: Some("0"),
        server: Some("1"),
    },
    Difference {
        name: "zero has no sign",
        expression: "-0.9 % 0.3",
        record: r#"{}"#,
        sql: "-0.9 % 0.3",
        ours: Some("0.0"),
        server: Some("-0.0"),
    },
    Difference {
        name: "unix times are whole seconds",
        expression: "UNIX_TIMESTAMP('2024-03-14 16:00:00.5')",
        record: r#"{}"#,
        sql: "UNIX_TIMESTAMP('2024-03-14 16:00:00.5')",
        ours: Some("1710403200"),
        server: Some("1710403200.5"),
    },
    Difference {
        name: "unix times end with the year 3000 (MySQL 8)",
        expression: "FROM_UNIXTIME(4102444800)",
        record: r#"{}"#,
        sql: "FROM_UNIXTIME(4102444800)",
        ours: Some("2100-01-01 08:00:00"),
        server: Some(""),
    },
    Difference {
        name: "a text that is no date is unknown beside a date",
        expression: "STR_TO_DATE('2024-03-05','%Y-%m-%d') > 'x'",
        record: r#"{}"#,
        sql: "STR_TO_DATE('2024-03-05','%Y-%m-%d') > 'x'",
        ours: Some(""),
        server: Some("1"),
    },
    Difference {
        name: "a date without time has the hour 0",
        expression: "HOUR('20240105')",
        record: r#"{}"#,
        sql: "HOUR('20240105')",
        ours: Some("0"),
        server: Some("838"),
    },
    Difference {
        name: "GROUP_CONCAT leaves out empty texts",
        expression: "GROUP_CONCAT('{{list.x}}' SEPARATOR '-')",
        record: r#"{"list": [{"x": "a"}, {"x": ""}, {"x": "c"}]}"#,
        sql: "(SELECT GROUP_CONCAT(x SEPARATOR '-') FROM (SELECT 'a' x UNION ALL SELECT '' UNION ALL SELECT 'c') t)",
        ours: Some("a-c"),
        server: Some("a--c"),
    },
    Difference {
        name: "texts grow to one mebibyte, then it is an error",
        expression: "REPEAT('ab', 1000000)",
        record: r#"{}"#,
        sql: "LEFT(REPEAT('ab', 1000000), 4)",
        ours: None,
        server: Some("abab"),
    },
    Difference {
        name: "trailing zeros of a negated integer",
        expression: "ROUND(-(DATEDIFF('2024-01-05','2025-10-01')), 3)",
        record: r#"{}"#,
        sql: "ROUND(-(DATEDIFF('2024-01-05','2025-10-01')), 3)",
        ours: Some("635"),
        server: Some("635.000"),
    },
];

/// "Zero has no sign", anywhere in a result.
pub fn is_minus_zero(ours: &Answer, theirs: &Answer) -> bool {
    match (ours, theirs) {
        (Answer::Value(ours), Answer::Value(theirs)) => {
            theirs.starts_with("-0")
                && theirs.bytes().all(|b| b"-0.".contains(&b))
                && theirs.get(1..) == Some(ours)
        }
        _ => false,
    }
}
