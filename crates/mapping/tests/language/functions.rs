//! Functions beside those of the documentation; the values are MariaDB's, measured, where it has the function.

use serde_json::json;

use crate::support::{eval, fault, sql};

fn all(rows: &[(&str, &str)]) {
    for (expression, expected) in rows {
        assert_eq!(sql(expression), *expected, "{expression}");
    }
}

#[test]
fn lists_and_codes() {
    all(&[
        ("FIND_IN_SET('B','a,b')", "2"),
        ("FIND_IN_SET('',',a')", "1"),
        ("FIND_IN_SET('','')", "0"),
        ("FIND_IN_SET('b ','a,b')", "0"),
        ("FIELD('a','b','A')", "2"),
        ("FIELD(1,'1',2)", "1"),
        ("FIELD(NULL,NULL)", "0"),
        ("ELT(2,'a','b')", "b"),
        ("ELT(1.5,'a','b')", "b"),
        ("ELT('2x','a','b')", "b"),
        ("ELT(0,'a')", ""),
        ("CHAR(65,66)", "AB"),
        ("CHAR(NULL,65)", "A"),
        ("CHAR(77.7)", "N"),
        ("CONCAT('a',CHAR(10),'b')", "a\nb"),
        ("HEX(255)", "FF"),
        ("HEX('abc')", "616263"),
        ("HEX(1.5)", "2"),
        ("ASCII('客')", "229"),
        ("MD5('客')", "f5ddece95b25fcb0d415d4e96dcfdabe"),
        ("MD5(NULL)", ""),
        (
            "SHA2('a',256)",
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        ),
        ("NVL(NULL,1)", "1"),
    ]);
}

#[test]
fn json_paths_with_ranges_and_from_the_end() {
    let doc = r#"'{"a":{"b":1},"c":[{"b":2},3,4]}'"#;
    for (path, expected) in [
        ("$**.b", "[1, 2]"),
        ("$.c[last]", "4"),
        ("$.c[last-1]", "3"),
        ("$.c[-1]", "4"),
        ("$.c[1 to 2]", "[3, 4]"),
        ("$.c[1 to last]", "[3, 4]"),
        ("$.c[-9]", ""),
        ("$.c[7 to 8]", ""),
        ("$.c[x]", ""),
    ] {
        assert_eq!(sql(&format!("JSON_EXTRACT({doc},'{path}')")), expected, "{path}");
    }
}

#[test]
fn powers_and_formats() {
    all(&[
        ("POW(2,3)", "8"),
        ("POWER(2,0.5)", "1.4142135623730951"),
        ("SQRT(2)", "1.4142135623730951"),
        ("SQRT(-1)", ""),
        ("LN(0)", ""),
        ("LOG(2,8)", "3"),
        ("LOG10(100)", "2"),
        ("PI()", "3.141593"),
        ("FORMAT('1234.5',2)", "1,234.50"),
        ("FORMAT(1234567.891,2)", "1,234,567.89"),
        ("FORMAT(-1234.5,0)", "-1,235"),
        ("FORMAT(2.5,0)", "3"),
        ("FORMAT(0.125e0,2)", "0.12"),
        ("FORMAT(1234.5,-1)", "1,235"),
        ("FORMAT('abc',1)", "0.0"),
        ("FORMAT(999.995,2)", "1,000.00"),
        ("FORMAT(NULL,2)", ""),
    ]);
    assert!(
        eval("_function POW(10,400)", serde_json::json!({})).is_err_and(|e| e.starts_with("out-of-range"))
    );
}

#[test]
fn dates() {
    all(&[
        ("CONVERT_TZ('2024-01-01','+8:00','+00:00')", "2023-12-31 16:00:00"),
        (
            "CONVERT_TZ('1960-01-01','+00:00','+08:00')",
            "1960-01-01 00:00:00",
        ),
        ("WEEK('2024-01-01')", "0"),
        ("WEEK('2023-01-01',3)", "52"),
        ("YEARWEEK('2024-12-31')", "202452"),
        ("WEEKOFYEAR('2024-12-30')", "1"),
        ("WEEK('bad')", ""),
        ("TIMESTAMPDIFF(MONTH,'2024-01-31','2024-02-29')", "0"),
        ("TIMESTAMPDIFF(YEAR,'2024-03-01','2023-03-02')", "0"),
        ("TIMESTAMPDIFF(WEEK,'2024-01-01','2024-01-15')", "2"),
        ("TIMESTAMPDIFF(day,'2024-01-03','2024-01-01 12:00:00')", "-1"),
        ("TIMESTAMPDIFF(SQL_TSI_HOUR,'2024-01-01','2024-01-02')", "24"),
        ("TIMESTAMPADD(MONTH,1,'2024-01-31')", "2024-02-29"),
        ("TIMESTAMPADD(MINUTE,1,'2024-01-31')", "2024-01-31 00:01:00"),
        (
            "CONVERT_TZ('2024-01-01 00:00:00','+00:00','+08:00')",
            "2024-01-01 08:00:00",
        ),
        ("CONVERT_TZ('x','+00:00','+08:00')", ""),
        ("DAYNAME('2024-01-01')", "Monday"),
        ("MONTHNAME('2024-01-01')", "January"),
        ("TO_DAYS('2024-01-01')", "739251"),
        // Not MariaDB's, but the platform's.
        (
            "FORMAT_DATE('2024-01-05 03:04:05','yyyy-MM-dd HH:mm:ss')",
            "2024-01-05 03:04:05",
        ),
        ("FORMAT_DATE('2024-01-05','Y/m/d')", "2024/01/05"),
        ("FORMAT_DATE(1710403200,'yyyy-MM-dd')", "2024-03-14"),
        ("FORMAT_DATE('','yyyy')", ""),
    ]);
    assert!(
        fault("_function TIMESTAMPDIFF({{a}}, {{b}})")
            .1
            .contains("takes a unit and two values")
    );
}

#[test]
fn regular_expressions() {
    all(&[
        (r"REGEXP_REPLACE('abc123','[0-9]+','<\\0>')", "abc<123>"),
        ("REGEXP_REPLACE('ABC','b','x')", "AxC"),
        (r"REGEXP_REPLACE('a-b','(a)-(b)','\\2-\\1')", "b-a"),
        ("REGEXP_SUBSTR('abc12','[0-9]+')", "12"),
        ("REGEXP_SUBSTR('abc','[0-9]')", ""),
        ("REGEXP_INSTR('客a1','[0-9]')", "3"),
        // MySQL 8 only.
        ("REGEXP_LIKE('ABC','b')", "1"),
        ("REGEXP_LIKE('ABC','b','c')", "0"),
    ]);
    let record = serde_json::json!({"x": "a.c", "p": "."});
    assert_eq!(
        eval("_function REGEXP_REPLACE('{{x}}', '{{p}}', '-')", record).as_deref(),
        Ok("a-c")
    );
    assert!(
        fault("_function REGEXP_REPLACE('a','(?=b)','')")
            .1
            .contains("look-around")
    );
}

#[test]
fn json() {
    all(&[
        (
            r#"JSON_EXTRACT('{"a":[1,2,{"b":"x"}]}','$.a')"#,
            r#"[1, 2, {"b": "x"}]"#,
        ),
        (r#"JSON_EXTRACT('{"a":"x"}','$.a')"#, r#""x""#),
        (r#"JSON_UNQUOTE(JSON_EXTRACT('{"a":"x"}','$.a'))"#, "x"),
        (r#"'{"a":"x"}'->'$.a'"#, r#""x""#),
        (r#"'{"a":"x"}'->>'$.a'"#, "x"),
        (
            r#"JSON_EXTRACT('[{"n":"a"},{"n":"b"}]','$[*].n')"#,
            r#"["a", "b"]"#,
        ),
        (r#"JSON_EXTRACT('{"a":1,"b":2}','$.a','$.b')"#, "[1, 2]"),
        (r#"JSON_EXTRACT('{"e":null}','$.e')"#, "null"),
        (r#"JSON_EXTRACT('{"e":null}','$.x')"#, ""),
        ("JSON_EXTRACT('bad','$.x')", ""),
        (r#"JSON_EXTRACT('{"a":"x"}','$.a')='x'"#, "1"),
        (r#"JSON_EXTRACT('{"a":"5"}','$.a')+1"#, "6"),
        (
            r#"CASE JSON_EXTRACT('{"a":"x"}','$.a') WHEN 'x' THEN 1 ELSE 2 END"#,
            "1",
        ),
        ("JSON_LENGTH('[1,2]')", "2"),
        ("JSON_VALID('[1')", "0"),
        (r#"JSON_VALUE('{"a":"x"}','$.a')"#, "x"),
    ]);
    let record = || serde_json::json!({"customers": [{"name": "O'Neil", "tel": [["86", "1"]]}]});
    for (expression, expected) in [
        (
            "_function JSON_UNQUOTE(JSON_EXTRACT('{{customers}}','$[0].name'))",
            "O'Neil",
        ),
        ("_function {{customers}}->>'$[0].tel[0][1]'", "1"),
    ] {
        assert_eq!(
            eval(expression, record()).as_deref(),
            Ok(expected),
            "{expression}"
        );
    }
}

#[test]
fn numbers_of_other_languages_are_refused_instead_of_written_wrong() {
    assert_eq!(sql("FORMAT(1234.5,2,'zh_CN')"), "1,234.50");
    let error = eval("_function FORMAT(1234.5,2,'de_DE')", serde_json::json!({})).unwrap_err();
    assert!(error.starts_with("locale: "), "{error}");
}

#[test]
fn times_of_day() {
    all(&[
        ("HOUR('10:11:12')", "10"),
        ("HOUR('26:11:12')", "26"),
        ("HOUR('-10:11:12')", "10"),
        ("HOUR('1 10:11')", "34"),
        ("MINUTE('10:11')", "11"),
        ("SECOND('10:11:12')", "12"),
        ("HOUR('x')", ""),
        ("HOUR('2024-01-05 03:04:05')", "3"),
        ("TIME('10:11')", "10:11:00"),
        ("TIME('2024-01-05 03:04:05')", "03:04:05"),
        ("TIME('x')", ""),
        ("STR_TO_DATE('10:11','%H:%i')", "10:11:00"),
        ("STR_TO_DATE('10:11:12','%T')", "10:11:12"),
        ("STR_TO_DATE('2024-01','%Y-%m')", "2024-01-00"),
        ("STR_TO_DATE('2024','%Y')", "2024-00-00"),
        ("DATE_FORMAT(STR_TO_DATE('10:11','%H:%i'),'%H-%i')", "10-11"),
        ("TIME_FORMAT('10:11:12','%H点%i分')", "10点11分"),
        ("TIMEDIFF('10:00:00','08:30:00')", "01:30:00"),
        ("TIMEDIFF('08:30:00','10:00:00')", "-01:30:00"),
        (
            "TIMEDIFF('2024-01-05 10:00:00','2024-01-04 08:30:00')",
            "25:30:00",
        ),
        ("TIMEDIFF('2024-01-05 10:00:00','08:30:00')", ""),
        (
            "TIMEDIFF('2024-03-05 10:00:00','2024-01-04 08:30:00')",
            "838:59:59",
        ),
        ("SEC_TO_TIME(3661)", "01:01:01"),
        ("SEC_TO_TIME(-3661)", "-01:01:01"),
        ("SEC_TO_TIME(360000)", "100:00:00"),
        ("SEC_TO_TIME(1.5)", "00:00:01.5"),
        ("TIME_TO_SEC('01:01:01')", "3661"),
        ("MAKEDATE(2024,60)", "2024-02-29"),
        ("MAKEDATE(2024,0)", ""),
        ("MAKEDATE(24,1)", "2024-01-01"),
        ("MAKEDATE(2024,1000)", "2026-09-26"),
        ("EXTRACT(YEAR_MONTH FROM '2024-01-05')", "202401"),
        ("EXTRACT(DAY_HOUR FROM '2024-01-05 10:11:12')", "510"),
        ("EXTRACT(HOUR_MINUTE FROM '2024-01-05 10:11:12')", "1011"),
        ("EXTRACT(WEEK FROM '2024-01-05')", "0"),
    ]);
}

#[test]
fn dates_with_something_behind_them() {
    all(&[
        ("DATE_FORMAT('2024-01-05abc','%Y-%m-%d')", "2024-01-05"),
        ("DATE('2024-01-05 10:11:12abc')", "2024-01-05"),
        ("DATE_FORMAT('2024-01-05 10:11:12abc','%H')", "10"),
        ("YEAR('2024-1-5 x')", "2024"),
        ("DATE('1-2-3')", "0001-02-03"),
        ("DATE('01-02-03')", "2001-02-03"),
        ("DATE('2024年1月5日')", ""),
        ("DATE('2024-01')", ""),
        ("DATE('abc')", ""),
    ]);
}

#[test]
fn other_signs() {
    all(&[
        ("INSERT('Quadratic',3,4,'What')", "QuWhattic"),
        ("insert ('Quadratic',-1,4,'What')", "Quadratic"),
        ("INSERT('Quadratic',3,100,'What')", "QuWhat"),
        ("INSERT('客户名称',2,1,'x')", "客x名称"),
        ("INSERT('abc',4,1,'x')", "abc"),
        ("INSERT('abc',2,-1,'x')", "ax"),
        ("CONV('ff',16,10)", "255"),
        ("CONV(255,10,16)", "FF"),
        ("CONV('12x',10,2)", "1100"),
        ("CONV(-1,10,16)", "FFFFFFFFFFFFFFFF"),
        ("CONV('-1',10,-10)", "-1"),
        ("CONV('a',1,10)", ""),
        ("CONV('',16,10)", ""),
        ("SHA1('a')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ("TO_BASE64('客户')", "5a6i5oi3"),
        ("CHAR_LENGTH(TO_BASE64(REPEAT('a',80)))", "109"),
        ("FROM_BASE64('5a6i5oi3')", "客户"),
        ("FROM_BASE64('x!')", ""),
        (r#"JSON_CONTAINS('["a","b"]','"a"')"#, "1"),
        (r#"JSON_CONTAINS('["a","b"]','["b","a"]')"#, "1"),
        (r#"JSON_CONTAINS('["a","b"]','a')"#, ""),
        (r#"JSON_CONTAINS('{"a":1,"b":[1,2]}','{"b":[2]}')"#, "1"),
        (r#"JSON_CONTAINS('{"a":1}','1','$.a')"#, "1"),
        (r#"JSON_CONTAINS('{"a":1}','1','$.z')"#, "0"),
        ("JSON_CONTAINS('[1,2,[3]]','3')", "1"),
        ("JSON_CONTAINS('[1,2,[3]]','[3]')", "1"),
        ("JSON_CONTAINS('[1.0]','1')", "1"),
        ("JSON_CONTAINS('1','[1]')", "0"),
    ]);
}

#[test]
fn pipes_take_the_formats_of_the_platform() {
    let record = || json!({"n": "10.8", "p": "19.9956", "t": "2024-01-05 03:04:05", "long": "一二三四五六七", "list": ["a", "b"]});
    for (expression, expected) in [
        ("{{n|intval}}", "10"),
        ("{{p|round}}", "20.00"),
        ("{{p|round(1)}}", "20.0"),
        ("{{p|round:3}}", "19.996"),
        ("{{n|amount}}", "￥10.80"),
        ("{{long|longText(3)}}", "一二三..."),
        ("{{long|longtext}}", "一二三四五六七"),
        ("{{t|time}}", "03:04:05"),
        ("{{t|shortDate}}", "01-05"),
        ("{{t|datetime}}", "2024-01-05 03:04:05"),
        ("{{none|intval}}", ""),
    ] {
        assert_eq!(
            eval(expression, record()).as_deref(),
            Ok(expected),
            "{expression}"
        );
    }
    let (_, message) = fault("{{n|rnd(2)}}");
    assert!(message.contains("round(2)"), "{message}");
}

#[test]
fn spans_of_time() {
    all(&[
        ("ADDTIME('2024-01-05 10:00:00','01:30:00')", "2024-01-05 11:30:00"),
        ("ADDTIME('10:00:00','01:30:00')", "11:30:00"),
        (
            "SUBTIME('2024-01-05 10:00:00','1 01:30:00')",
            "2024-01-04 08:30:00",
        ),
        ("ADDTIME('x','01:30:00')", ""),
        ("PERIOD_DIFF(202403,202312)", "3"),
        ("PERIOD_ADD(202312,3)", "202403"),
        ("MAKETIME(10,5,7)", "10:05:07"),
        ("MAKETIME(-1,5,7)", "-01:05:07"),
        ("MAKETIME(1,60,7)", ""),
        ("MICROSECOND('2024-01-05 10:00:00.123456')", "123456"),
        ("TIMESTAMP('2024-01-05')", "2024-01-05 00:00:00"),
        ("TIMESTAMP('2024-01-05','10:11:12')", "2024-01-05 10:11:12"),
        ("CURTIME()", "00:30:00"),
        ("CURRENT_TIME", "00:30:00"),
        ("UTC_TIMESTAMP()", "2026-03-14 16:30:00"),
        ("UTC_DATE()", "2026-03-14"),
        ("NVL2(NULL,1,2)", "2"),
        ("NVL2('',1,2)", "1"),
    ]);
}

#[test]
fn json_that_is_made() {
    all(&[
        ("JSON_OBJECT('a',1,'b','x')", "{\"a\": 1, \"b\": \"x\"}"),
        ("JSON_ARRAY(1,'x\"',NULL)", "[1, \"x\\\"\", null]"),
        ("JSON_OBJECT('a',JSON_ARRAY(1.50))", "{\"a\": [1.50]}"),
        ("JSON_QUOTE('a\"b')", "\"a\\\"b\""),
        ("JSON_KEYS('{\"a\":1,\"b\":2}')", "[\"a\", \"b\"]"),
        ("JSON_KEYS('[1]')", ""),
        ("FORMAT(-0.0004e0, 3)", "0.000"),
    ]);
}
