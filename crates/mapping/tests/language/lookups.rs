//! `_findCollection` and `_mongoQuery` over tables.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use mapping::{Context, Evaluation, Expression, Missing, Record, Table, Tables};
use serde_json::{Value, json};

use crate::support::{fault, now};

const SHOPS: &str = "255f7565-c782-3985-9020-59aa6a647e61";

fn table(missing: Missing) -> Table {
    let columns = ["FName", "FNumber", "FIsKFPeriod", "FOrg"]
        .map(str::to_owned)
        .to_vec();
    let row = |cells: Value| cells.as_array().unwrap().clone();
    let rows = vec![
        row(json!(["甲店", "S-1", true, "10"])),
        row(json!(["乙店", 22, false, "10"])),
        row(json!(["甲店", "S-3", true, "20"])),
        row(json!(["丁 店", "S-4", null, "10"])),
    ];
    let mut table = Table::new(columns, rows);
    table.missing = missing;
    table
}

fn found(expression: &str, record: Value, missing: Missing) -> Result<String, String> {
    let compiled = Expression::compile(expression).map_err(|faults| format!("{faults:?}"))?;
    let mut tables = Tables::default();
    tables.insert(SHOPS.to_owned(), table(missing));
    for lookup in compiled.lookups() {
        tables.serve(lookup)?;
    }
    let record = Record::new(record.as_object().unwrap().clone());
    let context = Context::at(now()).tables(Arc::new(tables));
    let evaluation = Evaluation::with_notices(&record, &context);
    let value = compiled.evaluate(&evaluation);
    value
        .map(|e| e.into_text().into_owned())
        .map_err(|e| format!("{}: {e}", e.code))
}

#[test]
fn c27_to_c32_a_field_of_the_first_row_that_has_all_of_the_conditions() {
    let record =
        || json!({"shop": "甲店", "org": 20, "other": "丁 店", "none": "", "items": [{"name": "乙店"}]});
    for (conditions, expected) in [
        ("FName={{shop}}", "S-1"),
        ("FName={{shop}} FOrg={{org}}", "S-3"),
        ("FName={{shop}} and FOrg=20", "S-3"),
        ("FName='乙店'", "22"),
        ("FName={{items.name}}", "22"),
        ("FName=丁 店", "S-4"),
        ("FName={{other}}", "S-4"),
        ("FName={{none}}", ""),
        ("FName={{nobody}}", ""),
        ("FName=戊店", ""),
    ] {
        let expression = format!("_findCollection find FNumber from {SHOPS} where {conditions}");
        assert_eq!(
            found(&expression, record(), Missing::Empty).unwrap(),
            expected,
            "{conditions}"
        );
    }
}

#[test]
fn a_look_up_gives_one_field() {
    for expression in [
        format!("_findCollection find FNumber,FName from {SHOPS} where FName={{{{shop}}}}"),
        format!("_findCollection find * from {SHOPS} where FName={{{{shop}}}}"),
        format!(r#"_mongoQuery {SHOPS} findField=FNumber，FName where={{"FName":"{{{{shop}}}}"}}"#),
    ] {
        let (_, told) = fault(&expression);
        assert!(told.contains("a look-up gives one field"), "{expression}: {told}");
    }
}

#[test]
fn c33_mongo_filters() {
    let record = || json!({"shop": "甲店", "org": "20"});
    for (filter, expected) in [
        (r#"{"content.FName":{"$eq":"{{shop}}"}}"#, "S-1"),
        (
            r#"{"content.FName":{"$eq":"{{shop}}"},"content.FOrg":{{org}}}"#,
            "S-3",
        ),
        (r#"{"content.FName":{"$in":["戊店","乙店"]}}"#, "22"),
        (
            r#"{"$and":[{"content.FName":"{{shop}}"},{"content.FOrg":{"$eq":20}}]}"#,
            "S-3",
        ),
    ] {
        let expression = format!("_mongoQuery {SHOPS} findField=content.FNumber where={filter}");
        assert_eq!(
            found(&expression, record(), Missing::Empty).unwrap(),
            expected,
            "{filter}"
        );
    }
    let expression = format!(r#"_mongoQuery {SHOPS} findField=content.F where={{"content.A":{{"$gt":1}}}}"#);
    assert!(fault(&expression).1.contains("$eq, $in and $and"));
}

#[test]
fn c34_to_c37_lookups_inside_functions_are_bare_values() {
    let case = |then: &str| {
        format!(
            "_function case _findCollection find FIsKFPeriod from {SHOPS} where FName={{{{shop}}}} _endFind when true then {then} else '' end"
        )
    };
    for (shop, expected) in [
        ("甲店", "2026-01-01"),
        ("乙店", ""),
        ("丁 店", ""),
        ("戊店", ""),
        ("", ""),
    ] {
        let record = json!({"shop": shop, "time": "2026-01-01"});
        assert_eq!(
            found(&case("'{{time}}'"), record, Missing::Empty).unwrap(),
            expected,
            "{shop}"
        );
    }
    let two = format!(
        "_function CONCAT('_findCollection find FNumber from {SHOPS} where FName={{{{shop}}}} _endFind', '/', _findCollection find FOrg from {SHOPS} where FName={{{{shop}}}} _endFind + 1)"
    );
    assert_eq!(
        found(&two, json!({"shop": "乙店"}), Missing::Empty).unwrap(),
        "22/11"
    );
}

#[test]
fn a_missing_key_follows_the_tables_rule() {
    let expression = format!("_findCollection find FNumber from {SHOPS} where FName={{{{shop}}}}");
    let with = |missing| found(&expression, json!({"shop": "戊店"}), missing);
    assert_eq!(with(Missing::Empty).unwrap(), "");
    assert_eq!(with(Missing::Keep).unwrap(), "戊店");
    let error = with(Missing::Dead).unwrap_err();
    assert!(
        error.starts_with("lookup-missing") && !error.contains("戊店"),
        "{error}"
    );
    // A customer without a value looks for nothing.
    assert_eq!(
        found(&expression, json!({"shop": ""}), Missing::Dead).unwrap(),
        ""
    );
}

#[test]
fn a_source_document_has_no_tables() {
    let text = json!({"api": "/x", "effect": "QUERY", "request": [
        {"field": "a", "label": "甲", "value": "_findCollection find b from c where d=1"}]});
    let problems = mapping::SourceDocument::parse(&text.to_string(), "s.json").unwrap_err();
    assert!(
        problems[0]
            .to_string()
            .contains("field \"甲\": a source document has no tables to look into"),
        "{problems:?}"
    );
}

#[test]
fn tables_and_columns_must_be_there() {
    let missing = |expression: &str| found(expression, json!({}), Missing::Empty).unwrap_err();
    let other = "_findCollection find FNumber from 255f7565-c782-3985-9020-59aa6a647e62 where FName=x";
    assert!(missing(other).contains(&format!(
        "no table is given for the collection 255f7565-c782-3985-9020-59aa6a647e62 ({SHOPS} is there)"
    )));
    let column = format!("_findCollection find Number from {SHOPS} where FName=x");
    assert!(missing(&column).contains("has no column Number; it has FName, FNumber"));
    assert!(
        fault("_findCollection FNumber from x")
            .1
            .contains("_findCollection find FIELD from COLLECTION where")
    );
    assert!(
        fault("_function 1 + _findCollection find a from b where c=1")
            .1
            .contains("closed with _endFind")
    );
}

#[test]
fn words_of_sql_are_no_part_of_a_value() {
    for words in [
        "or FOrg=20",
        "OR FOrg={{org}}",
        "order by FOrg",
        "limit 1",
        "group by FOrg",
    ] {
        let value = format!("_findCollection find FNumber from {SHOPS} where FName={{{{shop}}}} {words}");
        assert!(
            fault(&value).1.contains("all of its conditions must hold"),
            "{value}"
        );
    }
    let value = format!("_findCollection find FNumber from {SHOPS} where FName=or else");
    assert_eq!(found(&value, json!({}), Missing::Keep).unwrap(), "or else");
    let value =
        format!("_findCollection find FNumber from {SHOPS} where FOrg={{{{none}}}} FName={{{{shop}}}}");
    assert_eq!(
        found(&value, json!({"shop": "戊店"}), Missing::Keep).unwrap(),
        "戊店"
    );
}

#[test]
fn rows_that_nobody_can_find_are_told() {
    let value = format!("_findCollection find FNumber from {SHOPS} where FName={{{{shop}}}}");
    let compiled = Expression::compile(&value).unwrap();
    let lookup = compiled.lookups().remove(0);
    let mut tables = Tables::default();
    tables.insert(SHOPS.to_owned(), table(Missing::Empty));
    tables.serve(lookup).unwrap();
    let told = tables.get(SHOPS).unwrap().remarks(lookup);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("1 of the 4 rows of ") && told[0].contains("the FName of an earlier one"),
        "{told:?}"
    );
    let columns = ["FName", "FName", "FNumber"].map(str::to_owned).to_vec();
    let mut odd = Table::new(
        columns,
        vec![vec![json!("a")], vec![json!("b"), json!("b"), json!("1")]],
    );
    let mut all = Tables::default();
    odd.missing = Missing::Empty;
    all.insert(SHOPS.to_owned(), odd);
    all.serve(lookup).unwrap();
    let told = all.get(SHOPS).unwrap().remarks(lookup);
    assert!(
        told[0].contains("have fewer cells than there are columns"),
        "{told:?}"
    );
    assert!(
        told[1].contains("the column FName of") && told[1].contains("stands twice"),
        "{told:?}"
    );
}

#[test]
fn operators_and_separators_in_a_look_up_are_refused() {
    for (conditions, sign) in [
        ("FName!={{shop}}", "!="),
        ("FName>={{shop}}", ">="),
        ("FName<={{shop}}", "<="),
        ("FName<>{{shop}}", "<"),
        ("FName>{{shop}}", ">"),
        ("FName=={{shop}}", "=="),
        ("FName == {{shop}}", "=="),
        ("FName={{shop}} FOrg>10", ">"),
        ("FName＝{{shop}}", "＝"),
        ("FName like {{shop}}", "like"),
        ("FName={{shop}}, FOrg=10", ","),
        ("FName={{shop}}&FOrg=10", "&"),
        ("FName=甲店; FOrg=10", ";"),
        ("FName={{shop}}；", "；"),
        ("FName={{shop}}，", "，"),
    ] {
        let text = fault(&format!(
            "_findCollection find FNumber from {SHOPS} where {conditions}"
        ))
        .1;
        assert!(
            text.contains(sign) && text.contains("_findCollection"),
            "{conditions}: {text}"
        );
    }
    let record = || json!({"shop": "甲店", "org": 20});
    for (conditions, expected) in [
        ("FName = {{shop}}", "S-1"),
        ("FName= {{shop}} FOrg ={{org}}", "S-3"),
        ("FName = '乙店' and FOrg = 10", "22"),
        ("FName=A > B, Ltd, Co.", ""),
    ] {
        let expression = format!("_findCollection find FNumber from {SHOPS} where {conditions}");
        assert_eq!(
            found(&expression, record(), Missing::Empty).as_deref(),
            Ok(expected),
            "{conditions}"
        );
    }
}
