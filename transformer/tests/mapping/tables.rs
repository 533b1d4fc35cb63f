//! Tables of look-ups as people save them.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use tempfile::TempDir;
use transformer::map::{Mapping, cell_json};

use crate::documents::document;
use crate::support::now;

const FIND: &str = "_findCollection find v from C where k={{k}}";

struct Folder(TempDir);

impl Folder {
    fn with(text: &str) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write(text);
        folder
    }

    fn write(&self, text: &str) {
        std::fs::write(self.0.path().join("t"), text).unwrap();
    }

    fn load(&self, values: &[&str], declared: &Value) -> Result<Mapping, String> {
        let fields: Vec<Value> = (0..)
            .zip(values)
            .map(|(n, value)| json!({"field": format!("f{n}"), "value": value}))
            .collect();
        let fields = json!(fields).to_string();
        let mut declared = declared.clone();
        declared["file"] = json!("t");
        let extras = json!({"lookup": {"C": declared}}).to_string();
        let name = self.0.path().join("x.json").display().to_string();
        Mapping::load_named(
            &document(fields.trim_matches(['[', ']'])),
            "m.json",
            Some(&extras),
            &name,
        )
        .map_err(|problems| {
            problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        })
    }
}

fn cells(mapping: &Mapping, record: Value) -> Vec<Value> {
    let record = mapping::clean::clean(record).unwrap();
    let values = mapping.map(&record, now()).unwrap();
    values
        .iter()
        .map(|value| value.value.as_ref().map_or(Value::Null, cell_json))
        .collect()
}

#[test]
fn keys_are_found_as_numbers_texts_and_flags() {
    let table = "\u{feff}k,v\r\n7,seven\r\n007,zero\r\n甲店,S1\r\na'b,quote\r\n\"a\"\"b\",dq\r\n12345678901234567890,big\r\nA B,blank\r\ntrue,yes\r\n,nobody\r\n";
    let mapping = Folder::with(table).load(&[FIND], &json!({})).unwrap();
    for (key, expected) in [
        (json!(7), json!("seven")),
        (json!(7.0), json!("seven")),
        (json!("007"), json!("zero")),
        (json!(" 甲店 "), json!("S1")),
        (json!("a'b"), json!("quote")),
        (json!("a\"b"), json!("dq")),
        (json!(12_345_678_901_234_567_890_u64), json!("big")),
        (json!("A B"), json!("blank")),
        (json!(true), json!("yes")),
        (json!(""), Value::Null),
        (json!(null), Value::Null),
        (json!("8"), Value::Null),
    ] {
        assert_eq!(cells(&mapping, json!({"k": key})), [expected], "{key}");
    }
}

#[test]
fn files_may_begin_with_blank_lines_and_hold_nested_rows() {
    let mapping = Folder::with("\n \nk;v\n7;x\n").load(&[FIND], &json!({})).unwrap();
    assert_eq!(cells(&mapping, json!({"k": 7})), [json!("x")]);
    let rows =
        r#"[{"_id": "1", "content": {"FNumber": 7, "FUnit": {"FName": "kg", "FGroup": {"FNumber": "g"}}}}]"#;
    let values = [
        "_findCollection find FUnit_FName from C where FNumber={{k}}",
        "_findCollection find FUnit.FGroup.FNumber from C where FNumber={{k}}",
        "_mongoQuery C findField=content.FUnit.FName where={\"content.FUnit.FGroup.FNumber\":\"g\"}",
    ];
    let mapping = Folder::with(rows).load(&values, &json!({})).unwrap();
    assert_eq!(
        cells(&mapping, json!({"k": 7})),
        [json!("kg"), json!("g"), json!("kg")]
    );
}

/// The single name of the additions stands for a column that the table does not have, and for no other.
#[test]
fn a_column_of_the_table_is_no_other_one() {
    let rows = r#"[{"no": "7", "FNumber": "n", "FOrg": {"FNo": "101"}}]"#;
    let find = "_findCollection find FOrg.FNo from C where k={{k}}";
    let declared = json!({"key": "no", "field": "FNumber"});
    let mapping = Folder::with(rows).load(&[find], &declared).unwrap();
    assert_eq!(cells(&mapping, json!({"k": 7})), [json!("101")]);
    let mapping = Folder::with(rows).load(&[FIND], &declared).unwrap();
    assert_eq!(cells(&mapping, json!({"k": 7})), [json!("n")]);
}

#[test]
fn one_name_for_two_columns_is_refused() {
    let folder = Folder::with("no,值\n7,x\n");
    let two = [FIND, "_findCollection find w from C where k={{k}}"];
    let told = folder
        .load(&two, &json!({"key": "no", "field": "值"}))
        .unwrap_err();
    assert!(
        told.contains("\"field\": \"值\" stands for one column, but v and w are asked for"),
        "{told}"
    );
    let two = [FIND, "_findCollection find 值 from C where j={{k}}"];
    let told = folder
        .load(&two, &json!({"key": "no", "field": {"v": "值"}}))
        .unwrap_err();
    assert!(
        told.contains("\"key\": \"no\" stands for one column, but j and k are asked for"),
        "{told}"
    );
    let told = Folder::with("").load(&[FIND], &json!({})).unwrap_err();
    assert!(told.contains("has no column v; it is empty"), "{told}");
}

#[test]
fn rows_that_cannot_be_found_are_told() {
    let mapping = Folder::with("k,v\n7,a\n7,b\n8,5\" pipe\n")
        .load(&[FIND], &json!({}))
        .unwrap();
    let told = mapping
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        told.contains("1 of the 3 rows of C have the k of an earlier one"),
        "{told}"
    );
    assert_eq!(cells(&mapping, json!({"k": 7})), [json!("a")]);
    let told = Folder::with("k,v\n7,a\n8,\"c\n9,d\n")
        .load(&[FIND], &json!({}))
        .unwrap_err();
    assert!(
        told.contains("a quote is not closed, as it seems in line 3"),
        "{told}"
    );
    let mapping = Folder::with("k,v\n7\n8,b\n").load(&[FIND], &json!({})).unwrap();
    assert!(
        mapping
            .warnings()
            .iter()
            .any(|w| w.message.contains("1 of the 2 rows of C have fewer cells"))
    );
}

#[test]
fn a_file_that_is_still_being_written_is_not_read() {
    let folder = Folder::with("k,v\n7,old\n8,old\n");
    let mapping = folder.load(&[FIND], &json!({})).unwrap();
    folder.write("k,v\n7,new\n");
    assert_eq!(mapping.sources().refresh(), Ok(false));
    assert_eq!(
        cells(&mapping, json!({"k": 8})),
        [json!("old")],
        "half of it is no table"
    );
    folder.write("k,v\n7,new\n8,new\n");
    assert_eq!(mapping.sources().refresh(), Ok(false));
    assert_eq!(mapping.sources().refresh(), Ok(true));
    assert_eq!(cells(&mapping, json!({"k": 8})), [json!("new")]);
    assert_eq!(mapping.sources().refresh(), Ok(false));
}

#[test]
fn a_large_table_is_read_and_a_too_large_one_is_refused() {
    let mut table = "k,v\n".to_owned();
    for n in 0..150_000 {
        table.push_str(&format!("{n},v{n}\n"));
    }
    let mapping = Folder::with(&table).load(&[FIND], &json!({})).unwrap();
    assert_eq!(cells(&mapping, json!({"k": 149_999})), [json!("v149999")]);
    for n in 0..60_000 {
        table.push_str(&format!("x{n},v\n"));
    }
    let told = Folder::with(&table).load(&[FIND], &json!({})).unwrap_err();
    assert!(told.contains("has more than 200000 rows"), "{told}");
    let told = Folder::with(&"k,v\n".repeat(5 << 20))
        .load(&[FIND], &json!({}))
        .unwrap_err();
    assert!(told.contains("is larger than 16 MiB"), "{told}");
}

/// Without Redis nothing of its tables is found: `try` says so of each customer, and tests and comparisons are refused.
#[test]
fn rows_in_redis_that_nobody_asked_for_are_told_or_refused() {
    let folder = crate::said::Folder::new();
    let document = crate::said::document(json!([{"field": "f", "label": "店", "value": FIND}]), json!({}));
    folder
        .write("m.json", document)
        .write(
            "x.json",
            json!({"lookup": {"C": {"redis": "shops", "key": "k", "field": "v"}}}),
        )
        .write("c.json", json!({"company_id": 1, "k": "1"}))
        .write(
            "t.json",
            json!({"tests": [{"name": "a", "company": {"k": "1"}, "expect": {"f": null}}]}),
        );
    let run = |args: &[&str]| folder.mapping(args);
    let unasked = "the rows of C are those of the hash shops in Redis, which was not asked";
    let (ok, said) = run(&["try", "m.json", "--extras", "x.json", "--company", "c.json"]);
    assert!(
        ok && said.contains(&format!("warning: {unasked}; nothing is found")),
        "{said}"
    );
    let (ok, said) = run(&["test", "m.json", "--extras", "x.json", "--cases", "t.json"]);
    assert!(
        !ok && said.contains(unasked) && said.contains("set REDIS_URL"),
        "{said}"
    );
    let (ok, said) = run(&[
        "diff",
        "m.json",
        "m.json",
        "--extras",
        "x.json",
        "--records",
        "c.json",
    ]);
    assert!(!ok && said.contains(unasked), "{said}");
}
