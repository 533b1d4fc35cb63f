//! What the commands of `transformer mapping` tell a script: exit codes and JSON.

use std::path::Path;
use std::process::Output;

use kit::pipeline::{Service, command};
use serde_json::{Value, json};

fn mapping(arguments: &[&str]) -> Output {
    let mut command = command(Service::Transformer, &Default::default()).unwrap();
    command.arg("mapping").args(arguments).output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn shipped(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("transformer/mappings").join(name).display().to_string()
}

#[test]
fn diff_says_by_its_code_whether_rows_change() {
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("customers.jsonl");
    let customer = |id: i64, code: &str, mail: &str| {
        json!({"company_id": id, "name": "ACME", "customers": [{"name": "Wang", "email": mail}],
            "company": [{"name": "特征信息", "fields": [{"name": "年采购额", "value": code}]}]})
    };
    let lines = [customer(7, "10", "wang@x.cn"), customer(8, "3", "li@x.cn")].map(|one| one.to_string());
    std::fs::write(&records, lines.join("\n")).unwrap();
    let records = records.display().to_string();
    let (seed, default) = (shipped("seed.json"), shipped("default.json"));

    let same = mapping(&["diff", &seed, &seed, "--records", &records]);
    assert_eq!(code(&same), Some(0), "{}", out(&same));
    let other = mapping(&["diff", &seed, &default, "--records", &records, "--json"]);
    assert_eq!(code(&other), Some(1));
    let told: Value = serde_json::from_str(&out(&other)).unwrap();
    assert_eq!(told["customers"][0]["company_id"], "7");
    let purchases = |cell: &Value| cell["label"] == "年采购额";
    let cells = told["customers"][0]["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| purchases(cell)).unwrap();
    assert_eq!(
        (&cell["old"], &cell["new"]),
        (&json!("500万美元以上"), &json!("100万~500万美元"))
    );
    let table = mapping(&["diff", &seed, &default, "--records", &records, "--limit", "1"]);
    assert!(!out(&table).contains("wang@x.cn"), "{}", out(&table));

    for wrong in ["/nowhere.jsonl", default.as_str()] {
        let trouble = mapping(&["diff", &seed, "/nowhere.json", "--records", wrong]);
        assert_eq!(code(&trouble), Some(78));
    }
    assert_eq!(code(&mapping(&["diff", &seed, "--records", &records])), Some(64));
    assert_eq!(
        code(&mapping(&["diff", &seed, &seed, "--recording", &records])),
        Some(64)
    );
}

#[test]
fn fmt_checks_writes_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.json");
    std::fs::copy(shipped("seed.json"), &file).unwrap();
    let path = file.display().to_string();
    let fingerprint = || {
        out(&mapping(&["check", &path]))
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned()
    };
    let before = fingerprint();
    assert!(before.contains("fingerprint"), "{before}");
    let checked = mapping(&["fmt", "--check", &path, &shipped("default.json")]);
    assert_eq!(code(&checked), Some(1));
    assert!(out(&checked).contains("m.json:"), "{}", out(&checked));
    let printed = out(&mapping(&["fmt", &path]));
    assert_eq!(code(&mapping(&["fmt", "--write", &path])), Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), printed);
    assert_eq!(code(&mapping(&["fmt", "--check", &path])), Some(0));
    assert_eq!(fingerprint(), before);
    std::fs::write(&file, "{").unwrap();
    assert_eq!(code(&mapping(&["fmt", "--check", &path])), Some(78));
}

#[test]
fn tests_of_a_mapping_tell_the_arms_that_they_miss() {
    let (default, cases) = (shipped("default.json"), shipped("default.tests.json"));
    let all = mapping(&["test", &default, "--cases", &cases, "--json"]);
    assert_eq!(code(&all), Some(0), "{}", out(&all));
    let told: Value = serde_json::from_str(&out(&all)).unwrap();
    let coverage = &told["coverage"];
    assert!(
        coverage["arms"].as_u64() > coverage["reached"].as_u64(),
        "{coverage}"
    );
    let missed = coverage["not_reached"].as_array().unwrap();
    let is_zero = |arm: &&Value| arm["label"] == "年采购额" && arm["arm"] == "WHEN \"0\"";
    let zero = missed.iter().find(is_zero).unwrap();
    let line = zero["line"].as_u64().unwrap() as usize - 1;
    let column = zero["column"].as_u64().unwrap() as usize - 1;
    let document = std::fs::read_to_string(&default).unwrap();
    let rest: String = document.lines().nth(line).unwrap().chars().skip(column).collect();
    assert!(rest.starts_with("'0' THEN"), "{rest}");
    let short = mapping(&["test", &default, "--cases", &cases, "--min-coverage", "100"]);
    assert_eq!(code(&short), Some(1));
    assert!(
        out(&short).contains("no test goes through WHEN \"0\""),
        "{}",
        out(&short)
    );
    let enough = mapping(&["test", &default, "--cases", &cases, "--min-coverage", "1"]);
    assert_eq!(code(&enough), Some(0));
    let wrong = mapping(&["test", &default, "--cases", &cases, "--min-coverage", "101"]);
    assert_eq!(code(&wrong), Some(78));
}

#[test]
fn schemas_are_printed_as_json() {
    for of in ["document", "extras", "tests"] {
        let printed = mapping(&["schema", of]);
        assert_eq!(code(&printed), Some(0));
        let schema: Value = serde_json::from_str(&out(&printed)).unwrap();
        assert_eq!(schema["type"], "object", "{of}");
    }
}
