//! `kill -9` at any moment of a replay loses nothing and doubles nothing.

use crate::{
    config::{NAMESPACE, PLAN, kills, letters, setting},
    letters::{ids, references, workspace},
    plans::planned,
};
use kit::{
    config::common,
    workbench::{OPTIONS, Workbench},
};
use pipeline::{
    consumer::ConsumerOptions, disposition::Disposition, failure::Failure, handler::Outcome,
    service::Runtime, shutdown::Shutdown, stage::Stage,
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use replay::{
    browse::Filter,
    plan::{State, options::Options, rate::Rate, run::run},
    query::Query,
    workspace::Workspace,
};
use std::{
    collections::HashMap,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// The process that is killed: this test binary, started by the test below.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs only as a child of the test that kills it"]
async fn child() {
    let Some(namespace) = setting(NAMESPACE) else {
        return;
    };
    let common = common(&namespace);
    let rt = Runtime::assemble("replayer", &common, Shutdown::manual(common.drain_deadline)).unwrap();
    let workspace = Workspace::new(rt, Stage::Extract);
    let plan = workspace
        .plans()
        .load(&setting(PLAN).unwrap())
        .await
        .unwrap()
        .unwrap();
    let options = plan.options.clone();
    run(&workspace, plan, &options, &mut |_| {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_killed_again_and_again_ends_with_every_record_once() {
    let (letters, kills) = (letters(2_000), kills(4));
    let bench = Workbench::new().await;
    let others = 50;
    references(&bench, 0..letters, |_| Failure::new("broken", "for good")).await;
    references(&bench, letters..letters + others, |_| {
        Failure::new("other", "for good")
    })
    .await;

    // What the form would count: how often each customer was really written.
    let ledger: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
    let written = Arc::clone(&ledger);
    let seen: Arc<Mutex<u64>> = Arc::default();
    let count = Arc::clone(&seen);
    let options = ConsumerOptions {
        batch_max: 100,
        concurrency: 4,
        ..OPTIONS
    };
    let running = bench.consume(options, move |_, job| {
        *count.lock().unwrap() += 1;
        let mut ledger = written.lock().unwrap();
        let writes = ledger.entry(job.message.company_id.clone()).or_default();
        if *writes > 0 {
            return Outcome::done(Disposition::Unchanged);
        }
        *writes += 1;
        Outcome::done(Disposition::Loaded)
    });

    let spread = u16::try_from(letters / (kills + 1)).unwrap() * 2;
    let options = Options {
        rate: Some(Rate::from(spread)),
        ..Options::default()
    };
    let filter = Filter::from("code=broken".parse::<Query>().unwrap());
    let plan = planned(&bench, &filter, options).await;
    let plans = workspace(&bench, Stage::Extract).plans();
    let mut dice = SmallRng::seed_from_u64(6);
    let begin = Instant::now();
    let mut done = 0;
    loop {
        let before = plans.load(&plan.id).await.unwrap().unwrap();
        if before.state == State::Complete {
            break;
        }
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--ignored", "--nocapture"])
            .envs([(NAMESPACE, bench.namespace.as_str()), (PLAN, plan.id.as_str())])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        if done == kills {
            assert!(child.wait().unwrap().success());
            continue;
        }
        // Somewhere while it is at work.
        while plans.load(&plan.id).await.unwrap().unwrap().sent == before.sent
            && child.try_wait().unwrap().is_none()
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_micros(dice.random_range(0..400_000))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        done += 1;
    }
    let plan = plans.load(&plan.id).await.unwrap().unwrap();
    running.stop().await;
    assert_eq!(
        plan.count([Disposition::Loaded]),
        letters as u64,
        "{:?}",
        plan.outcomes
    );
    assert_eq!(
        (plan.sent, plan.known(), plan.failed()),
        (letters as u64, letters as u64, 0)
    );
    {
        let ledger = ledger.lock().unwrap();
        assert_eq!(ledger.len(), letters);
        assert!(ledger.values().all(|writes| *writes == 1));
    }
    let left = ids(&bench, Stage::Extract).await;
    assert_eq!(left.len(), others, "what was not meant never moved");
    let seen = *seen.lock().unwrap();
    eprintln!(
        "{letters} letters, {done} kills, {} copies sent twice, {:.1} s",
        seen - letters as u64,
        begin.elapsed().as_secs_f64()
    );
}
