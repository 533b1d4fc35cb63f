//! Comparing to the letter, orders inside of aggregates, intervals of several units; the values are MariaDB's, measured.

use serde_json::{Value, json};

use crate::support::{eval, fault, sql};

fn all(rows: &[(&str, &str)]) {
    for (expression, expected) in rows {
        assert_eq!(sql(expression), *expected, "{expression}");
    }
}

#[test]
fn binary_and_collate_compare_to_the_letter() {
    all(&[
        ("'a' = BINARY 'A'", "0"),
        ("'a ' = BINARY 'a'", "0"),
        ("BINARY 'a' = 'a'", "1"),
        ("BINARY('a') = 'A'", "0"),
        ("'a ' COLLATE utf8mb4_bin = 'a'", "1"),
        ("'a' COLLATE utf8mb4_bin = 'A'", "0"),
        ("'a' COLLATE utf8mb4_nopad_bin = 'a '", "0"),
        ("'a' COLLATE utf8mb4_unicode_ci = 'Á '", "1"),
        ("'a' COLLATE utf8_bin = 'A'", "0"),
        ("5 COLLATE utf8mb4_bin = '05'", "0"),
        ("BINARY 5 = '05'", "0"),
        ("CAST('A' AS BINARY) = 'a'", "0"),
        ("CONCAT('a' COLLATE utf8mb4_bin,'b') = 'AB'", "0"),
        ("IF(1,'a' COLLATE utf8mb4_bin,'b')='A'", "0"),
        ("'b' IN ('A', BINARY 'B')", "0"),
        ("BINARY 'b' IN ('A', 'b')", "1"),
        ("'b' BETWEEN 'A' AND BINARY 'Z'", "0"),
        ("CASE 'a' WHEN BINARY 'A' THEN 1 WHEN 'A' THEN 2 ELSE 3 END", "3"),
        ("CASE BINARY 'a' WHEN 'A' THEN 1 ELSE 3 END", "3"),
        ("'abc' LIKE BINARY 'A%'", "0"),
        ("'Abc' LIKE BINARY 'A%'", "1"),
        ("'abc' LIKE 'A%' COLLATE utf8mb4_bin", "0"),
        ("BINARY 'abc' NOT LIKE 'A%'", "1"),
        ("'abc' REGEXP BINARY 'A'", "0"),
        ("'abc' REGEXP BINARY 'b'", "1"),
        ("FIND_IN_SET('a' COLLATE utf8mb4_bin,'A,b')", "0"),
        ("FIND_IN_SET(BINARY 'a','A,a')", "2"),
        ("LOCATE('A' COLLATE utf8mb4_bin,'xa')", "0"),
        ("INSTR('客户aA', 'A' COLLATE utf8mb4_bin)", "4"),
        ("FIELD('a' COLLATE utf8mb4_bin,'A','a')", "2"),
        ("STRCMP('a' COLLATE utf8mb4_bin,'A')", "1"),
        ("NULLIF('a','A' COLLATE utf8mb4_bin)", "a"),
        ("GREATEST('a' COLLATE utf8mb4_bin,'B')", "a"),
        ("REGEXP_REPLACE('aA' COLLATE utf8mb4_bin,'A','x')", "ax"),
        // What has no collation of its own beside it is compared as before.
        ("('a' = 'A') = (BINARY 'x' = 'x')", "1"),
        ("CONVERT('张' USING gbk) > CONVERT('李' USING gbk)", "1"),
        ("CONVERT('A' USING gbk) = 'a'", "1"),
    ]);
    let (at, message) = fault("_function LOCATE(BINARY '户','客户')");
    assert_eq!(at, 10);
    assert!(message.contains("COLLATE utf8mb4_bin"), "{message}");
    let (_, message) = fault("_function 'a' COLLATE utf8mb4_zh_0900_as_cs = 'b'");
    assert!(message.contains("utf8mb4_zh_0900_as_cs"), "{message}");
}

fn record() -> Value {
    json!({
        "tag": [
            {"name": "a", "n": 2},
            {"name": "B", "n": 10},
            {"name": "A", "n": 3},
            {"name": "C", "n": 1},
            {"name": "", "n": 0}
        ],
        "people": [{"name": "张"}, {"name": "李"}, {"name": "王"}],
        "mixed": [2, "x", 10],
        "orders": [{"no": 2, "items": [{"sku": "x"}, {"sku": "y"}]}, {"no": 1, "items": [{"sku": "z"}]}]
    })
}

#[test]
fn lists_are_joined_in_an_order() {
    for (expression, expected) in [
        ("GROUP_CONCAT({{tag.*.name}} ORDER BY {{tag.*.name}})", "a,A,B,C"),
        (
            "GROUP_CONCAT({{tag.*.name}} ORDER BY {{tag.*.name}} DESC SEPARATOR '、')",
            "C、B、a、A",
        ),
        ("GROUP_CONCAT({{tag.name}} ORDER BY {{tag.n}} ASC)", "C,a,A,B"),
        (
            "GROUP_CONCAT('{{tag.*.name}}' ORDER BY '{{tag.*.name}}' COLLATE utf8mb4_bin)",
            "A,B,C,a",
        ),
        (
            "GROUP_CONCAT(DISTINCT {{tag.*.name}} ORDER BY {{tag.*.n}} DESC)",
            "B,a,C",
        ),
        (
            "GROUP_CONCAT(DISTINCT {{tag.*.name}} COLLATE utf8mb4_bin ORDER BY {{tag.*.n}})",
            "C,a,A,B",
        ),
        (
            "GROUP_CONCAT({{tag.*.name}} ORDER BY LENGTH({{tag.*.name}}), {{tag.*.n}} DESC)",
            "B,A,a,C",
        ),
        ("GROUP_CONCAT({{tag.*.name}} ORDER BY 1 DESC)", "C,B,a,A"),
        (
            "GROUP_CONCAT(CONCAT({{tag.name}}, ':', {{tag.n}}) ORDER BY {{tag.n}} SEPARATOR '\\n')",
            "C:1\na:2\nA:3\nB:10",
        ),
        (
            "GROUP_CONCAT({{orders.items.sku}} ORDER BY {{orders.no}}, {{orders.items.sku}} DESC)",
            "z,y,x",
        ),
        (
            "GROUP_CONCAT({{people.*.name}} ORDER BY {{people.*.name}})",
            "张,李,王",
        ),
        (
            "GROUP_CONCAT({{people.*.name}} ORDER BY CONVERT({{people.*.name}} USING gbk))",
            "李,王,张",
        ),
        ("GROUP_CONCAT({{mixed}} ORDER BY {{mixed}})", "10,2,x"),
        ("COUNT(DISTINCT {{tag.*.name}} COLLATE utf8mb4_bin)", "4"),
        ("COUNT(DISTINCT {{tag.*.name}})", "3"),
        ("MAX({{tag.*.name}} COLLATE utf8mb4_bin)", "a"),
    ] {
        let value = eval(&format!("_function {expression}"), record());
        assert_eq!(value.as_deref(), Ok(expected), "{expression}");
    }
    for (expression, part) in [
        ("SUM({{tag.*.n}} ORDER BY {{tag.*.n}})", "ORDER BY"),
        ("GROUP_CONCAT({{tag.*.n}} ORDER BY 'n')", "orders nothing"),
        ("GROUP_CONCAT({{tag.*.n}} ORDER BY 2)", "orders nothing"),
        ("GROUP_CONCAT({{tag.*.n}} LIMIT 2)", "LIMIT"),
    ] {
        let (_, message) = fault(&format!("_function {expression}"));
        assert!(message.contains(part), "{expression}: {message}");
    }
}

#[test]
fn several_values_are_joined_as_one() {
    let value = eval(
        "_function GROUP_CONCAT({{tag.*.name}}, '=', {{tag.*.n}} ORDER BY {{tag.*.n}})",
        record(),
    );
    assert_eq!(value.as_deref(), Ok("C=1,a=2,A=3,B=10"));
}

#[test]
fn intervals_of_several_units() {
    all(&[
        (
            "DATE_ADD('2024-01-01', INTERVAL '1:30' MINUTE_SECOND)",
            "2024-01-01 00:01:30",
        ),
        (
            "DATE_ADD('2024-01-01 00:00:00', INTERVAL '1:2:3' MINUTE_SECOND)",
            "",
        ),
        (
            "DATE_ADD('2024-01-01 00:00:00', INTERVAL '1 10' DAY_HOUR)",
            "2024-01-02 10:00:00",
        ),
        (
            "DATE_ADD('2024-01-01 00:00:00', INTERVAL '1-2' YEAR_MONTH)",
            "2025-03-01 00:00:00",
        ),
        ("DATE_SUB('2024-01-01', INTERVAL '1-2' YEAR_MONTH)", "2022-11-01"),
        (
            "DATE_ADD('2024-01-01', INTERVAL '-1 1:1:1' DAY_SECOND)",
            "2023-12-30 22:58:59",
        ),
        (
            "DATE_ADD('2024-01-01', INTERVAL 1.5 MINUTE_SECOND)",
            "2024-01-01 00:01:05",
        ),
        (
            "DATE_ADD('2024-01-01', INTERVAL '10' DAY_SECOND)",
            "2024-01-01 00:00:10",
        ),
        (
            "DATE_ADD('2024-01-01', INTERVAL '1.5' SECOND_MICROSECOND)",
            "2024-01-01 00:00:01.500000",
        ),
        (
            "DATE_ADD('2024-01-01', INTERVAL '1:1.5' MINUTE_MICROSECOND)",
            "2024-01-01 00:01:01.500000",
        ),
        (
            "DATE_ADD('2024-01-01', INTERVAL '' DAY_SECOND)",
            "2024-01-01 00:00:00",
        ),
        ("DATE_ADD('2024-01-01', INTERVAL NULL DAY_SECOND)", ""),
        ("'2024-01-31' + INTERVAL '0-1' YEAR_MONTH", "2024-02-29"),
        (
            "'2024-01-31 10:00:00' - INTERVAL '1:30' hour_minute",
            "2024-01-31 08:30:00",
        ),
    ]);
    let (_, message) = fault("_function DATE_ADD('2024-01-01', INTERVAL '1' FORTNIGHT)");
    assert!(message.contains("FORTNIGHT"), "{message}");
}
