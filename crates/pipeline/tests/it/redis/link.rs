//! What a pooled connection costs, and that one which broke is not used again, by a server that follows a script.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pipeline::store::Store;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::store::elsewhere;

/// Commands in the order they came, with the number of the connection.
type Log = Arc<Mutex<Vec<(usize, String)>>>;

/// A server that answers everything with OK, but closes at `CUT`, never answers `HANG` and is no master at `DEMOTED`.
async fn server() -> (Store, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    let log = Log::default();
    let written = Arc::clone(&log);
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, number, Arc::clone(&written)));
        }
    });
    (elsewhere(url), log)
}

async fn serve(stream: TcpStream, number: usize, log: Log) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(head)) = lines.next_line().await {
        let parts: usize = head.trim_start_matches('*').parse().unwrap();
        let mut command = Vec::new();
        for _ in 0..parts {
            lines.next_line().await.unwrap();
            command.extend(lines.next_line().await.unwrap());
        }
        log.lock().unwrap().push((number, command[0].clone()));
        let answer = match command[0].as_str() {
            "CUT" => return,
            "HANG" => continue,
            "DEMOTED" => "-READONLY You can't write against a read only replica.\r\n".to_owned(),
            "PING" => format!("+{}\r\n", command[1]),
            _ => "+OK\r\n".to_owned(),
        };
        write.write_all(answer.as_bytes()).await.unwrap();
    }
}

async fn say(store: &Store, command: &str) -> redis::RedisResult<()> {
    let mut connection = store.connection().await.unwrap();
    redis::cmd(command).query_async(&mut *connection).await
}

/// Connection and command, without what the client says when it connects.
fn said(log: &Log) -> Vec<(usize, String)> {
    let log = log.lock().unwrap();
    let asked = log.iter().filter(|(_, command)| command != "CLIENT");
    asked.cloned().collect()
}

fn expected(said: &[(usize, &str)]) -> Vec<(usize, String)> {
    said.iter()
        .map(|(number, command)| (*number, (*command).to_owned()))
        .collect()
}

#[tokio::test]
async fn what_is_in_use_is_not_pinged() {
    let (store, log) = server().await;
    for command in ["A", "B", "C"] {
        say(&store, command).await.unwrap();
    }
    assert_eq!(said(&log), expected(&[(0, "PING"), (0, "A"), (0, "B"), (0, "C")]));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    say(&store, "D").await.unwrap();
    assert_eq!(said(&log)[4..], expected(&[(0, "PING"), (0, "D")]));
}

#[tokio::test]
async fn what_broke_fails_once() {
    let (store, log) = server().await;
    say(&store, "A").await.unwrap();
    say(&store, "CUT").await.unwrap_err();
    say(&store, "B").await.unwrap();
    assert_eq!(
        said(&log),
        expected(&[(0, "PING"), (0, "A"), (0, "CUT"), (1, "PING"), (1, "B")])
    );
}

#[tokio::test]
async fn what_owes_an_answer_is_not_asked_anything_else() {
    let (store, log) = server().await;
    let waited = tokio::time::timeout(Duration::from_millis(100), say(&store, "HANG")).await;
    assert!(waited.is_err());
    say(&store, "A").await.unwrap();
    assert_eq!(
        said(&log),
        expected(&[(0, "PING"), (0, "HANG"), (1, "PING"), (1, "A")])
    );
}

/// After a failover the same name may lead to the new master.
#[tokio::test]
async fn a_server_that_cannot_serve_is_left() {
    let (store, log) = server().await;
    say(&store, "DEMOTED").await.unwrap_err();
    say(&store, "A").await.unwrap();
    assert_eq!(
        said(&log),
        expected(&[(0, "PING"), (0, "DEMOTED"), (1, "PING"), (1, "A")])
    );
}
