//! The account counts each customer once, whatever is reported twice, and names what is missing.

use std::time::Duration;

use pipeline::{
    accounting::{Account, BalanceCheck, Entry, check, lost},
    broker::Broker,
    disposition::Disposition,
    gate::{Gate, Pause},
    handler::Outcome,
    message::Outgoing,
    shutdown::Shutdown,
    stage::Stage,
};
use proto::v1::CompanyRef;

use crate::support;
use kit::{
    config::common,
    wait::{eventually, expect},
    workbench::{OPTIONS, Workbench},
};

fn account() -> Account {
    Account::new(support::store(), support::namespace())
}

fn ids(count: u32) -> Vec<String> {
    (0..count).map(|n| n.to_string()).collect()
}

fn entry<'a>(run: &'a str, company: &'a str, disposition: Disposition) -> Entry<'a> {
    Entry {
        run,
        company,
        disposition,
        stage: Stage::Load,
        rule: None,
    }
}

fn died_at<'a>(run: &'a str, company: &'a str, stage: Stage) -> Entry<'a> {
    Entry {
        stage,
        ..entry(run, company, Disposition::Dead)
    }
}

#[tokio::test]
async fn a_fate_that_is_told_again_counts_once() {
    let account = account();
    assert_eq!(account.list("r", &ids(5)).await.unwrap(), 5);
    // A leader that repeats a batch after a crash lists the same customers again.
    assert_eq!(account.list("r", &ids(5)).await.unwrap(), 0);
    let reported = [
        entry("r", "0", Disposition::Loaded),
        entry("r", "1", Disposition::Filtered),
        entry("r", "2", Disposition::Dead),
    ];
    assert_eq!(account.record(&reported).await.unwrap(), 3);
    // The same batch after a redelivery: the loader now says "unchanged" where it said "loaded".
    let again = [
        entry("r", "0", Disposition::Unchanged),
        entry("r", "1", Disposition::Filtered),
        entry("r", "2", Disposition::Dead),
    ];
    assert_eq!(
        account.record(&again).await.unwrap(),
        1,
        "only the dead letter is still in the account"
    );
    let balance = account.balance("r").await.unwrap();
    assert_eq!(
        (
            balance.listed,
            balance.loaded,
            balance.filtered,
            balance.dead,
            balance.in_flight
        ),
        (5, 1, 1, 1, 2)
    );
    assert_eq!(
        (balance.unchanged, balance.duplicates, balance.difference()),
        (0, 2, 0)
    );
}

#[tokio::test]
async fn a_dead_letter_ends_by_replay_or_discard() {
    let account = account();
    account.list("r", &ids(2)).await.unwrap();
    let dead = [
        died_at("r", "0", Stage::Transform),
        died_at("r", "1", Stage::Load),
    ];
    account.record(&dead).await.unwrap();
    let by_stage = account.dead("r").await.unwrap();
    assert_eq!((by_stage["transform"], by_stage["load"]), (1, 1));
    // Replayed, it dies once more, a stage further.
    account
        .record(&[entry("r", "0", Disposition::Dead)])
        .await
        .unwrap();
    assert_eq!(account.dead("r").await.unwrap()["load"], 2);
    account
        .record(&[
            entry("r", "0", Disposition::Loaded),
            entry("r", "1", Disposition::Discarded),
        ])
        .await
        .unwrap();
    let balance = account.balance("r").await.unwrap();
    assert_eq!(
        (
            balance.loaded,
            balance.discarded,
            balance.dead,
            balance.difference()
        ),
        (1, 1, 0, 0)
    );
    assert!(
        account.active().await.unwrap().is_empty(),
        "a finished run is not polled any more"
    );
}

#[tokio::test]
async fn two_copies_in_one_batch_are_named_by_the_one_that_got_through() {
    let account = account();
    account.list("r", &ids(1)).await.unwrap();
    account
        .record(&[
            entry("r", "0", Disposition::Superseded),
            entry("r", "0", Disposition::Loaded),
        ])
        .await
        .unwrap();
    let balance = account.balance("r").await.unwrap();
    assert_eq!(
        (balance.loaded, balance.superseded, balance.duplicates),
        (1, 0, 1)
    );
}

#[tokio::test]
async fn redis_that_was_emptied_puts_nothing_off() {
    let account = account();
    account
        .record(&[
            entry("lost", "7", Disposition::Loaded),
            entry("", "8", Disposition::Loaded),
        ])
        .await
        .unwrap();
    let total = account.total().await.unwrap();
    assert_eq!((total.listed, total.duplicates, total.difference()), (0, 1, 0));
}

#[tokio::test]
async fn tellers_at_the_same_time_count_every_customer_once() {
    let account = account();
    let ids = ids(200);
    account.list("r", &ids).await.unwrap();
    let teller = || async {
        for chunk in ids.chunks(20) {
            let entries: Vec<_> = chunk
                .iter()
                .map(|id| entry("r", id, Disposition::Loaded))
                .collect();
            account.record(&entries).await.unwrap();
            // The total is one snapshot, however much is settled meanwhile.
            assert_eq!(account.total().await.unwrap().difference(), 0);
        }
    };
    futures::future::join_all((0..4).map(|_| teller())).await;
    let balance = account.balance("r").await.unwrap();
    assert_eq!(
        (balance.loaded, balance.duplicates, balance.in_flight),
        (200, 600, 0)
    );
}

/// The account of a namespace with queues of its own.
async fn with_queues() -> (Account, Broker) {
    let namespace = support::namespace();
    let common = common(&namespace.to_string());
    let shutdown = Shutdown::manual(Duration::from_secs(1));
    let broker = Broker::new(
        &common.amqp.url,
        "books".into(),
        namespace.clone(),
        common.retry,
        Gate::new(),
        shutdown,
    );
    let broker = broker.unwrap();
    for stage in Stage::ALL {
        broker.declare(stage).await.unwrap();
    }
    (Account::new(support::store(), namespace), broker)
}

async fn checked(account: &Account, broker: &Broker, patience: Duration) -> BalanceCheck {
    // A clock a little ahead, so that "longer ago than nothing" is certain.
    let now = jiff::Timestamp::now().as_millisecond() + 5;
    check(account, broker, None, patience, now).await.unwrap()
}

#[tokio::test]
async fn a_customer_that_no_queue_holds_is_called_by_name() {
    let (account, broker) = with_queues().await;
    account.list("r", &ids(3)).await.unwrap();
    account
        .record(&[entry("r", "0", Disposition::Loaded)])
        .await
        .unwrap();
    let patient = checked(&account, &broker, Duration::from_secs(60)).await;
    assert_eq!(
        (patient.difference, patient.missing.len()),
        (0, 0),
        "what is young may be in somebody's hands"
    );

    let message = CompanyRef {
        company_id: "1".into(),
        run_id: "r".into(),
        ..CompanyRef::default()
    };
    broker
        .publisher()
        .publish(vec![Outgoing::to(Stage::Extract, &message)])
        .await
        .unwrap();
    let busy = checked(&account, &broker, Duration::ZERO).await;
    assert_eq!(
        busy.difference, 0,
        "while a queue holds something nobody is missing"
    );

    let (account, broker) = with_queues().await;
    account.list("r", &ids(3)).await.unwrap();
    account
        .record(&[entry("r", "0", Disposition::Loaded)])
        .await
        .unwrap();
    let lost = checked(&account, &broker, Duration::ZERO).await;
    assert_eq!(lost.difference, 2);
    assert_eq!(
        lost.missing,
        [("r".to_owned(), "1".to_owned()), ("r".to_owned(), "2".to_owned())]
    );
    assert_eq!(lost.differences, ["r: 2 customers are in no queue and in no row"]);
}

#[tokio::test]
async fn a_dead_letter_that_somebody_deleted_is_noticed() {
    let (account, broker) = with_queues().await;
    account.list("r", &ids(1)).await.unwrap();
    account
        .record(&[entry("r", "0", Disposition::Dead)])
        .await
        .unwrap();
    let gone = checked(&account, &broker, Duration::ZERO).await;
    assert_eq!(gone.difference, 1);
    let queue = broker.namespace().dead_queue(Stage::Load);
    assert_eq!(
        gone.differences,
        [format!(
            "1 dead letters of {queue} are gone without replay or discard"
        )]
    );
    broker
        .publisher()
        .publish(vec![kit::workbench::foreign(&queue, b"letter")])
        .await
        .unwrap();
    assert_eq!(checked(&account, &broker, Duration::ZERO).await.difference, 0);
}

#[tokio::test]
async fn books_whose_keys_were_deleted_are_off() {
    let (account, broker) = with_queues().await;
    account.list("r", &ids(4)).await.unwrap();
    let mut connection = support::store().connection().await.unwrap();
    let open = broker.namespace().run_keys("r").open;
    redis::cmd("DEL")
        .arg(open)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
    let off = checked(&account, &broker, Duration::from_secs(60)).await;
    assert!(
        off.difference > 0 && off.differences[0].contains("4 listed customers are missing from the account"),
        "{off:?}"
    );
}

/// In a long pause every queue is empty, for its consumers hold what they had taken: nobody is lost but the one whose
/// message is nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_paused_consumer_holds_is_not_lost() {
    let bench = Workbench::new().await;
    let account = Account::new(support::store(), bench.rt.namespace.clone());
    account.list("run", &ids(9)).await.unwrap();
    let running = bench.consume(OPTIONS, |rt, _| {
        rt.gate
            .close_until(Pause::Outage, "the vendor is away", || async { false });
        Outcome::Hold
    });
    // Not the last one.
    bench.publish(0..8).await;
    bench.until_depth(&bench.queue(Stage::Extract), 0).await;
    eventually(Duration::from_secs(120), "the lost one is found", async || {
        let check = checked(&account, &bench.rt.broker, Duration::ZERO).await;
        let held = check.missing.iter().filter(|(_, company)| company != "8");
        assert_eq!(held.count(), 0, "{check:?}");
        let now = jiff::Timestamp::now().as_millisecond() + 5;
        let lost = lost(&account, &bench.rt.broker, Duration::ZERO, now)
            .await
            .unwrap();
        let asked: Vec<_> = lost.into_iter().flat_map(|(_, companies)| companies).collect();
        assert!(asked.iter().all(|company| company == "8"), "{asked:?}");
        expect(check.difference == 1 && asked.len() == 1, || format!("{check:?}"))
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn whoever_stands_still_with_letters_browses_until_they_are_back() {
    let (store, namespace) = (support::store(), support::namespace());
    let account = Account::new(store.clone(), namespace.clone());
    assert!(!account.is_browsed(Stage::Load).await.unwrap());
    // It has lost its lease, and the broker holds its letters still.
    for (until, browsed) in [(99_999_999_999_999_i64, true), (1, false)] {
        let mut connection = store.connection().await.unwrap();
        redis::cmd("HSET")
            .arg(namespace.holders_key(Stage::Load, false))
            .arg("wang on host-1 (discard)")
            .arg(format!(r#"{{"since":1,"letters":4,"until":{until}}}"#))
            .query_async::<()>(&mut *connection)
            .await
            .unwrap();
        assert_eq!(account.is_browsed(Stage::Load).await.unwrap(), browsed);
    }
}
