//! A Redis that fails over in the middle of a run: behind sentinels, in a cluster, and with a user that may do no more than
//! is needed. What the new server has lost is asked for again, and nothing is lost or doubled.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use kit::pipeline::{Builder, PipelineUnderTest, Service};
use kit::redis_client;
use kit::services::{Cluster, Sentinels, Services, shared};

const LIMIT: Duration = Duration::from_secs(60);
const CUSTOMERS: u32 = 300;

/// A run that is still going on when something happens to Redis.
async fn slow(seed: u64, redis_url: &str) -> Builder {
    let shared = shared().await.unwrap();
    let builder = PipelineUnderTest::for_test().customers(CUSTOMERS).seed(seed);
    let builder = builder.services(&shared.amqp_url, redis_url);
    builder.simulator(|options| options.settings.jdy.latency_ms = 100)
}

/// Everything is in the form once, within the limits, and nothing was given up.
async fn ends_well(pipeline: &mut PipelineUnderTest) {
    let report = pipeline.until_equal(Duration::from_secs(180)).await;
    assert_eq!(report.form_rows, CUSTOMERS as usize);
    pipeline.quiet(Duration::from_secs(60), 0).await;
    pipeline.drain().await;
}

#[tokio::test]
async fn a_run_stays_exact_when_the_sentinels_make_another_master() {
    let mut set = Sentinels::start().await.unwrap();
    // The one that is left in the end.
    let replica = set.servers()[1].url();
    let builder = slow(61, &replica).await.set("REDIS_URL", set.url(""));
    let mut pipeline = builder.start().await;
    pipeline.run_all();
    pipeline.rows(LIMIT, 40).await;

    // The replica misses what is written from now on.
    set.servers()[1].process().sigstop().unwrap();
    pipeline.rows(LIMIT, 120).await;
    set.servers()[0].kill().unwrap();
    set.servers()[1].process().sigcont().unwrap();
    set.led_by(1).await;
    pipeline.simulator.change(10);

    ends_well(&mut pipeline).await;
    pipeline.assert_within_quota();
}

#[tokio::test]
async fn a_run_stays_exact_when_a_node_of_the_cluster_ends() {
    let mut cluster = Cluster::start().await.unwrap();
    let nodes: Vec<String> = cluster.nodes().iter().map(|node| node.url()).collect();
    let mut pipeline = slow(62, &nodes[0])
        .await
        .set("REDIS_URL", cluster.url())
        .start()
        .await;
    // Vendor accounts are kept by another node.
    let home = cluster.owner(&pipeline.namespace.epoch_key()).await.unwrap();
    for number in 0.. {
        let accounts = format!("{}-{number}", pipeline.namespace);
        let key = format!("{{{accounts}}}:x");
        if cluster.owner(&key).await.unwrap() != home {
            pipeline.set("ACCOUNT_NAMESPACE", accounts);
            break;
        }
    }
    pipeline.run_all();
    pipeline.rows(LIMIT, 100).await;
    cluster.nodes()[home].kill().unwrap();
    pipeline.simulator.change(10);
    ends_well(&mut pipeline).await;
    let said = pipeline.tool(Service::Loader, &["doctor"]).await.unwrap();
    assert!(said.contains("clocks"), "{said}");
}

/// The command in `deploy/README.md`, for these namespaces.
fn documented_user(namespace: &str) -> Vec<String> {
    let path = format!("{}/../deploy/README.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("ACL SETUSER okki"))
        .unwrap();
    let line = line.replace("~{okki}", &format!("~{{{namespace}}}"));
    line.split(' ').map(str::to_owned).collect()
}

async fn tell(url: &str, words: &[String]) -> redis::RedisResult<redis::Value> {
    let mut admin = redis_client::connect(url).await.unwrap();
    let mut command = redis::cmd(&words[0]);
    for word in &words[1..] {
        command.arg(word);
    }
    command.query_async(&mut admin).await
}

#[tokio::test]
async fn the_user_that_is_written_down_may_do_all_that_is_needed_and_notices_a_restart() {
    let mut services = Services::private().await.unwrap();
    let url = services.redis_url().to_owned();
    let builder = slow(63, &url).await;
    let mut pipeline = builder
        .set("REDIS_URL", url.replace("redis://", "redis://okki:password@"))
        .start()
        .await;
    let user = documented_user(&pipeline.namespace.to_string());
    tell(&url, &user).await.unwrap();
    let [_, _, loader] = pipeline.run_all();
    pipeline.rows(LIMIT, 100).await;
    let said = pipeline.tool(Service::Loader, &["doctor"]).await.unwrap();
    assert!(said.contains("INFO is not permitted"), "{said}");

    // What was written since then is lost, and the users with it.
    services.redis().unwrap().remember().unwrap();
    pipeline.rows(LIMIT, 160).await;
    services.redis().unwrap().restart_as_remembered().await.unwrap();
    tell(&url, &user).await.unwrap();
    pipeline.simulator.change(10);
    ends_well(&mut pipeline).await;
    let begun = pipeline[loader]
        .log()
        .matches("an index of the form is begun")
        .count();
    assert_eq!(
        begun,
        2,
        "once at first, and once after the restart:\n{}",
        pipeline[loader].log()
    );

    // Whether INFO may be called is found out by calling it, the client library names itself where it may, and between
    // restart and user nobody may sign in.
    let log = tell(&url, &["ACL".to_owned(), "LOG".to_owned()]).await.unwrap();
    let log: Vec<HashMap<String, redis::Value>> = redis::from_redis_value(log).unwrap();
    let refused = log.into_iter().map(|mut entry| entry.remove("object").unwrap());
    let refused: BTreeSet<String> = refused
        .map(|object| redis::from_redis_value(object).unwrap())
        .collect();
    let known = ["info", "client|setinfo", "AUTH", "auth"].map(str::to_owned);
    assert!(refused.is_subset(&known.into()), "{refused:?}");
}
