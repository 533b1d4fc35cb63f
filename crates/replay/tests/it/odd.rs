//! Letters that look like no other: without a body, or that nobody of this namespace takes back.

use crate::{
    letters::{ids, look, references, workspace},
    plans::planned,
};
use kit::workbench::{Workbench, reference};
use pipeline::{
    failure::{Failure, record::FailureRecord},
    message::{Envelope, Outgoing},
    stage::Stage,
};
use prost::Message;
use replay::{
    browse::Filter,
    plan::{End, State, options::Options, run::run},
    query::Query,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_without_a_body_is_no_copy_of_itself() {
    let bench = Workbench::new().await;
    let workspace = workspace(&bench, Stage::Extract);
    let letter = |id: &str| {
        let envelope = Envelope {
            message_id: id.to_owned(),
            ..Envelope::default()
        };
        Outgoing::raw(bench.dead(), envelope, Vec::new().into())
    };
    let letters = vec![letter("a"), letter("b")];
    bench.rt.publisher.publish(letters).await.unwrap();
    bench.until_depth(&bench.dead(), 2).await;
    for _ in 0..2 {
        assert_eq!(look(&workspace).await.len(), 2, "a look takes nothing away");
    }
    assert_eq!(ids(&bench, Stage::Extract).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_no_queue_of_ours_takes_back_keeps_no_other_from_its_way() {
    let bench = Workbench::new().await;
    references(&bench, 0..3, |_| Failure::new("broken", "for good")).await;
    let failure = Failure::new("broken", "for good");
    let message = reference(7);
    let envelope = Envelope::new(&message, 1_700_000_000_000);
    let attempts = pipeline::failure::record::extend_history("", &failure, 1_700_000_000_000, "dead".into());
    let body = message.encode_to_vec();
    let home = "nobody.extract".to_owned();
    let record = FailureRecord::new(
        Stage::Extract,
        home,
        (&envelope, &body),
        &failure,
        attempts,
        "a test",
    );
    let envelope = Envelope {
        failure: serde_json::to_string(&record).ok(),
        ..envelope
    };
    let stray = Outgoing::raw(bench.dead(), envelope, body.into());
    bench.rt.publisher.publish(vec![stray]).await.unwrap();
    bench.until_depth(&bench.dead(), 4).await;
    let filter = Filter::from("code=broken".parse::<Query>().unwrap());
    let options = Options {
        wait: false,
        ..Options::at_once()
    };
    let plan = planned(&bench, &filter, options.clone()).await;
    let plan = run(&workspace(&bench, Stage::Extract), plan, &options, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(
        (plan.sent, plan.count([End::Refused])),
        (3, 1),
        "{:?}",
        plan.state
    );
    assert_ne!(plan.state, State::Paused);
    assert_eq!(bench.depth(&bench.queue(Stage::Extract)).await, 3);
    assert_eq!(ids(&bench, Stage::Extract).await.len(), 1);
}
