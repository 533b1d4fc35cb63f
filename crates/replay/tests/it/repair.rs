//! Repairs: only the repaired copy goes back to work, the original rests in the archive, and both know of each other.

use crate::letters::{ids, import_lines, line, workspace};
use kit::workbench::{OPTIONS, Workbench};
use pipeline::{
    consumer::{self, ConsumerOptions},
    disposition::Disposition,
    failure::Failure,
    handler::{Handler, Job, Outcome},
    message::Subject,
    stage::Stage,
};
use prost::Message;
use proto::v1::{CompanyRef, FieldValue, FormRecord, Version, field_value::Value};
use replay::{
    browse::{Browser, Filter},
    letter::body,
    plan::{End, State, make::make, options::Options, run::run},
    query::Query,
    repair::{Assignment, Edit, Repair},
};
use std::sync::{Arc, Mutex};

fn record(id: usize, name: Option<&str>) -> FormRecord {
    let cell = |field: &str, label: &str, value| FieldValue {
        field: field.into(),
        label: label.into(),
        value,
    };
    FormRecord {
        company_id: id.to_string(),
        version: Some(Version {
            update_time: 7,
            sequence: 9,
        }),
        fields: vec![
            cell("_widget_1", "名称", name.map(|name| Value::Text(name.into()))),
            cell("_widget_2", "数量", Some(Value::Number("1".into()))),
        ],
        operation: proto::v1::Operation::Upsert.into(),
        run_id: "run".into(),
        ..FormRecord::default()
    }
}

async fn dead_records(bench: &Workbench, names: &[Option<&str>]) {
    let failure = Failure {
        field: Some("_widget_1".into()),
        ..Failure::new("row-refused", "too long")
    };
    let lines: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(id, name)| line(bench, Stage::Load, &record(id, *name), &failure))
        .collect();
    import_lines(bench, Stage::Load, &lines).await;
}

/// Keeps what it loads.
struct Form(Mutex<Vec<FormRecord>>);

impl Handler for Form {
    type In = FormRecord;
    type Receipt = ();

    async fn handle(&self, batch: Vec<Job<FormRecord>>) -> Vec<Outcome> {
        let mut rows = self.0.lock().unwrap();
        batch
            .into_iter()
            .map(|job| {
                rows.push(job.message);
                Outcome::done(Disposition::Loaded)
            })
            .collect()
    }
}

async fn repaired(
    bench: &Workbench,
    repair: Repair,
    filter: Filter,
) -> (replay::plan::Plan, Vec<FormRecord>) {
    let form = Arc::new(Form(Mutex::default()));
    let rt = pipeline::service::Runtime::assemble(
        "test",
        &kit::config::common(&bench.namespace),
        pipeline::shutdown::Shutdown::manual(std::time::Duration::from_secs(5)),
    )
    .unwrap();
    let (shutdown, worker) = (rt.shutdown.clone(), Arc::clone(&form));
    let options = ConsumerOptions {
        stage: Stage::Load,
        ..OPTIONS
    };
    let task = tokio::spawn(async move { consumer::run(&rt, options, worker).await });
    let workspace = workspace(bench, Stage::Load);
    let options = Options::default();
    let preview = make(
        &workspace,
        &filter,
        "a test",
        Some(repair),
        options.clone(),
        |_| {},
    )
    .await
    .unwrap()
    .unwrap();
    let plan = run(&workspace, preview.plan, &options, &mut |_| {})
        .await
        .unwrap();
    shutdown.trigger();
    task.await.unwrap().unwrap();
    let rows = std::mem::take(&mut *form.0.lock().unwrap());
    (plan, rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patched_group_is_loaded_and_what_the_patch_does_not_fit_stays() {
    let bench = Workbench::new().await;
    let names: Vec<_> = (0..30)
        .map(|id| if id == 20 { None } else { Some("far too long") })
        .collect();
    dead_records(&bench, &names).await;
    let patch = Repair::Set(vec!["名称=短".parse::<Assignment>().unwrap()]);
    let (plan, rows) = repaired(&bench, patch, Filter::default()).await;
    assert_eq!(
        (
            plan.state,
            plan.sent,
            plan.count([Disposition::Loaded]),
            plan.count([End::Refused])
        ),
        (State::Complete, 29, 29, 1)
    );
    assert_eq!(rows.len(), 29, "only the repaired copies");
    for row in &rows {
        assert_eq!(row.fields[0].value, Some(Value::Text("短".into())));
        assert_eq!(row.version, record(0, None).version, "the identity is the same");
        assert_eq!(row.content_hash, pipeline::content::content_hash(row));
    }
    assert_eq!(ids(&bench, Stage::Load).await.len(), 1);

    let mut browser = Browser::open_archive(&bench.rt.broker, Stage::Load)
        .await
        .unwrap();
    assert_eq!(browser.unseen(), 29);
    let original = browser.next().await.unwrap().unwrap().letter;
    assert_eq!(original.archived().unwrap().operation, plan.id);
    let json = body::to_json(FormRecord::TYPE, &original.body).unwrap();
    assert_eq!(json["fields"][0]["text"], "far too long");
    browser.close().await.unwrap();
    // Resuming a plan that is over sends nothing twice.
    assert!(
        run(
            &workspace(&bench, Stage::Load),
            plan,
            &Options::default(),
            &mut |_| {}
        )
        .await
        .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_letter_is_edited_and_a_wrong_edit_moves_nothing() {
    let bench = Workbench::new().await;
    dead_records(&bench, &[Some("a"), Some("b")]).await;
    let before = ids(&bench, Stage::Load).await;
    let mut browser = Browser::open(&bench.rt.broker, Stage::Load).await.unwrap();
    let letter = browser.next().await.unwrap().unwrap().letter;
    browser.close().await.unwrap();
    let json = body::to_json(letter.kind(), &letter.body).unwrap();
    let changed = |pointer: &str, value: serde_json::Value| {
        let mut json = json.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        Repair::Replace(Edit::new(&letter, json))
    };
    // What is usual is not shown, and stays usual.
    let mut removal = json.clone();
    removal["operation"] = "OPERATION_REMOVE".into();
    for (wrong, word) in [
        (changed("/companyId", "8".into()), "companyId"),
        (changed("/version/updateTime", 8.into()), "version"),
        (changed("/runId", "other".into()), "runId"),
        (changed("/fields/0/text", 8.into()), "fields[0].text (名称)"),
        (Repair::Replace(Edit::new(&letter, removal)), "`operation`"),
        (
            Repair::Replace(Edit::new(&letter, json.clone())),
            "nothing would change",
        ),
        (Repair::Replace(Edit::new(&letter, "text".into())), "companyId"),
    ] {
        let refused = wrong.body(&letter).unwrap_err().to_string();
        assert!(refused.contains(word), "{word}: {refused}");
    }
    let mut other = letter.clone();
    other.body = record(0, Some("somebody else's work")).encode_to_vec().into();
    let refused = changed("/fields/0/text", "c".into()).body(&other).unwrap_err();
    assert!(refused.to_string().contains("changed meanwhile"), "{refused}");
    let filter = Filter::from(format!("id={}", before[0]).parse::<Query>().unwrap());
    let (plan, rows) = repaired(&bench, changed("/fields/0/text", "c".into()), filter).await;
    assert_eq!((plan.state, plan.sent, rows.len()), (State::Complete, 1, 1));
    assert_eq!(rows[0].fields[0].value, Some(Value::Text("c".into())));
    assert_eq!(ids(&bench, Stage::Load).await, before[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repaired_copy_that_fails_again_names_its_original() {
    let bench = Workbench::new().await;
    dead_records(&bench, &[Some("a")]).await;
    let original = ids(&bench, Stage::Load).await.remove(0);
    let workspace = workspace(&bench, Stage::Load);
    let patch = Repair::Set(vec!["_widget_2=5".parse::<Assignment>().unwrap()]);
    let options = Options::at_once();
    let preview = make(
        &workspace,
        &Filter::default(),
        "a test",
        Some(patch),
        options.clone(),
        |_| {},
    )
    .await
    .unwrap()
    .unwrap();
    run(&workspace, preview.plan, &options, &mut |_| {})
        .await
        .unwrap();
    // Nothing understands it here: it dies as undecodable in a consumer of another message.
    let rt = bench.rt.clone();
    let options = ConsumerOptions {
        stage: Stage::Load,
        ..OPTIONS
    };
    let task = tokio::spawn(async move { consumer::run(&rt, options, Arc::new(Fetch::default())).await });
    let dead = bench.rt.namespace.dead_queue(Stage::Load);
    bench.until_depth(&dead, 1).await;
    bench.rt.shutdown.trigger();
    task.await.unwrap().unwrap();
    let mut browser = Browser::open(&bench.rt.broker, Stage::Load).await.unwrap();
    let letter = browser.next().await.unwrap().unwrap().letter;
    assert_eq!(letter.record.repair_of.as_deref(), Some(original.as_str()));
    assert_eq!(
        (letter.record.replays, letter.record.code.as_str()),
        (1, "wrong-type")
    );
    browser.close().await.unwrap();
}

/// Keeps what it is asked to fetch.
#[derive(Default)]
struct Fetch(Mutex<Vec<CompanyRef>>);

impl Handler for Fetch {
    type In = CompanyRef;
    type Receipt = ();

    async fn handle(&self, batch: Vec<Job<CompanyRef>>) -> Vec<Outcome> {
        let outcomes = batch.iter().map(|_| Outcome::done(Disposition::Loaded)).collect();
        self.0
            .lock()
            .unwrap()
            .extend(batch.into_iter().map(|job| job.message));
        outcomes
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_mapped_anew_from_a_fresh_detail() {
    let bench = Workbench::new().await;
    dead_records(&bench, &[Some("a"), Some("b")]).await;
    let fetch = Arc::new(Fetch::default());
    let (rt, worker) = (bench.rt.clone(), Arc::clone(&fetch));
    let task = tokio::spawn(async move { consumer::run(&rt, OPTIONS, worker).await });
    let workspace = replay::workspace::Workspace {
        rt: pipeline::service::Runtime::assemble(
            "test",
            &kit::config::common(&bench.namespace),
            pipeline::shutdown::Shutdown::manual(std::time::Duration::from_secs(5)),
        )
        .unwrap(),
        ..workspace(&bench, Stage::Load)
    };
    let options = Options::default();
    let made = make(
        &workspace,
        &Filter::default(),
        "a test",
        Some(Repair::Remap),
        options.clone(),
        |_| {},
    )
    .await;
    let preview = made.unwrap().unwrap();
    assert_eq!(preview.cost.detail_calls, 2);
    let plan = run(&workspace, preview.plan, &options, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(
        (plan.state, plan.count([Disposition::Loaded])),
        (State::Complete, 2)
    );
    bench.rt.shutdown.trigger();
    task.await.unwrap().unwrap();
    let references = fetch.0.lock().unwrap();
    let asked: Vec<_> = references
        .iter()
        .map(|one| (one.company_id.as_str(), one.force))
        .collect();
    assert_eq!(asked, [("0", true), ("1", true)]);
}
