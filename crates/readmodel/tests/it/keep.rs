//! A keeper on a real broker: it follows the stream, sees letters in their queue, and heals what differs.

use crate::letters::found;
use kit::{
    wait::{eventually, expect},
    workbench::{OPTIONS, Workbench},
};
use pipeline::{failure::Failure, handler::Outcome, shutdown::Shutdown, stage::Stage};
use readmodel::{
    Model,
    keep::{Keeper, State},
    read::known::{self, Known},
};
use replay::{browse::Browser, letter::Letter, query::Query};
use std::{sync::Arc, time::Duration};

const LIMIT: Duration = Duration::from_secs(90);

struct Kept {
    model: Arc<Model>,
    state: Arc<State>,
    stop: Shutdown,
    thread: std::thread::JoinHandle<()>,
}

/// A keeper at work.
fn keep(bench: &Workbench, folder: &tempfile::TempDir) -> Kept {
    let model = Arc::new(Model::open(folder.path(), &bench.namespace).unwrap());
    let mut rt = bench.rt.clone();
    rt.shutdown = Shutdown::manual(Duration::from_secs(5));
    let stop = rt.shutdown.clone();
    let keeper = Keeper::new(rt, Arc::clone(&model), Duration::ZERO);
    let (state, runtime) = (keeper.state(), tokio::runtime::Handle::current());
    Kept {
        model,
        state,
        stop,
        thread: std::thread::spawn(move || runtime.block_on(keeper.run())),
    }
}

impl Kept {
    fn end(self) {
        self.stop.trigger();
        self.thread.join().unwrap();
    }

    fn known(&self) -> Known {
        self.model
            .read(|connection| known::known(connection, Stage::Extract))
            .unwrap()
    }

    fn found(&self, query: &Query) -> Vec<String> {
        found(&self.model, Stage::Extract, query)
    }

    async fn until(&self, letters: i64) {
        let text: Query = "text=nothing".parse().unwrap();
        eventually(LIMIT, "the read model knows all letters", async || {
            let known = self.known();
            let whole = self.state.is_current() && known.answers(&text) && known.letters == letters;
            expect(whole, || {
                format!("{known:?}, current: {}", self.state.is_current())
            })
        })
        .await;
    }
}

async fn die(bench: &Workbench, ids: std::ops::Range<usize>, total: u32) {
    bench.publish(ids).await;
    let running = bench.consume(OPTIONS, |_, job| {
        let code = ["odd", "even"][usize::from(job.message.company_id.ends_with(['0', '2', '4', '6', '8']))];
        Outcome::Dead(Failure::new(
            code,
            format!("no customer {}", job.message.company_id),
        ))
    });
    bench.until_depth(&bench.dead(), total).await;
    running.stop().await;
}

async fn all(bench: &Workbench) -> Vec<Letter> {
    let mut browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
    let (mut letters, mut taken) = (Vec::new(), Vec::new());
    while let Some(next) = browser.next().await.unwrap() {
        letters.push(next.letter.clone());
        taken.push(next);
    }
    browser.close().await.unwrap();
    letters
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_says_what_the_queue_says_before_and_after_it_has_walked() {
    let bench = Workbench::new().await;
    let folder = tempfile::tempdir().unwrap();
    // Died before anybody kept anything.
    die(&bench, 0..40, 40).await;
    let kept = keep(&bench, &folder);
    kept.until(40).await;
    // And while it follows.
    die(&bench, 40..60, 60).await;
    kept.until(60).await;
    let letters = all(&bench).await;
    for text in [
        "code=odd",
        "not code=odd",
        "key=7,42",
        "text=\"customer 5\"",
        "text=run and code=even",
        "id~2",
    ] {
        let query: Query = text.parse().unwrap();
        let mut expected: Vec<_> = letters
            .iter()
            .filter(|letter| query.matches(letter))
            .map(|letter| letter.record.id.clone())
            .collect();
        let mut found = kept.found(&query);
        expected.sort();
        found.sort();
        assert!(!expected.is_empty(), "{text}");
        assert_eq!(found, expected, "{text}");
    }
    kept.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_heals_what_went_behind_its_back() {
    let bench = Workbench::new().await;
    let folder = tempfile::tempdir().unwrap();
    die(&bench, 0..30, 30).await;
    let kept = keep(&bench, &folder);
    kept.until(30).await;
    // Somebody purges a part of the queue at the broker's console: no event says so.
    let mut browser = Browser::open(&bench.rt.broker, Stage::Extract).await.unwrap();
    let (mut gone, mut taken) = (Vec::new(), Vec::new());
    while let Some(next) = browser.next().await.unwrap() {
        if gone.len() < 10 {
            assert!(next.remove().await);
            gone.push(next.letter.record.id.clone());
        }
        taken.push(next);
    }
    browser.flush().await.unwrap();
    browser.close().await.unwrap();
    kept.until(20).await;
    let found = kept.found(&Query::Everything);
    assert!(gone.iter().all(|id| !found.contains(id)), "{found:?}");
    kept.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_rebuilt_and_one_that_is_there_goes_on() {
    let bench = Workbench::new().await;
    let folder = tempfile::tempdir().unwrap();
    die(&bench, 0..20, 20).await;
    let kept = keep(&bench, &folder);
    kept.until(20).await;
    let sum = |kept: &Kept| {
        let minutes = kept
            .model
            .read(|connection| readmodel::read::sums::minutes(connection, 0, 9_999))
            .unwrap();
        minutes.iter().map(|minute| minute.count.events).sum::<i64>()
    };
    let before = sum(&kept);
    let path = kept.model.path().to_owned();
    kept.end();
    for again in [false, true] {
        if again {
            std::fs::remove_file(&path).unwrap();
        }
        let kept = keep(&bench, &folder);
        kept.until(20).await;
        eventually(LIMIT, "every event, once", async || {
            let sum = sum(&kept);
            expect(sum == before, || format!("{sum} of {before}"))
        })
        .await;
        kept.end();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_deleted_while_it_is_open_is_made_anew() {
    let bench = Workbench::new().await;
    let folder = tempfile::tempdir().unwrap();
    die(&bench, 0..5, 5).await;
    let kept = keep(&bench, &folder);
    kept.until(5).await;
    std::fs::remove_dir_all(folder.path()).unwrap();
    eventually(LIMIT, "the file is there again", async || {
        expect(kept.model.is_there(), || "it is gone".to_owned())
    })
    .await;
    die(&bench, 5..8, 8).await;
    kept.until(8).await;
    assert_eq!(kept.found(&Query::Everything).len(), 8);
    kept.end();
}
