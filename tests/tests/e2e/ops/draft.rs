//! The way of a newcomer: fields and form as they are printed, a draft of the document, the check, and customers through it.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::simulator::{FormSpec, KEY_WIDGET, LABELS, WidgetSpec, cell_widget};
use kit::wait::{eventually, expect};
use pipeline::setup::{FormSheet, Rows, Widget};
use serde_json::Value;

fn mapping(arguments: &[&str]) -> Output {
    let mut command = command(Service::Transformer, &Default::default()).unwrap();
    command.arg("mapping").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The simulator's form, with widgets of other types and one that nothing fits, as `loader form --json` prints it.
fn form() -> FormSheet {
    let spec = FormSpec::customers()
        .with(WidgetSpec::new("_widget_1", "更新日期", "datetime"))
        .with(WidgetSpec::new("_widget_2", "标签", "checkboxgroup"))
        .with(WidgetSpec::new("_widget_3", "星级", "number"))
        .with(WidgetSpec::new("_widget_4", "负责人", "user"))
        .with(WidgetSpec::new("_widget_5", "天气", "text"));
    sheet_of(&spec)
}

fn sheet_of(spec: &FormSpec) -> FormSheet {
    let widget = |spec: &WidgetSpec| Widget {
        name: spec.name.clone(),
        label: spec.label.clone(),
        kind: spec.kind.clone(),
        items: Vec::new(),
        no_key: (spec.kind != "text").then(|| "it is no text".to_owned()),
    };
    FormSheet {
        app_id: spec.app_id.clone(),
        entry_id: spec.entry_id.clone(),
        widgets: spec.widgets.iter().map(widget).collect(),
        rows: Rows::default(),
    }
}

/// Caption and value of each field of a document.
fn values(document: &Path) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&std::fs::read_to_string(document).unwrap()).unwrap();
    let text = |field: &Value, key: &str| field[key].as_str().unwrap().to_owned();
    let fields = document["request"].as_array().unwrap().iter();
    fields
        .map(|field| (text(field, "label"), text(field, "value")))
        .collect()
}

#[tokio::test]
async fn a_draft_passes_the_check_and_maps_every_customer() {
    let pipeline = PipelineUnderTest::for_test()
        .customers(20)
        .seed(303)
        .start()
        .await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [fields, sheet, out] = ["fields.json", "form.json", "draft.json"].map(path);
    let printed = pipeline
        .tool(Service::Extractor, &["fields", "--json", "--customers", "20"])
        .await
        .unwrap();
    std::fs::write(&fields, printed).unwrap();
    std::fs::write(&sheet, serde_json::to_string(&form()).unwrap()).unwrap();

    let draft = [
        "draft",
        "--form",
        &sheet,
        "--fields",
        &fields,
        "--key-widget",
        "OKKI ID",
    ];
    let to_file: Vec<&str> = draft.into_iter().chain(["--out", &out]).collect();
    let made = mapping(&to_file);
    let report = text(&made.stdout);
    assert_eq!(made.status.code(), Some(0), "{report}{}", text(&made.stderr));
    for part in [
        "17 of 20 widgets are mapped",
        "OKKI has no field of that caption",
        "members are written by the user names",
        "next: transformer mapping try",
    ] {
        assert!(report.contains(part), "{part}\n{report}");
    }
    // What ships for this form says the same; the source may be a list, too.
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("transformer/mappings/default.json");
    let (drafted, shipped) = (values(Path::new(&out)), values(&shipped));
    for (label, value) in &shipped {
        let other = drafted
            .iter()
            .find(|one| one.0 == *label)
            .map(|one| one.1.as_str());
        let listed = value.replace("客户来源}}", "客户来源|implode('、')}}");
        assert_eq!(other, Some(listed.as_str()), "{label}");
    }
    assert_eq!(shipped.len(), LABELS.len());
    assert!(!std::fs::read_to_string(&out).unwrap().contains(KEY_WIDGET));

    let checked = mapping(&["check", &out, "--form", &sheet, "--company", &fields]);
    assert_eq!(
        checked.status.code(),
        Some(0),
        "{}{}",
        text(&checked.stdout),
        text(&checked.stderr)
    );
    let tried = mapping(&["try", &out, "--records", &fields]);
    assert_eq!(tried.status.code(), Some(0), "{}", text(&tried.stdout));
    assert!(
        text(&tried.stdout).contains("20 customers: 20 mapped"),
        "{}",
        text(&tried.stdout)
    );

    let again = mapping(&to_file);
    assert_eq!(again.status.code(), Some(78));
    assert!(
        text(&again.stderr).contains("is there already"),
        "{}",
        text(&again.stderr)
    );
    let forced: Vec<&str> = to_file.iter().copied().chain(["--force"]).collect();
    assert_eq!(mapping(&forced).status.code(), Some(0));
    // Without a file the document alone goes to standard output.
    let piped = mapping(&draft);
    assert_eq!(text(&piped.stdout), std::fs::read_to_string(&out).unwrap());
    assert!(
        text(&piped.stderr).contains("17 of 20 widgets"),
        "{}",
        text(&piped.stderr)
    );
}

/// Cells in which a draft and the seed differ on purpose: lists of sources, a fifth tag, a lone star, the vendor's codes.
const OTHERWISE: [&str; 4] = ["客户来源", "客户标签", "客户星级", "年采购额"];

#[tokio::test]
async fn the_pipeline_runs_by_a_draft() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [fields, sheet, out] = ["fields.json", "form.json", "draft.json"].map(path);
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(12)
        .seed(304)
        .set_for(Service::Transformer, "MAPPING", out.clone())
        .start()
        .await;
    let printed = pipeline
        .tool(Service::Extractor, &["fields", "--json"])
        .await
        .unwrap();
    std::fs::write(&fields, printed).unwrap();
    std::fs::write(
        &sheet,
        serde_json::to_string(&sheet_of(&FormSpec::customers())).unwrap(),
    )
    .unwrap();
    let made = mapping(&[
        "draft",
        "--form",
        &sheet,
        "--fields",
        &fields,
        "--key-widget",
        KEY_WIDGET,
        "--out",
        &out,
    ]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    pipeline.run_all();
    eventually(
        Duration::from_secs(180),
        "every customer has its row",
        async || {
            let rows = pipeline.simulator.form_rows();
            expect(rows == 12, || format!("{rows} rows\n{}", pipeline.logs(20)))
        },
    )
    .await;
    for id in pipeline.simulator.company_ids() {
        let key = id.to_string();
        let row = pipeline
            .simulator
            .rows(100)
            .into_iter()
            .find(|row| row[KEY_WIDGET] == key.as_str())
            .unwrap();
        let cells = pipeline.simulator.expected(id).unwrap();
        for (n, (label, cell)) in LABELS.iter().zip(&cells).enumerate() {
            let is_alike = row[cell_widget(n)].as_str().unwrap_or_default() == cell;
            assert!(is_alike || OTHERWISE.contains(label), "{label}: {cell} {row}");
        }
    }
    pipeline.drain().await;
}

#[test]
fn what_is_no_form_or_no_list_of_fields_is_said_and_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [fields, sheet, odd] = ["fields.json", "form.json", "odd.json"].map(path);
    std::fs::write(&fields, r#"{"fields": [], "customers": []}"#).unwrap();
    std::fs::write(&sheet, serde_json::to_string(&form()).unwrap()).unwrap();
    std::fs::write(&odd, "[]").unwrap();
    for (form, fields, key, part) in [
        (&odd, &fields, "OKKI ID", "loader form --json"),
        (&sheet, &odd, "OKKI ID", "extractor fields --json"),
        (&sheet, &fields, "主键", "no widget `主键`"),
    ] {
        let refused = mapping(&["draft", "--form", form, "--fields", fields, "--key-widget", key]);
        assert_eq!(refused.status.code(), Some(78));
        assert!(text(&refused.stderr).contains(part), "{}", text(&refused.stderr));
    }
}
