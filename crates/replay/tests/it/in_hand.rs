//! A replay that is run as soon as it is planned: the letters stay in hand in between, and what is not wanted stays in the queue.

use crate::{
    letters::{ids, references, workspace},
    plans::planned,
};
use kit::{config::common, queues::Queues, workbench::Workbench};
use pipeline::{failure::Failure, lease::Lease, stage::Stage};
use replay::{
    browse::{Filter, GuardedBrowser},
    error::Error,
    plan::{Plan, State, make::make_in_hand, options::Options, run::run_in_hand},
    query::Query,
};
use std::time::Duration;

fn broken(id: usize) -> Failure {
    Failure::new(if id.is_multiple_of(2) { "even" } else { "odd" }, "for good")
}

fn first(limit: u64) -> Filter {
    Filter {
        query: Query::Everything,
        limit: Some(limit),
    }
}

fn queues(bench: &Workbench) -> Queues {
    let url = common(&bench.namespace).amqp.url.expose().to_owned();
    Queues::new(url, bench.rt.namespace.clone(), Vec::new())
}

async fn made(bench: &Workbench, filter: &Filter) -> (Plan, GuardedBrowser) {
    let workspace = workspace(bench, Stage::Extract);
    let (preview, in_hand) = make_in_hand(&workspace, filter, "a test", None, Options::at_once(), |_| {})
        .await
        .unwrap()
        .unwrap();
    (preview.plan, in_hand.expect("few letters stay in hand"))
}

async fn ran(bench: &Workbench, plan: Plan, in_hand: GuardedBrowser) -> Result<Plan, Error> {
    let workspace = workspace(bench, Stage::Extract);
    let options = plan.options.clone();
    run_in_hand(&workspace, plan, Some(in_hand), &options, &mut |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_letters_go_and_nobody_takes_the_others() {
    let bench = Workbench::new().await;
    references(&bench, 0..300, broken).await;
    let (plan, in_hand) = made(&bench, &first(120)).await;
    assert_eq!((plan.total, plan.unmatched), (120, 180));
    let plan = ran(&bench, plan, in_hand).await.unwrap();
    assert_eq!((plan.state, plan.sent, plan.left()), (State::Sent, 120, 180));
    bench.until_depth(&bench.queue(Stage::Extract), 120).await;
    let taken = queues(&bench).were_taken(&bench.dead()).await.unwrap();
    assert_eq!(taken, [false; 180]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_run_later_leaves_the_others_alone_too() {
    let bench = Workbench::new().await;
    references(&bench, 0..300, broken).await;
    let before = ids(&bench, Stage::Extract).await;
    let plan = planned(&bench, &first(120), Options::at_once()).await;
    let ended = crate::plans::ran(&bench, plan).await;
    assert_eq!((ended.sent, ended.left()), (120, 180));
    assert_eq!(ids(&bench, Stage::Extract).await, before[120..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_meant_returns_in_its_order() {
    let bench = Workbench::new().await;
    references(&bench, 0..300, broken).await;
    let before = ids(&bench, Stage::Extract).await;
    let filter = Filter::from("code=odd".parse::<Query>().unwrap());
    let (plan, in_hand) = made(&bench, &filter).await;
    let plan = ran(&bench, plan, in_hand).await.unwrap();
    assert_eq!((plan.sent, plan.left()), (150, 150));
    let evens: Vec<_> = before.into_iter().step_by(2).collect();
    assert_eq!(ids(&bench, Stage::Extract).await, evens);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_refused_returns_them_in_their_order() {
    let bench = Workbench::new().await;
    references(&bench, 0..60, broken).await;
    let before = ids(&bench, Stage::Extract).await;
    let (plan, in_hand) = made(&bench, &Filter::default()).await;
    let key = bench.rt.namespace.replay_lease_key(Stage::Extract);
    let lease = Lease::acquire(&bench.rt.store, key, "somebody", Duration::from_secs(30))
        .await
        .unwrap()
        .unwrap();
    let refused = ran(&bench, plan, in_hand).await.unwrap_err();
    assert!(format!("{refused:#}").contains("under way"), "{refused:#}");
    lease.release().await.unwrap();
    assert_eq!(ids(&bench, Stage::Extract).await, before);
}
