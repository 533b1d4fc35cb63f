//! `extractor fields`: what customers of the account have, whatever of it OKKI shows.

use kit::pipeline::{PipelineUnderTest, Service, command};
use kit::simulator::{Fault, FaultKind, FieldList, Vendor};
use pipeline::setup::{Dictionary, Field};

async fn fields(pipeline: &PipelineUnderTest, more: &[&str]) -> Dictionary {
    let arguments: Vec<_> = ["fields", "--json"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    let printed = pipeline.tool(Service::Extractor, &arguments).await.unwrap();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

fn of<'d>(found: &'d Dictionary, label: &str, contact: bool) -> &'d Field {
    let is = |field: &&Field| field.label == label && field.contact == contact;
    found
        .fields
        .iter()
        .find(is)
        .unwrap_or_else(|| panic!("no {label}"))
}

#[tokio::test]
async fn fields_come_with_their_groups_and_with_the_customers_that_changed_last() {
    let pipeline = PipelineUnderTest::for_test()
        .customers(40)
        .seed(301)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[10..13] {
        pipeline.simulator.change_one(*id, None).unwrap();
    }
    let found = fields(&pipeline, &["--customers", "3"]).await;
    let mut shown: Vec<_> = found
        .customers
        .iter()
        .filter_map(|one| one["company_id"].as_i64())
        .collect();
    let mut changed = ids[10..13].to_vec();
    shown.sort_unstable();
    changed.sort_unstable();
    assert_eq!(shown, changed);
    assert_eq!(found.left_out, [""; 0]);
    // The dictionary names no groups, the details do; an id may have come as a number.
    assert_eq!(of(&found, "营业额", false).group, "基本信息");
    assert_eq!(of(&found, "营业额", false).id, "13193448310389");
    assert_eq!(
        (of(&found, "座机", false).kind, of(&found, "邮箱", true).kind),
        (1, 1)
    );
    assert!(of(&found, "采购意向", false).disabled && !of(&found, "年采购额", false).disabled);

    let table = pipeline.tool(Service::Extractor, &["fields"]).await.unwrap();
    for part in [
        "{{基本信息营业额}}",
        "{{country_name}}",
        "{{customers.email}}",
        "no path leads to it",
    ] {
        assert!(table.contains(part), "{part}\n{table}");
    }
    let name = found.customers[0]["name"].as_str().unwrap();
    assert!(!table.contains(name.trim()), "{table}");

    let before = pipeline.simulator.stats().okki.calls_of("info");
    let none = fields(&pipeline, &["--customers", "0"]).await;
    assert!(none.customers.is_empty() && none.fields.len() == found.fields.len());
    assert_eq!(pipeline.simulator.stats().okki.calls_of("info"), before);
    let settings = pipeline.settings(Service::Extractor);
    let many = command(Service::Extractor, &settings)
        .unwrap()
        .args(["fields", "--customers", "21"])
        .output();
    assert_eq!(many.unwrap().status.code(), Some(78));
}

#[tokio::test]
async fn what_okki_does_not_show_is_left_out_and_said() {
    let pipeline = PipelineUnderTest::for_test().customers(9).seed(302).start().await;
    pipeline
        .simulator
        .set(|settings| settings.okki.fields = FieldList::Grouped);
    let grouped = fields(&pipeline, &["--customers", "0"]).await;
    assert_eq!(of(&grouped, "年采购额", false).group, "特征信息");

    pipeline
        .simulator
        .set(|settings| settings.okki.fields = FieldList::Refused);
    let hidden = pipeline.simulator.company_ids()[4].to_string();
    let gone = FaultKind::Code {
        code: 404,
        message: "No Privilege".into(),
        status: None,
    };
    pipeline
        .simulator
        .fault(Fault::on(Vendor::Okki, "info", gone).containing(&hidden));
    let found = fields(&pipeline, &["--customers", "9"]).await;
    assert!(found.fields.is_empty());
    assert_eq!(found.customers.len(), 8);
    let said = found.left_out.join("\n");
    for part in [
        "the fields of customers",
        "the fields of contacts",
        hidden.as_str(),
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }

    pipeline
        .simulator
        .set(|settings| settings.okki.client_secret = "rotated".into());
    pipeline.simulator.revoke_tokens();
    let error = pipeline
        .tool(Service::Extractor, &["fields"])
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("ask for the fields"), "{error}");
}
