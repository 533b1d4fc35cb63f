//! One notice per problem and interval over all replicas, one when it is over, each as its receiver wants it.

use std::time::Duration;

use pipeline::{
    alert::{AlertConfig, AlertKind, Alerts, Origin, Receiver as Webhook, watch_gate},
    gate::{Gate, Pause},
    names::Namespace,
    setting::Secret,
    shutdown::Shutdown,
    stage::Stage,
    store::{RedisConfig, Store},
    tls::TlsFiles,
};
use serde_json::Value;
use words::Language;

use super::receiver::{Receiver, SECRET};
use crate::support;
use kit::{config::ServicesArgs, services::Services};

struct Pager {
    alerts: Alerts,
    shutdown: Shutdown,
}

fn pager(
    receiver: &Receiver,
    kind: AlertKind,
    namespace: &Namespace,
    instance: &str,
    every: Duration,
) -> Pager {
    pager_with(support::store(), receiver, kind, namespace, instance, every)
}

fn pager_with(
    store: Store,
    receiver: &Receiver,
    kind: AlertKind,
    namespace: &Namespace,
    instance: &str,
    every: Duration,
) -> Pager {
    let name = match kind {
        AlertKind::Generic => "generic",
        AlertKind::Dingtalk => "dingtalk",
        AlertKind::Wecom => "wecom",
        AlertKind::Feishu => "feishu",
    };
    let secret = (kind != AlertKind::Wecom).then(|| Secret::new(SECRET));
    let config = AlertConfig {
        receiver: Some(Webhook {
            url: Secret::new(receiver.url(name)),
            kind,
            secret,
            language: Language::English,
        }),
        every,
        after: Duration::from_secs(3),
        checkpoint_age: Duration::from_secs(60),
        dead_letters: 10,
    };
    let origin = Origin {
        namespace: namespace.to_string(),
        service: "loader",
        instance: instance.into(),
    };
    let shutdown = Shutdown::manual(Duration::from_secs(1));
    let alerts = Alerts::start(
        &config,
        store,
        namespace,
        origin,
        shutdown.clone(),
        &TlsFiles::default(),
    )
    .unwrap();
    Pager { alerts, shutdown }
}

const HOUR: Duration = Duration::from_secs(3600);

fn text(notice: &Value, path: &str) -> String {
    notice
        .pointer(path)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn every_receiver_takes_a_problem_and_its_end() {
    let all = [
        (AlertKind::Generic, "/status"),
        (AlertKind::Dingtalk, "/markdown/text"),
        (AlertKind::Wecom, "/markdown/content"),
        (AlertKind::Feishu, "/content/text"),
    ];
    for (kind, path) in all {
        let receiver = Receiver::start().await;
        let pager = pager(&receiver, kind, &support::namespace(), "a", HOUR);
        pager
            .alerts
            .paused(Pause::Credentials, "17018: the key is refused");
        let first = receiver.count(1).await;
        pager.alerts.clear("paused:credentials");
        let both = receiver.count(2).await;
        if kind == AlertKind::Generic {
            assert_eq!(
                (text(&first[0], path), text(&both[1], path)),
                ("firing".into(), "resolved".into())
            );
            assert_eq!(text(&first[0], "/detail"), "17018: the key is refused");
        } else {
            assert!(
                text(&first[0], path).contains("17018: the key is refused"),
                "{:?}",
                first[0]
            );
            assert!(text(&both[1], path).contains("✓ over"), "{:?}", both[1]);
        }
        pager.shutdown.trigger();
    }
}

#[tokio::test]
async fn ten_replicas_with_one_problem_notify_of_it_once_and_of_its_end_once() {
    let (receiver, namespace) = (Receiver::start().await, support::namespace());
    let pagers: Vec<_> = (0..10)
        .map(|n| {
            pager(
                &receiver,
                AlertKind::Generic,
                &namespace,
                &format!("replica-{n}"),
                HOUR,
            )
        })
        .collect();
    for pager in &pagers {
        // One notice per group, not one per dead letter.
        for n in 0..50 {
            pager.alerts.dead(
                Stage::Load,
                "row-refused",
                Some("电话"),
                &format!("row {n} is refused"),
            );
        }
    }
    receiver.count(1).await;
    // Another problem is the proof that every replica had time to notify of the first one again.
    for pager in &pagers {
        pager.alerts.account_off(3, Some("r: 3 customers are missing"));
    }
    let two = receiver.count(2).await;
    assert_eq!(text(&two[0], "/problem"), "dead:load:row-refused:电话");
    assert_eq!(
        (text(&two[1], "/problem"), text(&two[1], "/severity")),
        ("books-off".into(), "critical".into())
    );
    // Every replica has polled the problem at least once more before all of them see the end.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(receiver.got().len(), 2, "{:?}", receiver.got());
    for pager in &pagers {
        pager.alerts.dead_letters(Stage::Load, 0);
    }
    let three = receiver.count(3).await;
    assert_eq!(
        (text(&three[2], "/problem"), text(&three[2], "/status")),
        (text(&two[0], "/problem"), "resolved".into())
    );
    // It comes back at once: no notice is sent again, and one is soon, or the last word would be that all is well.
    pagers[0]
        .alerts
        .dead(Stage::Load, "row-refused", Some("电话"), "again");
    pagers[1].alerts.checkpoint_age(HOUR);
    let four = receiver.count(4).await;
    assert_eq!(text(&four[3], "/problem"), "checkpoint-stale");
    let store = support::store();
    let mut connection = store.connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(format!("*{namespace}*alert:quiet:dead:load:row-refused:电话"))
        .query_async(&mut *connection)
        .await
        .unwrap();
    let quiet = &keys[0];
    let left: i64 = redis::cmd("PTTL")
        .arg(quiet)
        .query_async(&mut *connection)
        .await
        .unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
    let _: () = redis::cmd("DEL")
        .arg(quiet)
        .query_async(&mut *connection)
        .await
        .unwrap();
    pagers[2]
        .alerts
        .dead(Stage::Load, "row-refused", Some("电话"), "and again");
    let five = receiver.count(5).await;
    assert_eq!(
        (text(&five[4], "/problem"), text(&five[4], "/status")),
        (text(&two[0], "/problem"), "firing".into())
    );
    pagers.iter().for_each(|pager| pager.shutdown.trigger());
}

#[tokio::test]
async fn a_problem_that_stands_causes_another_notice_after_the_interval() {
    let receiver = Receiver::start().await;
    let pager = pager(
        &receiver,
        AlertKind::Wecom,
        &support::namespace(),
        "a",
        Duration::from_millis(1_500),
    );
    pager.alerts.run_failed("live", "the broker does not confirm");
    receiver.count(2).await;
    pager.alerts.run_ended("live");
    let three = receiver.count(3).await;
    assert!(text(three.last().unwrap(), "/markdown/content").contains("✓ over"));
    pager.shutdown.trigger();
}

#[tokio::test]
async fn a_refused_notice_is_sent_again() {
    let receiver = Receiver::start().await;
    receiver.refuse(1);
    let pager = pager(&receiver, AlertKind::Dingtalk, &support::namespace(), "a", HOUR);
    pager.alerts.paused(Pause::Quota, "the daily quota is used up");
    receiver.count(1).await;
    pager.shutdown.trigger();
}

#[tokio::test]
async fn only_outages_that_last_cause_notices() {
    let receiver = Receiver::start().await;
    let pager = pager(&receiver, AlertKind::Generic, &support::namespace(), "a", HOUR);
    let gate = Gate::new();
    tokio::spawn(watch_gate(
        gate.clone(),
        pager.alerts.clone(),
        pager.shutdown.clone(),
    ));
    // Shorter than the patience of three seconds: seen by the watcher, and over before people are notified.
    gate.close(Pause::Broker, "connection refused");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    gate.open(Pause::Broker);
    gate.close(Pause::Index, "walking the form");
    gate.close(Pause::Outage, "502 from the vendor");
    let first = receiver.count(1).await;
    assert_eq!(text(&first[0], "/problem"), "paused:outage");
    gate.open(Pause::Outage);
    let both = receiver.count(2).await;
    assert_eq!(text(&both[1], "/status"), "resolved");
    pager.shutdown.trigger();
}

#[tokio::test]
async fn a_short_command_notifies_before_it_ends_and_a_later_one_notifies_of_the_end() {
    let (receiver, namespace) = (Receiver::start().await, support::namespace());
    let patience = Duration::from_secs(10);
    let first = pager(&receiver, AlertKind::Generic, &namespace, "a", HOUR);
    first.alerts.run_failed("live", "okki is away");
    first.alerts.flush(patience).await;
    first.shutdown.trigger();
    let sent = receiver.got();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(text(&sent[0], "/problem"), "run-failed:live");
    let second = pager(&receiver, AlertKind::Generic, &namespace, "b", HOUR);
    second.alerts.run_ended("backfill");
    second.alerts.run_ended("live");
    second.alerts.run_ended("live");
    second.alerts.flush(patience).await;
    second.shutdown.trigger();
    let sent = receiver.got();
    assert_eq!(sent.len(), 2, "once, and nothing about the other job: {sent:?}");
    assert_eq!(text(&sent[1], "/status"), "resolved");
}

/// Whoever finds that the work of all is in order says so for everybody: the one that has raised it may never look again.
#[tokio::test]
async fn a_problem_that_another_replica_has_found_over_is_not_told_of_again() {
    let every = Duration::from_millis(1_500);
    let (receiver, namespace) = (Receiver::start().await, support::namespace());
    let finder = pager(&receiver, AlertKind::Generic, &namespace, "a", every);
    let other = pager(&receiver, AlertKind::Generic, &namespace, "b", every);
    finder.alerts.run_failed("live", "the broker does not confirm");
    receiver.count(2).await;
    other.alerts.run_ended("live");
    let statuses = |got: Vec<Value>| -> Vec<String> { got.iter().map(|one| text(one, "/status")).collect() };
    let mut told = 0;
    kit::wait::eventually(Duration::from_secs(20), "the end is told", async || {
        told = receiver.got().len();
        let last = statuses(receiver.got()).pop();
        kit::wait::expect(last.as_deref() == Some("resolved"), || format!("{last:?}"))
    })
    .await;
    tokio::time::sleep(every * 4).await;
    let got = statuses(receiver.got());
    assert_eq!(got.len(), told, "{got:?}");

    // Found anew it is told of anew.
    finder.alerts.run_failed("live", "the broker does not confirm");
    receiver.count(told + 2).await;
    let got = statuses(receiver.got());
    assert_eq!(got.last().map(String::as_str), Some("firing"), "{got:?}");
    finder.shutdown.trigger();
    other.shutdown.trigger();
}

/// While Redis is away each replica notifies for itself; the end is told once, by the first that sees it.
#[tokio::test]
async fn the_end_of_an_outage_of_redis_is_told() {
    let amqp_url = Some(kit::config::common("t").amqp.url.expose().to_owned());
    let mut services = Services::obtain(&ServicesArgs {
        amqp_url,
        redis_url: None,
    })
    .await
    .unwrap();
    let config = RedisConfig {
        url: Secret::new(services.redis_url()),
        ..kit::config::redis()
    };
    let (receiver, namespace) = (Receiver::start().await, support::namespace());
    let pagers: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|instance| {
            let store = Store::connect(&config).unwrap();
            pager_with(store, &receiver, AlertKind::Generic, &namespace, instance, HOUR)
        })
        .collect();
    // One that stood before: Redis knows of it, and forgets it.
    pagers[0]
        .alerts
        .paused(Pause::Quota, "the daily quota is used up");
    receiver.count(1).await;
    services.redis().unwrap().kill().unwrap();
    for pager in &pagers {
        pager.alerts.run_failed("live", "Redis is away");
    }
    receiver.count(4).await;
    services.redis().unwrap().restart_empty().await.unwrap();
    for pager in &pagers {
        pager.alerts.clear("run-failed:live");
    }
    pagers[0].alerts.clear("paused:quota");
    let six = receiver.count(6).await;
    let mut ended: Vec<_> = six[4..]
        .iter()
        .map(|notice| (text(notice, "/problem"), text(notice, "/status")))
        .collect();
    ended.sort();
    let expected =
        ["paused:quota", "run-failed:live"].map(|problem| (problem.to_owned(), "resolved".to_owned()));
    assert_eq!(ended, expected);
    for pager in &pagers {
        pager.alerts.flush(HOUR).await;
        pager.shutdown.trigger();
    }
    assert_eq!(receiver.got().len(), 6, "{:?}", receiver.got());
}
