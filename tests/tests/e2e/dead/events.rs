//! I15: what operators do with letters is on record, with letter, customer, plan or operation, and once.

use std::collections::BTreeMap;

use kit::pipeline::{PipelineUnderTest, Service};
use pipeline::events::{Event, What};

use super::{buried, dead, ids, said};

const LETTERS: usize = 6;

/// Events of one kind by the letter that they are about; each letter once for each plan or operation.
pub(super) async fn moves(
    pipeline: &PipelineUnderTest,
    service: Service,
    what: What,
) -> BTreeMap<(String, String), Event> {
    let url = &pipeline.settings(service)["AMQP_URL"];
    let all = kit::events::events(url, &pipeline.namespace).await.unwrap();
    let mut found = BTreeMap::new();
    for event in all.into_iter().filter(|event| event.what() == what) {
        let key = (event.letter_id.clone(), event.plan_id.clone());
        let again = found.insert(key, event);
        assert!(again.is_none(), "said twice under different ids: {again:?}");
    }
    found
}

/// Exactly these letters were moved in this way by this plan or operation.
async fn assert_moved(pipeline: &PipelineUnderTest, what: What, letters: &[String], operation: &str) {
    let found = moves(pipeline, Service::Loader, what).await;
    let own = found.into_values().filter(|event| event.plan_id == operation);
    let own: Vec<Event> = own.collect();
    let mut moved: Vec<_> = own.iter().map(|event| event.letter_id.clone()).collect();
    let mut expected = letters.to_vec();
    moved.sort();
    expected.sort();
    assert_eq!(moved, expected, "{what:?} by {operation}");
    for event in own {
        assert!(event.letter_id.contains(&event.company_id), "{event:?}");
        assert!(
            event.version.is_some() && event.group.len() == 8 && !event.reason.is_empty(),
            "{event:?}"
        );
    }
}

async fn newest_plan(pipeline: &PipelineUnderTest) -> String {
    let plans = dead(pipeline, Service::Loader, &["plans", "--json"]).await;
    let all = plans.as_array().unwrap();
    let newest = all
        .iter()
        .max_by_key(|plan| plan["made_at"].as_i64().unwrap())
        .unwrap();
    newest["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn letters_that_are_discarded_brought_back_and_imported_are_on_record() {
    let (pipeline, _feed) = buried(LETTERS, 155).await;
    let letters = ids(&pipeline, Service::Loader).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letters.jsonl");
    let file = file.to_str().unwrap();
    let export = ["export", "--reveal", "--file", file];
    said(&pipeline, Service::Loader, &export).await;
    let discard = ["discard", "--all", "--reason", "a test", "--json"];
    let discarded = dead(&pipeline, Service::Loader, &discard).await;
    let discarded = discarded["operation"].as_str().unwrap().to_owned();
    assert_moved(&pipeline, What::Discarded, &letters, &discarded).await;

    let undo = ["undo", &discarded, "--reason", "a test", "--json"];
    let undone = dead(&pipeline, Service::Loader, &undo).await;
    let undone = undone["operation"].as_str().unwrap().to_owned();
    assert_ne!(undone, discarded);
    assert_moved(&pipeline, What::Restored, &letters, &undone).await;

    let again = dead(&pipeline, Service::Loader, &discard).await;
    let again = again["operation"].as_str().unwrap().to_owned();
    let import = ["import", file, "--reason", "a test", "--json"];
    let imported = dead(&pipeline, Service::Loader, &import).await;
    let imported = imported["operation"].as_str().unwrap().to_owned();
    assert_moved(&pipeline, What::Discarded, &letters, &again).await;
    assert_moved(&pipeline, What::Imported, &letters, &imported).await;
    assert_eq!(ids(&pipeline, Service::Loader).await.len(), LETTERS);
}

#[tokio::test]
async fn letters_that_go_back_are_on_record_changed_or_as_they_were() {
    let (pipeline, _feed) = buried(LETTERS, 156).await;
    let letters = ids(&pipeline, Service::Loader).await;
    let shown = dead(&pipeline, Service::Loader, &["show", &letters[0], "--json"]).await;
    let set = format!(
        "{}=patched",
        shown["body"]["fields"][0]["field"].as_str().unwrap()
    );
    let patch = [
        "patch",
        "--id",
        &letters[0],
        "--set",
        &set,
        "--reason",
        "a test",
        "--no-wait",
        "--yes",
    ];
    said(&pipeline, Service::Loader, &patch).await;
    let edited = newest_plan(&pipeline).await;
    assert_moved(&pipeline, What::Edited, &letters[..1], &edited).await;

    let replay = ["replay", "--all", "--reason", "a test", "--no-wait"];
    said(&pipeline, Service::Loader, &replay).await;
    let plan = newest_plan(&pipeline).await;
    assert_ne!(plan, edited);
    assert_moved(&pipeline, What::PutBack, &letters[1..], &plan).await;
    // What becomes of them is on record with the plan that put them back.
    let mut pipeline = pipeline;
    pipeline.run(Service::Loader);
    pipeline.rows(std::time::Duration::from_secs(90), LETTERS).await;
    pipeline.drain().await;
    let created = moves(&pipeline, Service::Loader, What::Created).await;
    let plans: Vec<_> = created.into_values().map(|event| event.plan_id).collect();
    let count = |wanted: &str| plans.iter().filter(|plan| *plan == wanted).count();
    assert_eq!((count(&edited), count(&plan)), (1, LETTERS - 1), "{plans:?}");
}
