//! Scripts survive a flushed script cache, and every way of Redis being away is an outage.

use std::net::TcpListener;

use pipeline::setting::Secret;
use pipeline::store::RedisConfig;
use pipeline::store::{Script, Store};

use crate::support;

/// A store of another server.
pub(super) fn elsewhere(url: String) -> Store {
    let config = RedisConfig {
        url: Secret::new(url),
        ..kit::config::redis()
    };
    Store::connect(&config).unwrap()
}

#[tokio::test]
async fn a_script_that_the_server_does_not_know_is_sent_again() {
    let (store, namespace) = (support::store(), support::namespace());
    // A text of its own, for the script cache is shared by all tests.
    let script = Script::new(&format!(
        "return redis.call('INCRBY', KEYS[1], ARGV[1]) -- {namespace}"
    ));
    let key = [namespace.form_key()];
    assert_eq!(store.invoke::<i64>(&script, &key, &[2]).await.unwrap(), 2);
    assert_eq!(store.invoke::<i64>(&script, &key, &[3]).await.unwrap(), 5);
}

#[tokio::test]
async fn a_refused_connection_is_an_outage() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let error = elsewhere(format!("redis://127.0.0.1:{port}/"))
        .ping()
        .await
        .unwrap_err();
    assert!(error.is_outage(), "{error:?}");
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_an_outage() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = elsewhere(format!("redis://:s3cret@127.0.0.1:{port}/"))
        .ping()
        .await
        .unwrap_err();
    assert!(error.is_outage(), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("s3cret"));
}

#[tokio::test]
async fn a_refused_password_is_an_outage_and_a_wrong_command_is_not() {
    let store = support::store();
    let mut connection = store.connection().await.unwrap();
    let refused = redis::cmd("AUTH")
        .arg("no-such-user")
        .arg("x")
        .query_async::<()>(&mut *connection)
        .await
        .unwrap_err();
    assert!(pipeline::store::Error::from(refused).is_outage());
    let wrong = redis::cmd("NOSUCHCOMMAND")
        .query_async::<()>(&mut *connection)
        .await
        .unwrap_err();
    assert!(!pipeline::store::Error::from(wrong).is_outage());
}

#[tokio::test]
async fn a_hash_is_read_whole_or_not_at_all() {
    let (store, key) = (support::store(), support::namespace().lookup_key("shops"));
    let read = async |most, bytes| store.hash(&key, most, bytes).await.unwrap();
    assert_eq!(read(10, 1_000).await.unwrap().len(), 0, "there is none yet");
    let mut command = redis::cmd("HSET");
    command.arg(&key);
    for n in 0..2_500 {
        command.arg(format!("店{n}")).arg("x".repeat(100));
    }
    let mut connection = store.connection().await.unwrap();
    command.query_async::<()>(&mut *connection).await.unwrap();
    let found = read(2_500, 1 << 20).await.unwrap();
    assert_eq!((found.len(), found["店7"].len()), (2_500, 100));
    assert!(read(2_499, 1 << 20).await.is_none());
    assert!(read(2_500, 100_000).await.is_none());
}
