//! What is refused when a document is loaded: legal but not supported, half-legal, and wrong.

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
fn c27_to_c32_lookups_in_other_schemes() {
    for expression in [
        "_findCollection find FPOOrderEntry_FEntryId from 8e620793-bebb-3167-95a4-9030368e5262 where FBillNo={{outer_no}} FMaterialId_FNumber={{details_list.goods_no}}",
        "_findCollection find F_PSEH_OrgId from 255f7565-c782-3985-9020-59aa6a647e61 where FName={{shop_name}}",
        "_findCollection find name from e63fcb86-2968-3715-a33f-d36010737265 where wms_co_id={{wms_co_id}}",
        "_findCollection find FPurchaseUnitId_FNumber from 44da707b-4d02-3e20-ad97-fdd69ff7a37d where FNumber={{details.goodsDetail_goodsNo}}",
        "_findCollection find so_id from 64023c69-0029-319b-932b-a5bce3416df4 where o_id={{o_id}}",
        "_findCollection find id from b36e2f56-3e1b-3d60-9748-c59ec4c9d95f where number={{details_list.spec_no}}",
    ] {
        refused(
            expression,
            0,
            &[
                "_findCollection looks into the platform's own data store",
                "bring the value into the record",
            ],
        );
    }
}

#[test]
fn c33_mongo() {
    let expression = r#"_mongoQuery 255f7565-c782-3985-9020-59aa6a647e61 findField=content.FNumber where={"content.FName":{"$eq":"{{shop_name}}"}}"#;
    refused(
        expression,
        0,
        &[
            "_mongoQuery looks into the platform's own data store",
            "bring the value into the record",
        ],
    );
}

#[test]
fn c34_to_c37_lookups_inside_functions() {
    for expression in [
        "_function case _findCollection find FIsKFPeriod from 66da8241-98f4-39f9-8fee-cac02e30e532 where FNumber={{details.details_item_code}} _endFind when true then '{{details.details_detail_batch_validTime}}' else '' end",
        "_function case _findCollection find FIsKFPeriod from 66da8241-98f4-39f9-8fee-cac02e30e532 where FNumber={{details_list.goods_no}} _endFind when '1' then '{{details_list.batch_validTime}}' else '' end",
        "_function case _findCollection find FIsBatchManage from d36b5c74-bdf8-3bcb-a345-22dac34d52aa where FNumber={{items.sku_id}} _endFind when true then 'DY20230421' else '' end",
        "_function case _findCollection find X from d36b5c74-bdf8-3bcb-a345-22dac34d52aa where FNumber={{items.sku_id}} _endFind when true then '{{items.batch_no}}' else '' end",
    ] {
        refused(
            expression,
            15,
            &["_findCollection looks into the platform's own data store"],
        );
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
    refused(
        "_function FORMAT_DATE({{t}},'yyyy-MM-dd HH:mm:ss')",
        10,
        &["unknown function FORMAT_DATE", "DATE_FORMAT"],
    );
    refused(
        "_function md5({{a}} + {{b}})",
        10,
        &["unknown function MD5", "no hash functions"],
    );
}

#[test]
fn spellings_of_other_platforms() {
    refused("{{$now|format:\"Y-m-d\"}}", 0, &["$now", "CURRENT_TIME"]);
    refused("{{lastSyncTime|datetime}}", 0, &["LAST_SYNC_TIME"]);
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
