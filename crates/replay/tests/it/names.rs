//! Whom a name means: customers whose dead letters say it, in whichever stage, each once.

use crate::letters::{import_lines, line, workspace};
use kit::workbench::Workbench;
use pipeline::{failure::Failure, stage::Stage};
use proto::v1::{CompanySnapshot, FieldValue, FormRecord, Version, field_value::Value};
use replay::trace::name::named;

#[tokio::test(flavor = "multi_thread")]
async fn every_customer_whose_letters_say_the_name_is_found_once() {
    let bench = Workbench::new().await;
    let failure = Failure::new("row-refused", "too long");
    let version = |sequence| {
        Some(Version {
            update_time: 7,
            sequence,
        })
    };
    let row = |id: &str, sequence, name: &str| FormRecord {
        company_id: id.into(),
        version: version(sequence),
        fields: vec![FieldValue {
            field: "w1".into(),
            label: "名称".into(),
            value: Some(Value::Text(name.into())),
        }],
        ..FormRecord::default()
    };
    let rows = [
        row("1", 1, "上海远大贸易"),
        row("1", 2, "上海远大贸易"),
        row("2", 3, "远大集团"),
        row("3", 4, "别的"),
    ];
    let lines: Vec<_> = rows
        .iter()
        .map(|row| line(&bench, Stage::Load, row, &failure))
        .collect();
    import_lines(&bench, Stage::Load, &lines).await;
    let snapshot = CompanySnapshot {
        company_id: "4".into(),
        version: version(5),
        detail_json: r#"{"name":"远大"}"#.into(),
        ..CompanySnapshot::default()
    };
    let lines = [line(&bench, Stage::Transform, &snapshot, &failure)];
    import_lines(&bench, Stage::Transform, &lines).await;
    let hits = named(&workspace(&bench, Stage::Extract), "远大").await.unwrap();
    let found: Vec<_> = hits
        .found
        .iter()
        .map(|hit| (hit.company_id.as_str(), hit.stage))
        .collect();
    assert_eq!(found, [("4", "transform"), ("1", "load"), ("2", "load")]);
    assert!(!hits.more);
}
