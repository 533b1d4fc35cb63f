//! A Redis that answers and yet does not do what the work needs: the gate stays closed until it does, and cause and
//! remedy are told in the log, at `/readyz` and by `doctor`.

use std::time::Duration;

use kit::config::ServicesArgs;
use kit::services::Services;
use kit::wait::{eventually, expect};
use pipeline::doctor::{self, Health};
use pipeline::gate::Pause;
use pipeline::service::Runtime;
use pipeline::setting::Secret;
use pipeline::shutdown::Shutdown;
use pipeline::stage::Stage;
use redis::aio::MultiplexedConnection;

use crate::support;

const LIMIT: Duration = Duration::from_secs(60);

/// A Redis of its own, with a connection of its administrator.
struct Server {
    services: Services,
    admin: MultiplexedConnection,
}

impl Server {
    async fn start() -> Self {
        let amqp_url = Some(kit::config::common("t").amqp.url.expose().to_owned());
        let services = Services::obtain(&ServicesArgs {
            amqp_url,
            redis_url: None,
        })
        .await
        .unwrap();
        let client = redis::Client::open(services.redis_url()).unwrap();
        let admin = client.get_multiplexed_async_connection().await.unwrap();
        Self { services, admin }
    }

    async fn tell(&self, command: &str) {
        let mut words = command.split(' ');
        let mut told = redis::cmd(words.next().unwrap());
        for word in words {
            told.arg(word);
        }
        told.query_async::<()>(&mut self.admin.clone()).await.unwrap();
    }

    /// What a service has; `user` is `name:password` or empty.
    fn runtime(&self, user: &str) -> Runtime {
        let mut common = kit::config::common(&support::namespace().to_string());
        let url = self.services.redis_url();
        common.redis.url = Secret::new(if user.is_empty() {
            url.to_owned()
        } else {
            url.replace("redis://", &format!("redis://{user}@"))
        });
        Runtime::assemble("states", &common, Shutdown::manual(Duration::from_secs(1))).unwrap()
    }

    /// How many commands the server has refused so far.
    async fn refused(&self) -> u64 {
        let info: String = redis::cmd("INFO")
            .arg("stats")
            .query_async(&mut self.admin.clone())
            .await
            .unwrap();
        let count = info
            .lines()
            .find_map(|line| line.strip_prefix("total_error_replies:"));
        count.unwrap().trim().parse().unwrap()
    }
}

/// The stage pauses for this state with its cause, stays paused while it lasts, and `doctor` names the remedy.
async fn is_told(server: &Server, rt: &Runtime, thorough: bool, cause: &str, remedy: &str) {
    let error = rt.store.probe(&rt.namespace, thorough).await.unwrap_err();
    assert!(error.is_outage(), "{error:?}");
    rt.redis_lost(&error);
    let pauses = rt.gate.pauses();
    assert_eq!(pauses[0].reason, Pause::Redis);
    let (detail, since) = (&pauses[0].detail, pauses[0].since);
    assert!(detail.contains(cause) && detail.contains(remedy), "{detail}");
    let before = server.refused().await;
    eventually(LIMIT, "some probes", async || {
        let now = server.refused().await;
        expect(now > before + 3, || format!("{before} refusals, then {now}"))
    })
    .await;
    assert_eq!(rt.gate.pauses()[0].since, since, "it was open in between");
    let findings = doctor::examine(rt, Stage::Load).await;
    let finding = findings.iter().find(|finding| finding.what == "redis").unwrap();
    assert_eq!(finding.health, Health::Bad, "{finding:?}");
    assert!(
        finding.seen.contains(cause) && finding.remedy.contains(remedy),
        "{finding:?}"
    );
}

async fn opens_again(rt: &Runtime) {
    tokio::time::timeout(LIMIT, rt.gate.opened()).await.unwrap();
}

#[tokio::test]
async fn a_full_redis_pauses_until_it_has_room() {
    let server = Server::start().await;
    let rt = server.runtime("");
    server.tell("CONFIG SET maxmemory 100000").await;
    assert!(rt.store.ping().await.is_ok(), "a ping says nothing about it");
    is_told(&server, &rt, false, "OOM", "raise maxmemory").await;
    server.tell("CONFIG SET maxmemory 0").await;
    opens_again(&rt).await;
}

#[tokio::test]
async fn a_replica_pauses_until_it_is_the_primary() {
    let server = Server::start().await;
    let rt = server.runtime("");
    server.tell("REPLICAOF 127.0.0.1 1").await;
    is_told(&server, &rt, false, "eadOnly", "primary").await;
    server.tell("REPLICAOF NO ONE").await;
    opens_again(&rt).await;
}

#[tokio::test]
async fn a_missing_permission_pauses_until_it_is_granted() {
    let server = Server::start().await;
    let rt = server.runtime("okki:pw");
    server
        .tell("ACL SETUSER okki on >pw ~* &* +@all -@admin -@dangerous +info -hincrby")
        .await;
    assert!(rt.store.probe(&rt.namespace, false).await.is_ok());
    is_told(&server, &rt, true, "HINCRBY", "ACL SETUSER").await;
    server.tell("ACL SETUSER okki +hincrby").await;
    opens_again(&rt).await;
    server.tell("ACL SETUSER okki resetkeys ~other:*").await;
    is_told(&server, &rt, false, "key", "ACL SETUSER").await;
    server.tell("ACL SETUSER okki ~*").await;
    opens_again(&rt).await;
}

#[tokio::test]
async fn keys_of_vendor_accounts_have_to_be_granted_to_who_calls_a_vendor() {
    let server = Server::start().await;
    let rt = server.runtime("okki:pw");
    let user = format!(
        "ACL SETUSER okki on >pw ~{{{}}}:* &* +@all -@admin -@dangerous +info",
        rt.namespace
    );
    server.tell(&user).await;
    assert!(rt.probe(true).await.is_ok(), "who calls no vendor needs no more");
    let quota = rt.quota(&support::account());
    let bucket = pipeline::quota::Bucket::per_second("b", 100.0);
    let refused = quota
        .acquire(&[&bucket], pipeline::quota::Lane::Live)
        .await
        .unwrap_err();
    let pipeline::quota::Error::Store(error) = refused else {
        panic!("{refused}")
    };
    rt.redis_lost(&error);
    let detail = rt.gate.pauses()[0].detail.clone();
    assert!(
        detail.contains("~{<NAMESPACE>}:* ~{<ACCOUNT_NAMESPACE>}:*"),
        "{detail}"
    );
    let findings = doctor::examine(&rt, Stage::Load).await;
    let finding = findings.iter().find(|finding| finding.what == "redis").unwrap();
    assert_eq!(finding.health, Health::Bad, "{finding:?}");
    let since = rt.gate.pauses()[0].since;
    let before = server.refused().await;
    eventually(LIMIT, "some probes", async || {
        let now = server.refused().await;
        expect(now > before + 3, || format!("{before} refusals, then {now}"))
    })
    .await;
    assert_eq!(rt.gate.pauses()[0].since, since, "it was open in between");
    server
        .tell(&format!("ACL SETUSER okki ~{{{}}}:*", rt.accounts))
        .await;
    opens_again(&rt).await;
    quota
        .acquire(&[&bucket], pipeline::quota::Lane::Live)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_wrong_password_pauses_until_it_is_right() {
    let server = Server::start().await;
    server.tell("ACL SETUSER okki on >right ~* &* +@all").await;
    let rt = server.runtime("okki:wrong");
    is_told(
        &server,
        &rt,
        false,
        "authentication failed",
        "user and password of REDIS_URL",
    )
    .await;
    server.tell("ACL SETUSER okki >wrong").await;
    opens_again(&rt).await;
}

#[tokio::test]
async fn a_redis_without_room_for_connections_says_so() {
    let server = Server::start().await;
    server.tell("CONFIG SET maxclients 1").await;
    let rt = server.runtime("");
    let error = rt.store.probe(&rt.namespace, false).await.unwrap_err();
    assert!(error.is_outage());
    let told = error.explain();
    assert!(
        told.contains("max number of clients") && told.contains("raise maxclients"),
        "{told}"
    );
    // With a password the refusal is the answer to it.
    let rt_with_password = server.runtime("default:pw");
    let told = rt_with_password
        .store
        .probe(&rt.namespace, false)
        .await
        .unwrap_err()
        .explain();
    assert!(told.contains("raise maxclients"), "{told}");
    rt.redis_lost(&error);
    server.tell("CONFIG SET maxclients 100").await;
    opens_again(&rt).await;
}

#[tokio::test]
async fn a_script_that_blocks_redis_is_named() {
    let server = Server::start().await;
    server.tell("CONFIG SET busy-reply-threshold 10").await;
    let rt = server.runtime("");
    let client = redis::Client::open(server.services.redis_url()).unwrap();
    let mut other = client.get_multiplexed_async_connection().await.unwrap();
    let script = tokio::spawn(async move {
        let mut endless = redis::cmd("EVAL");
        endless.arg("while true do end").arg(0);
        endless.query_async::<()>(&mut other).await
    });
    eventually(LIMIT, "busy", async || {
        let answer = rt.store.probe(&rt.namespace, false).await;
        let told = answer.err().map(|error| error.explain()).unwrap_or_default();
        expect(told.contains("SCRIPT KILL"), || told)
    })
    .await;
    let error = rt.store.probe(&rt.namespace, false).await.unwrap_err();
    rt.redis_lost(&error);
    server.tell("SCRIPT KILL").await;
    opens_again(&rt).await;
    drop(script.await.unwrap());
}
