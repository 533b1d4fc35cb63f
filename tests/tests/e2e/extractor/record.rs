//! `extractor record` and what is made of its folder: nothing of a person is in it, the simulator plays it back, and the whole
//! pipeline makes of it the rows that `mapping try` shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use kit::config::mapping_document;
use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{
    Customer, Fault, FaultKind, KEY_WIDGET, LABELS, Loose, TelList, TimeForm, Vendor, cell_widget,
};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(120);

/// An account whose answers are odd in many ways.
async fn odd_account(customers: u32, seed: u64) -> PipelineUnderTest {
    let builder = PipelineUnderTest::for_test().customers(customers).seed(seed);
    let pipeline = builder
        .simulator(|options| {
            let okki = &mut options.settings.okki;
            okki.tel_list = TelList::Objects;
            okki.list_time = TimeForm::Utc;
            okki.detail_time = TimeForm::MillisText;
        })
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    pipeline
        .simulator
        .set(|settings| settings.okki.listing.bad_bytes = vec![ids[1]]);
    pipeline.simulator.set(|settings| {
        let id = format!("{}e0", ids[2]);
        settings.okki.listing.ids.insert(ids[2], id);
    });
    let wechat = json!({"name": "张伟 Zhang\u{0} Wei ", "short_name": "zhang@wei.example", "remark": "call +86 13912345678"});
    pipeline.simulator.change_one(ids[3], Some(wechat)).unwrap();
    pipeline
}

async fn record(pipeline: &PipelineUnderTest, folder: &Path, more: &[&str]) -> Value {
    let folder = folder.display().to_string();
    let arguments: Vec<_> = ["record", &folder, "--json"]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    let printed = pipeline.tool(Service::Extractor, &arguments).await.unwrap();
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

#[tokio::test]
async fn a_sample_has_customers_of_every_group() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(60)
        .seed(208)
        .set_for(Service::Extractor, "OKKI_GROUP_ID", "101,103")
        .start()
        .await;
    let folder = TempDir::new().unwrap();
    record(&pipeline, folder.path(), &["--last", "60"]).await;
    let group = |id: &str| pipeline.simulator.customer(id.parse().unwrap()).unwrap().group;
    let details = fs::read_dir(folder.path().join("details")).unwrap();
    let groups: BTreeMap<Option<String>, usize> = details
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| Some(group(path.file_stem()?.to_str()?)))
        .fold(BTreeMap::new(), |mut groups, group| {
            *groups.entry(group).or_default() += 1;
            groups
        });
    let of = |name: &str| groups.get(&Some(name.to_owned())).copied().unwrap_or(0);
    assert!(of("欧洲区") > 0 && of("重点客户/A类") > 0, "{groups:?}");
    assert_eq!(groups.len(), 2, "{groups:?}");
    pipeline.drain().await;
}

/// Every file of the folder.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                files.push((path.display().to_string(), text));
            }
        }
    }
    files
}

/// What of a customer must be nowhere, as long as it is long enough not to be found by chance.
fn personal(customer: &Customer) -> Vec<String> {
    let text = |value: &Loose| match value {
        Loose::Int(number) => number.to_string(),
        Loose::Text(text) => text.trim().to_owned(),
    };
    let mut all = vec![
        customer.name.clone(),
        customer.short_name.clone(),
        customer.remark.clone(),
    ];
    for contact in &customer.contacts {
        all.extend(contact.name.clone().into_iter().chain(contact.email.clone()));
        all.extend(contact.phones.iter().map(|(_, number)| text(number)));
    }
    all.extend(customer.tel.as_ref().map(|(_, number)| text(number)));
    all.retain(|text| text.chars().filter(|char| char.is_alphanumeric()).count() >= 6);
    all.into_iter().map(|text| text.trim().to_owned()).collect()
}

/// Cells by customer, as `mapping try` shows them.
async fn mapped(pipeline: &PipelineUnderTest, folder: &Path) -> BTreeMap<String, Value> {
    let folder = folder.display().to_string();
    let document = mapping_document();
    let arguments = ["mapping", "try", &document, "--records", &folder, "--json"];
    let printed = pipeline
        .tool_output(Service::Transformer, &arguments)
        .await
        .unwrap();
    let lines = String::from_utf8(printed.stdout).unwrap();
    let parsed = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    parsed
        .filter(|line| line["error"].is_null())
        .map(|line| {
            (
                line["company_id"].as_str().unwrap().to_owned(),
                line["cells"].clone(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_recorded_account_becomes_the_rows_that_its_mapping_shows() {
    let account = odd_account(40, 71).await;
    let missing = account.simulator.company_ids()[5];
    let unknown = FaultKind::Code {
        code: 404,
        message: "No Privilege".into(),
        status: None,
    };
    let containing = format!("company_id={missing}");
    account.simulator.fault(Fault {
        containing: Some(containing),
        ..Fault::on(Vendor::Okki, "info", unknown)
    });
    let case = TempDir::new().unwrap();
    let report = record(&account, case.path(), &["--last", "100"]).await;
    assert_eq!(
        (&report["customers"], &report["refused"]),
        (&40.into(), &1.into()),
        "{report}"
    );
    assert_eq!(report["left_out"], json!([]), "{report}");

    let replayed =
        PipelineUnderTest::for_test().simulator(|options| options.replay = Some(case.path().to_owned()));
    let mut replayed = replayed.start().await;
    assert_eq!(replayed.simulator.customers(), 40);
    let expected = mapped(&replayed, case.path()).await;
    assert_eq!(expected.len(), 39);
    replayed.run_all();
    replayed.rows(LIMIT, 39).await;
    let rows = replayed.simulator.rows(100);
    for row in rows {
        let id = row[KEY_WIDGET].as_str().unwrap();
        let cells = &expected[id];
        for (n, label) in LABELS.iter().enumerate() {
            let shown = row[cell_widget(n)].as_str().unwrap_or_default();
            assert_eq!(
                shown,
                cells[*label].as_str().unwrap_or_default(),
                "{label} of {id}"
            );
        }
    }
    let file = fs::read(
        case.path()
            .join(format!("details/{}.json", expected.keys().next().unwrap())),
    )
    .unwrap();
    assert!(file.starts_with(b"{\n"), "for people");
    eventually(
        LIMIT,
        "the customer without a privilege climbs the ladder",
        async || {
            let calls = replayed.simulator.stats().okki.total_calls;
            expect(calls > 42, || format!("{calls} calls"))
        },
    )
    .await;
    replayed.drain().await;
}

#[tokio::test]
async fn nothing_of_a_person_and_no_secret_is_in_the_folder() {
    let account = odd_account(60, 72).await;
    let case = TempDir::new().unwrap();
    let folder = case.path().join("new");
    let report = record(&account, &folder, &["--last", "60"]).await;
    assert_eq!(report["customers"], 60, "{report}");
    let files = files(&folder);
    assert!(files.len() > 64, "{}", files.len());
    let settings = account.simulator.settings().okki;
    let mut looked_for = 0;
    for id in account.simulator.company_ids() {
        let customer = account.simulator.customer(id).unwrap();
        for value in personal(&customer) {
            looked_for += 1;
            for (file, text) in &files {
                assert!(!text.contains(&value), "{value:?} is in {file}");
            }
        }
    }
    assert!(looked_for > 100, "{looked_for}");
    for (file, text) in &files {
        assert!(
            !text.contains(&settings.client_secret) && !text.contains("Bearer"),
            "{file}"
        );
    }
    let all = files.iter().map(|(_, text)| text.as_str()).collect::<String>();
    assert!(
        all.contains("未分组") || all.contains("\"group_id\""),
        "what a mapping decides by"
    );
}

/// Two answers differ in the time at which they were given.
fn without_now(answer: &[u8]) -> Value {
    let mut answer: Value = serde_json::from_slice(answer).unwrap();
    answer.as_object_mut().unwrap().remove("now");
    answer
}

#[tokio::test]
async fn the_same_salt_gives_the_same_folder_and_only_an_empty_one_is_taken() {
    let account = odd_account(10, 73).await;
    let here = TempDir::new().unwrap();
    let ids = account.simulator.company_ids();
    // The one that was changed is listed last.
    let id = ids.last().unwrap().to_string();
    let texts = async |name: &str, salt: &str| {
        let folder = here.path().join(name);
        record(
            &account,
            &folder,
            &["--id", &id, "--salt", salt, "--keep", "remark"],
        )
        .await;
        fs::read(folder.join(format!("details/{id}.json"))).unwrap()
    };
    let first = texts("a", "s1").await;
    let shown = String::from_utf8_lossy(&first).into_owned();
    assert!(shown.contains("call +86 13912345678"), "{shown}");
    assert_eq!(without_now(&texts("b", "s1").await), without_now(&first));
    assert_ne!(texts("c", "s2").await, first);
    let folder = here.path().join("a").display().to_string();
    let refused = account
        .tool(Service::Extractor, &["record", &folder])
        .await
        .unwrap_err();
    let refused = format!("{refused:#}");
    assert!(
        refused.contains("not empty") && refused.contains("78"),
        "{refused}"
    );
    let odd = account
        .tool(Service::Extractor, &["record", "x", "--id", "seven"])
        .await
        .unwrap_err();
    assert!(format!("{odd:#}").contains("is not a company id"), "{odd:#}");
    let more = ids[4].to_string();
    let report = record(
        &account,
        &here.path().join("a"),
        &["--id", &more, "--salt", "s1", "--append"],
    )
    .await;
    assert_eq!(report["customers"], 2, "{report}");
    let printed = account
        .tool(
            Service::Extractor,
            &[
                "record",
                &here.path().join("d").display().to_string(),
                "--last",
                "3",
            ],
        )
        .await
        .unwrap();
    for words in [
        "transformer mapping try FILE --records",
        "simulator --replay",
        "customers  3",
    ] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
}

#[tokio::test]
async fn a_recording_stays_within_the_share_of_backfills_and_says_how_to_go_on() {
    let builder = PipelineUnderTest::for_test().customers(30).seed(74);
    let account = builder
        .set("OKKI_DAILY", "40")
        .set("OKKI_BACKFILL_SHARE", "50")
        .start()
        .await;
    let here = TempDir::new().unwrap();
    let folder = here.path().display().to_string();
    let output = account
        .tool_output(Service::Extractor, &["record", &folder, "--last", "30", "--json"])
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--append"), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let customers = report["customers"].as_u64().unwrap();
    assert!((1..18).contains(&customers), "{report}");
    let calls = account.simulator.stats().okki.total_calls;
    assert!(calls <= 21, "{calls}");
}
