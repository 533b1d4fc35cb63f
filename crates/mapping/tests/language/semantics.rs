//! MySQL's rules that decide results, row by row. Rows that differ on purpose are named in `DIFFERENCES` of the
//! differential test and say so here.

#![allow(clippy::unwrap_used)]

use mapping::{Context, Evaluation, Expression, Record};
use serde_json::json;

use crate::support::{eval, fault, now, sql};

fn all(rows: &[(&str, &str)]) {
    for (expression, expected) in rows {
        assert_eq!(sql(expression), *expected, "{expression}");
    }
}

#[test]
fn row_1_and_2_numbers_meet_texts_as_numbers() {
    all(&[
        ("CASE 0 WHEN '0' THEN 'a' ELSE 'b' END", "a"),
        ("CASE 01 WHEN '1' THEN 'x' END", "x"),
    ]);
}

#[test]
fn row_3_an_empty_bare_placeholder_is_null_and_not_a_searched_case() {
    let expression = "_function CASE {{x}} WHEN '0' THEN 'a' WHEN '1' THEN 'b' ELSE 'c' END";
    for record in [
        json!({}),
        json!({"x": ""}),
        json!({"x": null}),
        json!({"x": []}),
        json!({"x": "  "}),
    ] {
        assert_eq!(eval(expression, record.clone()).unwrap(), "c", "{record}");
    }
}

#[test]
fn row_4_and_5_quoted_empty_and_null_take_else() {
    all(&[
        ("CASE '' WHEN '0' THEN 'a' ELSE 'c' END", "c"),
        ("CASE NULL WHEN '0' THEN 'a' ELSE 'c' END", "c"),
    ]);
}

#[test]
fn row_6_a_bare_text_is_text_and_refuses_arithmetic() {
    let record = json!({"x": "无采购额"});
    assert_eq!(
        eval(
            "_function CASE {{x}} WHEN '0' THEN 'a' ELSE 'c' END",
            record.clone()
        )
        .unwrap(),
        "c"
    );
    assert!(
        eval("_function {{x}} * 2", record.clone())
            .unwrap_err()
            .starts_with("not-a-number")
    );
    assert!(
        eval("_function CASE {{x}} WHEN 0 THEN 'a' ELSE 'c' END", record)
            .unwrap_err()
            .starts_with("not-a-number")
    );
}

#[test]
fn row_7_and_8_trailing_spaces_do_not_count() {
    all(&[
        ("CASE '1 ' WHEN '1' THEN 'a' END", "a"),
        ("' '!=''", "0"),
        ("'\t'!=''", "0"),
        ("'x'!=''", "1"),
    ]);
}

#[test]
fn row_9_and_10_case_and_accents_do_not_count() {
    all(&[
        ("'A'='a'", "1"),
        ("'é'='e'", "1"),
        ("CASE LEFT('ad1',2) WHEN 'AD' THEN 100 ELSE 103 END", "100"),
    ]);
}

#[test]
fn row_11_to_13_texts_against_numbers() {
    all(&[
        ("0=''", "1"),
        ("CASE 0 WHEN 'abc' THEN 'match' END", "match"),
        ("'0'=0", "1"),
        ("'0'=''", "0"),
        ("'null'!=''", "1"),
    ]);
    assert_eq!(
        eval("_function '{{x}}'!=''", json!({"x": null})).unwrap(),
        "0",
        "a null never reaches the text"
    );
}

#[test]
fn row_14_quotes_and_backslashes_in_data_change_nothing() {
    for data in [
        "O'Neil",
        "a\\",
        "'",
        "\\'",
        "' OR ''='",
        "\"",
        "{{name}}",
        "{y}",
        "${x}",
        "a\u{0}b",
        "%",
        "--",
        "/*",
    ] {
        assert_eq!(
            eval("_function CONCAT('{{x}}','|')", json!({"x": data, "y": "no"})).unwrap(),
            format!("{data}|")
        );
        assert_eq!(
            eval(
                "_function CASE WHEN '{{x}}'='{{x}}' THEN '{{x}}' END",
                json!({"x": data})
            )
            .unwrap(),
            data
        );
    }
}

#[test]
fn row_15_and_16_division_and_scale() {
    all(&[
        ("10/3", "3.3333"),
        ("10/5", "2.0000"),
        ("'10'/'4'", "2.5"),
        ("0.13*100", "13.00"),
        ("'0.13'*100", "13"),
    ]);
}

#[test]
fn row_17_division_by_zero_is_null_and_null_is_empty() {
    all(&[
        ("10/0", ""),
        ("7 % 0", ""),
        ("IFNULL(10/0,'none')", "none"),
        ("7 DIV 0", ""),
    ]);
}

#[test]
fn row_18_an_empty_bare_operand_is_null() {
    assert_eq!(eval("_function {{x}} * 100", json!({})).unwrap(), "");
    assert_eq!(eval("_function IFNULL({{x}}, 0) * 3", json!({})).unwrap(), "0");
}

#[test]
fn row_19_plus_adds_and_bars_are_or() {
    all(&[
        ("'a'+'b'", "0"),
        ("'a'||'b'", "0"),
        ("1||0", "1"),
        ("1=2||3=3", "1"),
    ]);
}

#[test]
fn row_20_null_in_concat() {
    all(&[("CONCAT('a',NULL)", ""), ("CONCAT_WS('、','a',NULL,'c')", "a、c")]);
}

#[test]
fn row_21_rounding_is_half_away_from_zero() {
    all(&[
        ("ROUND(2.345,2)", "2.35"),
        ("ROUND('2.345',2)", "2.35"),
        ("ROUND(2.5)", "3"),
        ("ROUND(-2.5)", "-3"),
    ]);
}

#[test]
fn row_22_to_24_characters_and_positions() {
    all(&[
        ("SUBSTRING('客户名称ABC',2,3)", "户名称"),
        ("SUBSTRING('abc',0,2)", ""),
        ("SUBSTRING('abcdef',-3,2)", "de"),
        ("LENGTH('客户')", "6"),
        ("CHAR_LENGTH('客户')", "2"),
        ("LOCATE('','abc')", "1"),
        ("LOCATE('AB','xxab')", "3"),
    ]);
}

#[test]
fn row_25_replace_minds_case() {
    all(&[("REPLACE('aAbA','A','z')", "azbz")]);
}

#[test]
fn row_26_and_27_dates() {
    all(&[
        (
            "DATE_FORMAT('2024-01-05 03:04:05','%Y/%c/%e %k:%i')",
            "2024/1/5 3:04",
        ),
        ("DATE_FORMAT('no date','%Y')", ""),
        (
            "FROM_UNIXTIME(1710403200,'%Y-%m-%d %H:%i:%s')",
            "2024-03-14 16:00:00",
        ),
        ("FROM_UNIXTIME(1710403200000)", ""),
    ]);
}

#[test]
fn row_28_truth_words() {
    all(&[
        ("case true when true then 'm' end", "m"),
        ("case 1 when true then 'm' end", "m"),
        ("case 'true' when true then 'm' else 'n' end", "n"),
    ]);
}

#[test]
fn row_29_a_case_without_operand_is_searched() {
    all(&[("case  when true then 'DY' else '' end", "DY")]);
}

#[test]
fn row_30_no_else_is_null() {
    all(&[("CASE '5' WHEN '1' THEN 'a' END", "")]);
}

#[test]
fn row_31_branches_take_a_common_scale() {
    all(&[
        ("IF(1>2,1.50,2)", "2.00"),
        ("CASE WHEN 0 THEN 1.50 ELSE 2 END", "2.00"),
        ("IFNULL(NULL,1.5)+0", "1.5"),
        ("COALESCE(1,2.25)", "1.00"),
    ]);
}

#[test]
fn row_32_typographic_quotes_are_found() {
    let (offset, message) = fault("_function CASE WHEN ‘a’!='' THEN 'x' END");
    assert_eq!(offset, 20);
    assert!(message.starts_with("typographic quote ‘"), "{message}");
}

#[test]
fn row_33_double_quotes_are_texts() {
    all(&[("\"a\"='a'", "1"), ("\"it's\"", "it's")]);
}

#[test]
fn binding_strength_is_that_of_mysql() {
    all(&[
        ("1 = 1 XOR 1 = 1", "0"),
        ("1 OR 1 XOR 1", "1"),
        ("0 = 1 LIKE 5", "1"),
        ("NOT 1 = 2", "1"),
        ("2 + 3 * 4", "14"),
        ("1 = 2 IS NULL", "0"),
        ("-5 % 3", "-2"),
        ("7 DIV 2 + 1", "4"),
        ("7 MOD 4", "3"),
        ("1 IN (2,1) = 1", "1"),
        ("NOT 0 AND 0", "0"),
        ("3 BETWEEN 1 AND 5 = 1", "1"),
        ("1 && 0 || 1", "1"),
        ("10 - 2 - 3", "5"),
    ]);
}

/// The deepest that is accepted, compiled.
fn deepest(build: impl Fn(usize) -> String) -> Expression {
    let compiled = |expression: String| Expression::compile(&expression).ok();
    (1..=200).rev().map(build).find_map(compiled).unwrap()
}

#[test]
fn the_deepest_expressions_fit_the_stack_of_a_worker() {
    // A worker has 2 MiB, of which the consumer and its futures use a part.
    let worker = std::thread::Builder::new().stack_size(1 << 20);
    let evaluated = worker.spawn(|| {
        let sum = deepest(|n| format!("_function {}", vec!["1"; n].join("+")));
        let nested = deepest(|n| format!("_function {}1{}", "IF(1=1,".repeat(n), ",0)".repeat(n)));
        let (record, context) = (Record::default(), Context::at(now()));
        let evaluation = Evaluation::new(&record, &context);
        [sum, nested].map(|expression| expression.evaluate(&evaluation).unwrap().into_text().into_owned())
    });
    let values = evaluated.unwrap().join().unwrap();
    assert_eq!(values[1], "1");
    assert!(values[0].parse::<u32>().unwrap() > 50, "{values:?}");
}

/// What is said of an expression is what it does, also where a placeholder stands without quotes.
#[test]
fn words_tell_an_empty_text_from_a_number_that_is_0() {
    let words = |expression: &str| {
        let compiled = Expression::compile(&format!("_function {expression}")).unwrap();
        compiled.explain().join("|")
    };
    for (expression, expected) in [
        ("IF('{{x}}'='','a','b')", "IF(x is empty, \"a\", \"b\")"),
        ("IF({{x}}='','a','b')", "IF(x is 0, and not empty, \"a\", \"b\")"),
        ("IF(''={{x}},'a','b')", "IF(x is 0, and not empty, \"a\", \"b\")"),
        (
            "IF({{x}}<>'','a','b')",
            "IF(x is neither empty nor 0, \"a\", \"b\")",
        ),
        ("IF('{{x}}'!='','a','b')", "IF(x is not empty, \"a\", \"b\")"),
        (
            "IF(LENGTH('{{x}}')='','a','b')",
            "IF(LENGTH(x) is 0, and not empty, \"a\", \"b\")",
        ),
        (
            "IF({{x}} IN ('','1'),'a','b')",
            "IF(x is one of 0 (not empty), \"1\", \"a\", \"b\")",
        ),
        (
            "CASE {{x}} WHEN '' THEN 'a' ELSE 'b' END",
            "by the value of x:|0 (not empty) → \"a\"|otherwise → \"b\"",
        ),
        (
            "CASE '{{x}}' WHEN '' THEN 'a' END",
            "by the value of x:|empty → \"a\"|otherwise → empty",
        ),
    ] {
        assert_eq!(words(expression), expected, "{expression}");
    }
    for (value, expected) in [(json!(""), "b"), (json!(0), "a"), (json!(5), "b")] {
        let given = eval("_function IF({{x}}='','a','b')", json!({"x": value}));
        assert_eq!(given.as_deref(), Ok(expected));
    }
}
