//! What is refused when a document is loaded: legal but not supported, half-legal, and wrong.

#![allow(clippy::unwrap_used)]

use crate::support::fault;

#[track_caller]
fn refused(expression: &str, offset: usize, parts: &[&str]) {
    let (found, message) = fault(expression);
    assert_eq!(found, offset, "{expression}: {message}");
    for part in parts {
        assert!(message.contains(part), "{expression}: {message}");
    }
}

#[test]
fn c53_a_lookup_that_is_not_closed() {
    refused(
        "_function IFNULL(_findCollection find FID from xxx where FBillNo={{order_no}}, '0')",
        17,
        &["closed with _endFind"],
    );
}

#[test]
fn javascript() {
    refused(
        "_function '{{a}}' === '1' ? 'x' : 'y'",
        18,
        &["JavaScript (===)", "CASE WHEN"],
    );
    refused("_function {{a}} > 1 ? 'x' : 'y'", 20, &["?", "CASE WHEN"]);
    refused(
        "_function Math.floor(Date.now()/1000)",
        10,
        &["JavaScript (Math.)", "UNIX_TIMESTAMP()"],
    );
}

#[test]
fn spellings_of_other_platforms() {
    refused("{{$now|format:\"Y-m-d\"}}", 0, &["$now", "CURRENT_TIME"]);
    refused("{{a > 1 ? 'x' : 'y'}}", 0, &["cannot be part of a key"]);
    refused("x${now()}", 1, &["${…}"]);
    refused(
        "_function CASE 1 WHEN 1 THEN 2 _endFunction",
        31,
        &["_endFunction"],
    );
    refused(
        "{{a|frobnicate}}",
        0,
        &["unknown pipe \"frobnicate\"", "datetime"],
    );
}

#[test]
fn plain_mistakes_have_a_place() {
    refused("客户{{name", 2, &["{{ is not closed"]);
    refused("{{}}", 0, &["empty"]);
    refused("_function CASE WHEN 1 THEN 'a'", 30, &["found the end"]);
    refused(
        "_function CONCAT('客户', name)",
        23,
        &["unknown name name", "'text'"],
    );
    refused("_function CONCAT('a", 17, &["a quote is not closed"]);
    refused("_function 5{{x}}", 10, &["directly beside other text"]);
    refused("_function {{x}}{{y}}", 10, &["directly beside other text"]);
    refused(
        "_function LEFT('a')",
        10,
        &["LEFT takes 2 arguments, 1 are given"],
    );
    refused("_function SELECT 1", 17, &[]);
    refused("_function (SELECT 1)", 11, &["queries are not supported"]);
    refused("_function 1; DROP TABLE x", 11, &["; is not allowed"]);
    refused("_function 1 -- x", 12, &["comments"]);
    refused("_function 1 & 2", 10, &["the operator & is not supported"]);
    refused("_function", 9, &["an expression is expected"]);
    refused(" _function 1", 0, &["first word"]);
    refused("_function 'a' REGEXP '(?=b)'", 21, &["look-around"]);
    refused("_function INTERVAL 1 DAY", 19, &["INTERVAL stands only after"]);
    refused("_function COUNT(*)", 10, &["COUNT({{customers}})"]);
    refused("_function SUM(1)", 10, &["needs an array"]);
}

#[test]
fn all_faults_are_found_at_once() {
    let faults = mapping::Expression::compile("_function CONCAT(foo, BAR(1), baz)")
        .err()
        .unwrap_or_default();
    let offsets: Vec<_> = faults.iter().map(|fault| fault.0).collect();
    assert_eq!(offsets, [17, 22, 30]);
}

#[test]
fn signs_of_full_width_and_misspelt_functions_get_the_right_ones() {
    refused(
        "_function CONCAT（'a','b')",
        16,
        &["（ is a sign of full width", "write ( (half width)"],
    );
    refused("_function CONCAT('a'，'b')", 20, &["write , (half width)"]);
    refused("_function IF({{a}}＝1,2,3)", 18, &["write = (half width)"]);
    refused(
        "_function CONACT('a','b')",
        10,
        &["unknown function CONACT", "use CONCAT"],
    );
    refused("_function DATEFORMAT('{{a}}','%Y')", 10, &["use DATE_FORMAT"]);
    refused(
        "_function IF({{n}} &gt; 1,&#39;a&#39;,'b')",
        19,
        &["&gt; is how web pages write >", "write > itself"],
    );
}

#[test]
fn entries_that_are_counted_are_asked_for_no_text() {
    let compiled = mapping::Expression::compile("_function COUNT({{customers}})").unwrap();
    let record = serde_json::json!({"customers": [{"name": "a"}, {"name": "b"}]});
    let record = mapping::Record::new(record.as_object().unwrap().clone());
    let context = mapping::Context::at(crate::support::now());
    let evaluation = mapping::Evaluation::with_notices(&record, &context);
    let value = compiled.evaluate(&evaluation).unwrap().into_text().into_owned();
    let notices = evaluation.take_notices();
    assert_eq!((value.as_str(), notices.len()), ("2", 0), "{notices:?}");
}

#[test]
fn operators_on_bits_are_refused() {
    for (expression, offset, part) in [
        ("1 & {{n}}", 10, "the operator & is not supported"),
        ("1 | 2", 10, "the operator | is not supported"),
        ("2 ^ 3", 10, "POW(a, b)"),
        ("1 << 3", 10, "the operator << is not supported"),
        ("8 >> 1", 10, "the operator >> is not supported"),
        ("~1", 11, "not supported"),
        ("!{{n}}", 10, "write NOT"),
    ] {
        refused(&format!("_function {expression}"), offset, &[part]);
    }
}

/// Nothing of a list's clauses is left out without a word.
#[test]
fn clauses_of_aggregates_that_are_not_followed_are_refused() {
    for (expression, part) in [
        ("GROUP_CONCAT({{l.n}} LIMIT 2)", "LIMIT 2"),
        (
            "GROUP_CONCAT({{l.n}} ORDER BY {{l.n}} SEPARATOR '-' LIMIT 2)",
            "LIMIT",
        ),
        ("GROUP_CONCAT({{l.n}} SEPARATOR '-' LIMIT 1,2)", "LIMIT"),
        ("GROUP_CONCAT({{l.n}} SEPARATOR '-' ORDER BY {{l.n}})", "ORDER"),
        ("GROUP_CONCAT({{l.n}} ORDER BY {{l.n}} NULLS LAST)", "NULLS LAST"),
        ("GROUP_CONCAT({{l.n}} SEPARATOR '{{x}}')", "SEPARATOR '、'"),
        ("GROUP_CONCAT({{l.n}} SEPARATOR 1)", "SEPARATOR '、'"),
        ("SUM({{l.n}} ORDER BY {{l.n}})", "ORDER BY a placeholder"),
        ("SUM(SUM({{l.n}}))", "within an aggregate"),
        (
            "GROUP_CONCAT({{l.n}} ORDER BY MAX({{l.n}}))",
            "within an aggregate",
        ),
        ("SUM({{l.n}}) FILTER (WHERE {{l.n}}>1)", "FILTER"),
        ("COUNT(DISTINCT {{l.n}}, {{l.m}})", "one argument"),
    ] {
        let (_, message) = crate::support::fault(&format!("_function {expression}"));
        assert!(message.contains(part), "{expression}: {message}");
    }
}

#[test]
fn several_statements_and_ends_of_functions_are_refused() {
    refused("_function CONCAT({{a}});", 23, &["; is not allowed"]);
    refused("_function {{a}}; {{b}}", 15, &["; is not allowed"]);
    refused("_function CONCAT('a') _endFunction", 22, &["_endFunction"]);
    refused("_function _endFunction", 10, &["_endFunction"]);
    refused("_function SELECT 'a'", 17, &["the end of the expression"]);
    refused("_function (SELECT 1)", 11, &["queries are not supported"]);
}
