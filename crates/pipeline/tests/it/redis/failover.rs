//! A Redis behind sentinels, a cluster, and a user that may not call INFO: the server is found, found again when another
//! one takes over, and scripts that must not answer from a memory with gaps notice it.

use std::time::Duration;

use kit::redis_client;
use kit::services::{Cluster, PASSWORD, Redis, Sentinels, Services};
use kit::wait::{eventually, expect};
use pipeline::names::Namespace;
use pipeline::setting::Secret;
use pipeline::store::{RedisConfig, Script, Store};

use crate::support;

const LIMIT: Duration = Duration::from_secs(60);

fn store(namespace: &Namespace, url: String) -> Store {
    Store::connect(&RedisConfig {
        url: Secret::new(url),
        namespace: namespace.clone(),
        ..kit::config::redis()
    })
    .unwrap()
}

async fn serves(store: &Store, namespace: &Namespace) {
    eventually(LIMIT, "a Redis that serves", async || {
        store
            .probe(namespace, true)
            .await
            .map_err(|error| format!("{error:?}"))
    })
    .await;
}

/// Which run of the server the scripts meet.
async fn run(store: &Store, namespace: &Namespace) -> String {
    let script = Script::of_run("return run");
    eventually(LIMIT, "a run", async || {
        let run = store
            .invoke(&script, &[namespace.epoch_key()], &[] as &[&str])
            .await;
        run.map_err(|error| format!("{error:?}"))
    })
    .await
}

async fn tell(url: &str, command: &str) {
    let mut admin = redis_client::connect(url).await.unwrap();
    let mut words = command.split(' ');
    let mut told = redis::cmd(words.next().unwrap());
    for word in words {
        told.arg(word);
    }
    told.exec_async(&mut admin).await.unwrap();
}

/// A user that may do all that is needed, but not INFO.
async fn without_info(server: &Redis, namespace: &Namespace) {
    let allowed = "+@all -@admin -@dangerous +role";
    let setuser = format!("ACL SETUSER okki on >pw ~{{{namespace}}}:* {allowed}");
    tell(&server.url(), &setuser).await;
}

#[tokio::test]
async fn sentinels_lead_to_the_master_and_to_its_successor() {
    let mut set = Sentinels::start().await.unwrap();
    let namespace = support::namespace();
    // The first of them may be away.
    set.watchers()[0].kill9().unwrap();
    let store = store(&namespace, set.url(""));
    serves(&store, &namespace).await;
    let before = run(&store, &namespace).await;
    assert_eq!(run(&store, &namespace).await, before);
    set.servers()[0].kill().unwrap();
    set.led_by(1).await;
    serves(&store, &namespace).await;
    assert_ne!(
        run(&store, &namespace).await,
        before,
        "the successor passed for the same run"
    );
}

#[tokio::test]
async fn a_successor_is_another_run_for_a_user_without_info() {
    let mut set = Sentinels::start().await.unwrap();
    let namespace = support::namespace();
    for server in set.servers() {
        without_info(server, &namespace).await;
    }
    let store = store(&namespace, set.url("okki:pw"));
    let before = run(&store, &namespace).await;
    assert_eq!(run(&store, &namespace).await, before);
    let key = format!("{{{namespace}}}:run");
    let replica = set.servers()[1].url();
    eventually(LIMIT, "a replica that knows the word", async || {
        let mut replica = redis_client::connect(&replica).await.unwrap();
        let word: Option<String> = redis::cmd("GET")
            .arg(&key)
            .query_async(&mut replica)
            .await
            .unwrap();
        expect(word.as_ref() == Some(&before), || format!("{word:?}"))
    })
    .await;
    set.servers()[0].kill().unwrap();
    set.led_by(1).await;
    assert_ne!(
        run(&store, &namespace).await,
        before,
        "the successor passed for the same run"
    );
    assert_eq!(run(&store, &namespace).await, run(&store, &namespace).await);
}

#[tokio::test]
async fn a_restart_is_another_run_for_a_user_without_info() {
    let mut services = Services::private().await.unwrap();
    let namespace = support::namespace();
    let url = services.redis_url().replace("redis://", "redis://okki:pw@");
    without_info(services.redis().unwrap(), &namespace).await;
    let stores = [0, 1].map(|_| store(&namespace, url.clone()));
    let before = run(&stores[0], &namespace).await;
    assert_eq!(
        run(&stores[1], &namespace).await,
        before,
        "each process makes a run of its own"
    );
    assert_eq!(before.len(), 32);
    serves(&stores[0], &namespace).await;
    let redis = services.redis().unwrap();
    // The word is on disk, so that only the script is missing.
    tell(&redis.url(), "CONFIG SET appendfsync always").await;
    redis.restart().await.unwrap();
    without_info(redis, &namespace).await;
    let after = run(&stores[1], &namespace).await;
    assert_ne!(after, before);
    assert_eq!(run(&stores[0], &namespace).await, after);
    // Somebody empties the memory for scripts: nobody can say that it is the same run.
    tell(services.redis_url(), "SCRIPT FLUSH").await;
    assert_ne!(run(&stores[0], &namespace).await, after);
}

#[tokio::test]
async fn a_right_to_info_that_comes_and_goes_stops_nobody() {
    let mut services = Services::private().await.unwrap();
    let namespace = support::namespace();
    let url = services.redis_url().replace("redis://", "redis://okki:pw@");
    without_info(services.redis().unwrap(), &namespace).await;
    tell(services.redis_url(), "ACL SETUSER okki +info").await;
    let store = store(&namespace, url);
    let named = run(&store, &namespace).await;
    assert_eq!(named.len(), 40, "the name that Redis gives itself");
    tell(services.redis_url(), "ACL SETUSER okki -info").await;
    assert_eq!(run(&store, &namespace).await.len(), 32);
    serves(&store, &namespace).await;
}

#[tokio::test]
async fn the_nodes_of_a_cluster_are_found_by_their_keys() {
    let mut cluster = Cluster::start().await.unwrap();
    let url = cluster.url();
    let home = support::namespace();
    let store = store(&home, url);
    let script = Script::new("return redis.call('INCR', KEYS[1])");
    let count = async |namespace: &Namespace| {
        let counted = store
            .invoke::<u64>(&script, &[namespace.sequence_key()], &[] as &[&str])
            .await;
        counted.map_err(|error| format!("{error:?}"))
    };
    // So many that every node has some of them.
    let others: Vec<Namespace> = (0..12).map(|_| support::namespace()).collect();
    for namespace in &others {
        assert_eq!(count(namespace).await, Ok(1));
        assert_eq!(
            store.scan(&namespace.sequence_key(), 0, 100_000).await.unwrap().1,
            [""]
        );
    }
    assert_eq!(count(&home).await, Ok(1));
    serves(&store, &home).await;
    let before = run(&store, &home).await;

    // Its slot goes to another node, and nobody needs to be told.
    let owner = cluster.owner(&home.sequence_key()).await.unwrap();
    let other = (owner + 1) % 3;
    cluster.move_slot(&home.sequence_key(), other).await.unwrap();
    assert_eq!(count(&home).await, Ok(2));
    assert_ne!(
        run(&store, &home).await,
        before,
        "another node passed for the same run"
    );

    // The node ends, and its replica takes over.
    cluster.nodes()[other].kill().unwrap();
    eventually(LIMIT, "a node that takes over", async || count(&home).await).await;
    serves(&store, &home).await;
}

#[tokio::test]
async fn a_password_is_not_told_when_nobody_answers() {
    let namespace = support::namespace();
    for url in [
        format!("redis+sentinel://:{PASSWORD}@127.0.0.1:1/main?sentinel_password={PASSWORD}"),
        format!("redis+cluster://:{PASSWORD}@127.0.0.1:1"),
    ] {
        let error = store(&namespace, url).ping().await.unwrap_err();
        assert!(error.is_outage(), "{error:?}");
        assert!(
            !format!("{error:?} {}", error.explain()).contains(PASSWORD),
            "{error:?}"
        );
    }
}
