//! Wishes wait in order, one of each lane is under way, whoever dies leaves his to the next, and what nobody takes expires.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use std::time::Duration;

use kit::wait::{eventually, expect};
use pipeline::names::Namespace;
use pipeline::shutdown::Shutdown;
use pipeline::stage::Stage;
use pipeline::wish::{
    Ask, Asked, Decisions, Error, Servant, Served, Server, State, Taken, Wish, WishKind, Wishes, serve,
};
use tokio::sync::Semaphore;

use crate::support;

const LIMIT: Duration = Duration::from_secs(30);
const TERM: Duration = Duration::from_millis(900);
const LANES: [&str; 2] = ["list-now", "period"];

fn wishes(namespace: &Namespace) -> Wishes {
    Wishes::new(support::store(), namespace)
}

async fn ask(wishes: &Wishes, kind: WishKind) -> Asked {
    wishes.ask(Ask::new(kind, "li", "a test")).await.unwrap()
}

const fn period(from: i64) -> WishKind {
    WishKind::Period {
        from: 1_700_000_000 + from,
        to: 1_700_001_000,
    }
}

/// Does wishes when it is let.
#[derive(Clone)]
struct Slow {
    leave: Arc<Semaphore>,
    at_once: Arc<AtomicU32>,
    most: Arc<AtomicU32>,
}

impl Slow {
    fn new(leave: usize) -> Self {
        Self {
            leave: Arc::new(Semaphore::new(leave)),
            at_once: Arc::default(),
            most: Arc::default(),
        }
    }
}

impl Servant for Slow {
    async fn serve(&self, taken: &Taken) -> Served {
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        taken.tell("halfway");
        self.leave.acquire().await.unwrap().forget();
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        Served::done("it is done".to_owned(), [("rows", 7)])
    }
}

/// A replica that serves until its task is aborted, which is its death.
fn replica(
    namespace: &Namespace,
    name: &str,
    servant: Slow,
    shutdown: &Shutdown,
) -> tokio::task::JoinHandle<()> {
    let server = Server {
        wishes: wishes(namespace),
        lanes: LANES.to_vec(),
        instance: name.to_owned(),
        term: TERM,
        gate: None,
        shutdown: shutdown.clone(),
    };
    tokio::spawn(serve(server, servant))
}

fn shutdown() -> Shutdown {
    Shutdown::manual(Duration::from_secs(5))
}

async fn until(wishes: &Wishes, id: &str, what: &str, is_so: impl Fn(&Wish) -> bool) -> Wish {
    eventually(LIMIT, what, async || {
        let wish = wishes.load(id).await.unwrap();
        expect(is_so(&wish), || format!("{wish:?}")).map(|()| wish)
    })
    .await
}

#[tokio::test]
async fn the_same_wish_is_asked_for_once_while_it_waits() {
    let wishes = wishes(&support::namespace());
    let first = ask(&wishes, WishKind::ListNow).await;
    let again = ask(&wishes, WishKind::ListNow).await;
    let other = ask(&wishes, period(1)).await;
    assert!(first.is_new && !again.is_new && other.is_new);
    assert_eq!(first.wish.id, again.wish.id);
    let listed: Vec<String> = wishes
        .list(10)
        .await
        .unwrap()
        .into_iter()
        .map(|wish| wish.id)
        .collect();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let gone = wishes.cancel(&first.wish.id, "han").await.unwrap();
    assert_eq!(
        (gone.state, &*gone.outcome),
        (State::Cancelled, "cancelled by han")
    );
    assert!(
        ask(&wishes, WishKind::ListNow).await.is_new,
        "the cancelled one waits no more"
    );
    let refused = wishes.cancel(&first.wish.id, "han").await;
    assert!(matches!(refused, Err(Error::NotWaiting { .. })), "{refused:?}");
    assert!(matches!(wishes.load("w-none").await, Err(Error::Unknown(_))));
    assert!(matches!(
        wishes.cancel("w-none", "han").await,
        Err(Error::Unknown(_))
    ));
}

#[tokio::test]
async fn one_wish_of_a_lane_is_under_way_and_another_lane_does_not_wait_for_it() {
    let namespace = support::namespace();
    let wishes = wishes(&namespace);
    let first = ask(&wishes, period(1)).await.wish;
    let second = ask(&wishes, period(2)).await.wish;
    let (slow, stop) = (Slow::new(0), shutdown());
    let replicas = ["a", "b"].map(|name| replica(&namespace, name, slow.clone(), &stop));
    until(&wishes, &first.id, "the first is taken", |wish| {
        wish.progress == "halfway"
    })
    .await;
    let now = ask(&wishes, WishKind::ListNow).await.wish;
    until(&wishes, &now.id, "another lane goes on", |wish| {
        wish.state == State::Taken
    })
    .await;
    assert_eq!(wishes.load(&second.id).await.unwrap().state, State::Waiting);
    slow.leave.add_permits(3);
    let done = until(&wishes, &second.id, "the second is done", |wish| {
        wish.state == State::Done
    })
    .await;
    assert_eq!(
        (&*done.outcome, done.counts["rows"], done.takes),
        ("it is done", 7, 1)
    );
    assert!(done.ended_ms >= done.taken_ms && done.taken_ms.is_some());
    assert_eq!(slow.most.load(Ordering::SeqCst), 2, "one of each lane");
    stop.trigger();
    for replica in replicas {
        replica.await.unwrap();
    }
}

#[tokio::test]
async fn a_wish_of_a_dead_replica_goes_to_the_next_and_is_given_up_after_five() {
    let namespace = support::namespace();
    let wishes = wishes(&namespace);
    let id = ask(&wishes, WishKind::ListNow).await.wish.id;
    let (slow, stop) = (Slow::new(0), shutdown());
    for takes in 1..=5 {
        let name = format!("replica-{takes}");
        let dies = replica(&namespace, &name, slow.clone(), &stop);
        let wish = until(&wishes, &id, "the next has it", |wish| wish.takes == takes).await;
        assert_eq!(wish.instance.as_deref(), Some(&*name));
        dies.abort();
    }
    let last = replica(&namespace, "last", slow, &stop);
    let wish = until(&wishes, &id, "it is given up", |wish| wish.state == State::Failed).await;
    assert!(wish.outcome.contains("taken 5 times"), "{wish:?}");
    stop.trigger();
    last.await.unwrap();
}

#[tokio::test]
async fn a_replica_that_ends_puts_its_wish_back() {
    let namespace = support::namespace();
    let wishes = wishes(&namespace);
    let id = ask(&wishes, WishKind::ListNow).await.wish.id;
    let (slow, stop) = (Slow::new(0), shutdown());
    let first = replica(&namespace, "first", slow.clone(), &stop);
    until(&wishes, &id, "it is taken", |wish| wish.state == State::Taken).await;
    stop.trigger();
    first.await.unwrap();
    assert_eq!(wishes.load(&id).await.unwrap().state, State::Waiting);
    slow.leave.add_permits(1);
    let stop = shutdown();
    let second = replica(&namespace, "second", slow, &stop);
    let wish = until(&wishes, &id, "it is done", |wish| wish.state == State::Done).await;
    assert_eq!((wish.takes, wish.instance.as_deref()), (2, Some("second")));
    stop.trigger();
    second.await.unwrap();
}

#[tokio::test]
async fn what_nobody_takes_expires_and_too_many_are_refused() {
    let wishes = wishes(&support::namespace());
    let brief = Ask {
        patience: Duration::from_millis(1),
        ..Ask::new(WishKind::ReadForm, "li", "a test")
    };
    let id = wishes.ask(brief).await.unwrap().wish.id;
    let wish = until(&wishes, &id, "it expires", |wish| wish.state == State::Expired).await;
    assert!(wish.outcome.contains("no loader runs"), "{wish:?}");
    for from in 0..100 {
        assert!(ask(&wishes, period(from)).await.is_new);
    }
    let refused = wishes.ask(Ask::new(period(500), "li", "a test")).await;
    assert!(matches!(refused, Err(Error::TooMany(100))), "{refused:?}");
}

#[tokio::test]
async fn decisions_stand_until_another_one() {
    let decisions = Decisions::new(support::store(), &support::namespace());
    assert!(decisions.decisions().await.unwrap().is_empty());
    let paused = decisions
        .decide_pause(Stage::Load, " li ", "the form\nchanges")
        .await
        .unwrap();
    assert_eq!(
        (&*paused.by, &*paused.reason, paused.paused),
        ("li", "the form changes", true)
    );
    assert!(paused.since_ms > 0);
    decisions.decide_resume(Stage::Extract, "han").await.unwrap();
    let all = decisions.decisions().await.unwrap();
    let stands: Vec<_> = all
        .iter()
        .map(|decision| (decision.stage, decision.paused))
        .collect();
    assert_eq!(stands, [(Stage::Extract, false), (Stage::Load, true)]);
    assert_eq!(all[1], paused);
    let refused = decisions.decide_pause(Stage::Load, "li", " ").await;
    assert!(matches!(refused, Err(Error::NoReason)), "{refused:?}");
    decisions.decide_resume(Stage::Load, "han").await.unwrap();
    assert!(
        decisions
            .decisions()
            .await
            .unwrap()
            .iter()
            .all(|decision| !decision.paused)
    );
}
