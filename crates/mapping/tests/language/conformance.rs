//! The conformance list beyond the seed's own fields: C15 to C26, C38 to C55.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::support::eval;

fn check(expression: &str, rows: &[(Value, &str)]) {
    for (record, expected) in rows {
        assert_eq!(
            eval(expression, record.clone()).as_deref(),
            Ok(*expected),
            "{expression} over {record}"
        );
    }
}

#[test]
fn c15_to_c19_variables() {
    check(
        "{{LAST_SYNC_TIME|datetime}}",
        &[(json!({}), "2024-03-14 16:00:00")],
    );
    check("{{CURRENT_TIME|datetime}}", &[(json!({}), "2026-03-15 00:30:00")]);
    check("{{PAGINATION_PAGE_SIZE}}", &[(json!({}), "2000")]);
    check("{{PAGINATION_START_ROW}}", &[(json!({}), "0")]);
    check(
        "FApproveDate>='{{LAST_SYNC_TIME|dateTime}}'",
        &[(json!({}), "FApproveDate>='2024-03-14 16:00:00'")],
    );
    check("{{DAYS_AGO_2|datetime}}", &[(json!({}), "2026-03-13 00:30:00")]);
    check("{{DAYS_AGO_1|datetime}}", &[(json!({}), "2026-03-14 00:30:00")]);
}

#[test]
fn c20_date_of_a_field() {
    check(
        "{{created_time|date}}",
        &[
            (json!({"created_time": "2024-03-14 16:00:00"}), "2024-03-14"),
            (json!({}), ""),
        ],
    );
}

#[test]
fn c21_ten_minutes_before_the_last_run() {
    check(
        "_function FROM_UNIXTIME({{LAST_SYNC_TIME}}-600 ,'%Y-%m-%d %H:%i:%s' )",
        &[(json!({}), "2024-03-14 15:50:00")],
    );
}

#[test]
fn c22_percent() {
    // The documentation prints 13; SQL keeps the scale.
    check(
        "_function {{details_list.tax}} * 100",
        &[
            (json!({"details_list": [{"tax": 0.13}]}), "13.00"),
            (json!({"details_list": {"tax": "0.13"}}), "13.00"),
            (json!({}), ""),
        ],
    );
}

#[test]
fn c23_product_in_a_branch() {
    check(
        "_function case '{{FOrgId}}' when '100' then {{price}}*{{qty}} when '200' then '201' else '{{FOrgId}}' end",
        &[
            (json!({"FOrgId": 100, "price": 12.5, "qty": 4}), "50.0"),
            (json!({"FOrgId": "200"}), "201"),
            (json!({"FOrgId": "300"}), "300"),
        ],
    );
}

#[test]
fn c24_aggregates() {
    let rows =
        json!({"details_list": [{"qty": 10, "n": "a"}, {"qty": "20", "n": ""}, {"qty": 30, "n": "c"}]});
    for (expression, expected) in [
        ("_function sum({{details_list.qty}})", "60"),
        ("_function COUNT({{details_list}})", "3"),
        ("_function COUNT({{details_list.qty}})", "3"),
        ("_function AVG({{details_list.qty}})", "20.0000"),
        (
            "_function MAX({{details_list.qty}}) - MIN({{details_list.qty}})",
            "20",
        ),
        ("_function SUM({{details_list.qty}} * 2)", "120"),
        (
            "_function GROUP_CONCAT('{{details_list.n}}' SEPARATOR '、')",
            "a、c",
        ),
        ("_function SUM({{nothing.qty}})", ""),
        ("{{details_list.*.n|implode('、')}}", "a、c"),
    ] {
        check(expression, &[(rows.clone(), expected)]);
    }
}

#[test]
fn c25_prefix_of_a_number() {
    let expression = "_function CASE LEFT('{{单据编号}}', 2) WHEN 'AD' THEN 100 WHEN 'BB' THEN 101 WHEN 'GG' THEN 102 WHEN 'EE' THEN 103 ELSE 103 END";
    for (number, expected) in [
        ("AD001", "100"),
        ("BB9", "101"),
        ("GG1", "102"),
        ("EE2", "103"),
        ("ZZ", "103"),
        ("", "103"),
    ] {
        check(expression, &[(json!({"单据编号": number}), expected)]);
    }
}

#[test]
fn c26_search_decides() {
    check(
        "_function CASE LOCATE('检索文本','{{检索的字段}}') WHEN 0 THEN '{{不匹配时字段A}}' ELSE '{{匹配时的字段}}' END",
        &[
            (
                json!({"检索的字段": "有检索文本的", "不匹配时字段A": "first", "匹配时的字段": "second"}),
                "second",
            ),
            (
                json!({"检索的字段": "无", "不匹配时字段A": "first", "匹配时的字段": "second"}),
                "first",
            ),
        ],
    );
}

#[test]
fn c38_to_c40_orders() {
    let expression =
        "_function case when '{{orders.payPrice}}'>0 then '{{orders.payPrice}}' else '{{orders.Price}}' end";
    for (paid, expected) in [("12.50", "12.50"), ("", "9"), ("abc", "9")] {
        check(
            expression,
            &[(json!({"orders": {"payPrice": paid, "Price": "9"}}), expected)],
        );
    }
    check(
        "_function case '{{shopCode}}' when '10002480' then '104' else '103' end",
        &[
            (json!({"shopCode": "10002480"}), "104"),
            (json!({"shopCode": 10002480}), "104"),
            (json!({"shopCode": "1"}), "103"),
        ],
    );
    let ratio = "_function {{details.goodsDetail_goodsDelivery_batchamount}}/{{details.goodsDetail_goodsDelivery_sendCount}}";
    for (count, expected) in [(3, "3.3333"), (0, "")] {
        let details = json!({"details": {"goodsDetail_goodsDelivery_batchamount": 10, "goodsDetail_goodsDelivery_sendCount": count}});
        check(ratio, &[(details, expected)]);
    }
}

#[test]
fn c41_to_c43_conditions() {
    let price = "_function case when {{details.details_amount_after_price}}<0 then '0' else '{{details.details_amount_after_price}}' end";
    check(
        price,
        &[
            (json!({"details": {"details_amount_after_price": -3}}), "0"),
            (json!({"details": {"details_amount_after_price": "7.5"}}), "7.5"),
        ],
    );
    check(
        "_function case '{{shop_code}}' when '004' then '01SP' else '{{warehousein_code}}' end",
        &[
            (json!({"shop_code": "004"}), "01SP"),
            (json!({"shop_code": "4", "warehousein_code": "W"}), "W"),
        ],
    );
    check(
        "_function case when {{details_list.tax_price}}> 0 then 'False' else 'True' end",
        &[
            (json!({"details_list": {"tax_price": 0}}), "True"),
            (json!({"details_list": {"tax_price": 1.5}}), "False"),
        ],
    );
}

#[test]
fn c44_to_c47_amounts() {
    check(
        "_function {{items_amount}}/{{items_r_qty}}",
        &[(json!({"items_amount": "10", "items_r_qty": "4"}), "2.5000")],
    );
    check(
        "_function case '{{wms_co_id}}' when '12926523' then '230605' else '{{items_batch_no}}' end",
        &[
            (json!({"wms_co_id": 12926523}), "230605"),
            (json!({"wms_co_id": 1, "items_batch_no": "b"}), "b"),
        ],
    );
    let share = "_function ({{items.sale_amount}}/{{items.calAmount}})*{{items.calPamount}}/{{items.qty}}";
    check(
        share,
        &[(
            json!({"items": {"sale_amount": 100, "calAmount": 30, "calPamount": 3, "qty": 7}}),
            "1.42857143",
        )],
    );
    let care = "_function case when '{{items.sale_price}}'='0' then 'true' when LOCATE('仔细','{{remark}}')>0 then 'true' else 'false' end";
    check(
        care,
        &[
            (
                json!({"items": {"sale_price": 5}, "remark": "请仔细包装"}),
                "true",
            ),
            (json!({"items": {"sale_price": 0}}), "true"),
            (json!({"items": {"sale_price": 5}, "remark": "x"}), "false"),
        ],
    );
}

#[test]
fn c48_to_c51_calendar() {
    for (expression, expected) in [
        (
            "_function DATE_FORMAT(LAST_DAY(DATE_SUB(CURDATE(), INTERVAL 1 MONTH)),'%Y-%m-%d')",
            "2026-02-28",
        ),
        (
            "_function DATE_FORMAT(DATE_SUB(DATE_SUB(CURDATE(), INTERVAL DAY(CURDATE()) - 1 DAY), INTERVAL 1 MONTH),'%Y-%m-%d')",
            "2026-02-01",
        ),
        (
            "_function UNIX_TIMESTAMP(DATE_ADD(CURDATE(), INTERVAL -1 DAY))",
            "1773417600",
        ),
        (
            "_function FROM_UNIXTIME(UNIX_TIMESTAMP() - 3600, '%Y-%m-%d %H:%i:%s')",
            "2026-03-14 23:30:00",
        ),
    ] {
        check(expression, &[(json!({}), expected)]);
    }
}

#[test]
fn c52_and_c54_missing_numbers_and_rates() {
    check(
        "_function IFNULL({{qty}}, 0) * {{price}}",
        &[(json!({"price": 3}), "0"), (json!({"qty": 2, "price": 3}), "6")],
    );
    check(
        "_function {{amount}} * (1 + {{tax_rate}})",
        &[(json!({"amount": 100, "tax_rate": 0.13}), "113.00")],
    );
}

#[test]
fn c55_constants() {
    for constant in ["XSCKD01_SYS", "true", "103", ""] {
        check(constant, &[(json!({}), constant)]);
    }
}

#[test]
fn functions_named_by_the_language_but_not_by_a_row() {
    for (expression, expected) in [
        ("ABS(-3)", "3"),
        ("CEIL(1.2)", "2"),
        ("FLOOR(-1.2)", "-2"),
        ("IF(1,'a','b')", "a"),
        ("NULLIF(1,1)", ""),
        ("TRIM('  a ')", "a"),
        ("LTRIM('  a')", "a"),
        ("RTRIM('a  ')", "a"),
        ("UPPER('äb')", "ÄB"),
        ("LOWER('ÄB')", "äb"),
        ("RIGHT('客户名',2)", "户名"),
        ("MID('abcdef',2,3)", "bcd"),
        ("INSTR('abc','C')", "3"),
        ("LPAD('5',3,'0')", "005"),
        ("RPAD('5',3,'ab')", "5ab"),
        ("GREATEST(1,2.5)", "2.5"),
        ("LEAST('b','a')", "a"),
        ("MOD(7,4)", "3"),
        ("TRUNCATE(2.999,1)", "2.9"),
        ("CAST('12.7' AS SIGNED)", "12"),
        ("CAST(5 AS CHAR)", "5"),
        ("CONVERT('3.14159', DECIMAL(10,2))", "3.14"),
        ("STR_TO_DATE('05/03/2024','%d/%m/%Y')", "2024-03-05"),
        ("DATEDIFF('2024-03-05','2024-02-28')", "6"),
        ("YEAR('2024-03-05')", "2024"),
        ("MONTH('2024-03-05')", "3"),
        ("'abc' REGEXP '^A'", "1"),
        ("'abc' LIKE 'a%'", "1"),
        ("2 IN (1,2)", "1"),
        ("2 NOT BETWEEN 1 AND 3", "0"),
        ("NULL IS NULL", "1"),
        ("1 XOR 1", "0"),
        ("NOT 1", "0"),
        ("COALESCE(NULL,'x')", "x"),
        ("CURDATE()", "2026-03-15"),
        ("NOW()", "2026-03-15 00:30:00"),
        ("NOW() + INTERVAL 1 DAY", "2026-03-16 00:30:00"),
        ("TRIM(LEADING '0' FROM '007')", "7"),
        ("EXTRACT(YEAR FROM '2024-03-05')", "2024"),
        ("DATE('2024-03-05 10:00:00')", "2024-03-05"),
        ("CONVERT('a' USING utf8mb4)", "a"),
        ("POSITION('b' IN 'abc')", "2"),
        ("SUBSTRING('abc' FROM 2)", "bc"),
        ("ROUND(1234.5678,-2)", "1200"),
    ] {
        check(&format!("_function {expression}"), &[(json!({}), expected)]);
    }
}
