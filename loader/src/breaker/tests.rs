//! Whom refusals are blamed on, and how a tripped breaker is tried out.

use std::time::{Duration, Instant};

use pipeline::gate::Pause;

use super::*;

const CREATE: Kind = Kind::Create;

fn refused(breaker: &Breaker, company: &str, guess: Guess) -> Verdict {
    breaker.refused(
        CREATE,
        company,
        "4007",
        guess,
        (Instant::now(), Instant::now(), 1),
    )
}

#[test]
fn a_row_is_at_fault_when_others_landed_since_it_was_refused_first() {
    let breaker = Breaker::default();
    let first = Instant::now();
    breaker.succeeded(CREATE, first - Duration::from_millis(1));
    assert_eq!(
        refused(&breaker, "a", Guess::Row),
        Verdict::Wait,
        "that was before"
    );
    breaker.succeeded(Kind::Update, first + Duration::from_secs(1));
    assert_eq!(
        refused(&breaker, "a", Guess::Row),
        Verdict::Wait,
        "that was an update"
    );
    breaker.succeeded(CREATE, Instant::now());
    assert_eq!(breaker.wait_of("a"), Duration::ZERO, "it can be decided now");
    assert_eq!(refused(&breaker, "a", Guess::Row), Verdict::Row);
    // A replay that changes nothing is judged at once, another answer anew.
    assert_eq!(refused(&breaker, "a", Guess::Row), Verdict::Row);
    assert_eq!(
        breaker.refused(
            CREATE,
            "a",
            "5059",
            Guess::Row,
            (Instant::now(), Instant::now(), 1)
        ),
        Verdict::Wait
    );
    // In company it was refused before the others landed.
    breaker.succeeded(CREATE, Instant::now());
    let verdict = breaker.refused(CREATE, "b", "4007", Guess::Row, (first, Instant::now(), 1));
    assert_eq!(verdict, Verdict::Row);
}

#[test]
fn a_page_may_be_bad_luck_although_others_land() {
    let breaker = Breaker::default();
    for expected in [Verdict::Wait, Verdict::Wait, Verdict::Row] {
        assert_eq!(refused(&breaker, "a", Guess::Unclear), expected);
        breaker.succeeded(CREATE, Instant::now());
        assert_eq!(breaker.wait_of("a").is_zero(), expected == Verdict::Row);
    }
    for n in 0..2 * HANDFUL {
        breaker.succeeded(CREATE, Instant::now());
        assert_eq!(refused(&breaker, &n.to_string(), Guess::Unclear), Verdict::Wait);
        breaker.forget(&n.to_string());
    }
}

#[test]
fn being_put_off_is_held_against_a_row_only_when_chance_cannot_explain_it() {
    let breaker = Breaker::default();
    let first = Instant::now();
    let verdict = |company| {
        let refused = (first, Instant::now(), 2);
        breaker.refused(CREATE, company, "8303", Guess::Busy, refused)
    };
    // Everybody is put off three times of four: so is this row.
    for _ in 0..10 {
        breaker.succeeded(CREATE, Instant::now());
        // Two of these are its own.
        (0..5).for_each(|_| breaker.put_off(CREATE));
        assert_eq!(verdict("a"), Verdict::Wait);
    }
    // Hundreds land, and this one never does; its own are not held against the others.
    for _ in 0..400 {
        breaker.succeeded(CREATE, Instant::now());
    }
    (0..2).for_each(|_| breaker.put_off(CREATE));
    assert_eq!(verdict("b"), Verdict::Wait, "once proves nothing");
    let tries = (0..20).position(|_| verdict("b") == Verdict::Row);
    assert!(tries.is_some_and(|tries| tries < 6), "{tries:?}");
    // With nothing to compare it with it is about everybody.
    let breaker = Breaker::default();
    let verdict = || breaker.refused(CREATE, "a", "8303", Guess::Busy, (first, Instant::now(), 2));
    assert_eq!([verdict(), verdict()], [Verdict::Wait, Verdict::Everybody]);
}

#[test]
fn a_row_alone_is_tried_with_growing_waits_and_then_given_up() {
    let breaker = Breaker::default();
    let mut longest = Duration::ZERO;
    for _ in 1..TRIES {
        assert_eq!(refused(&breaker, "a", Guess::Unclear), Verdict::Wait);
        let wait = breaker.wait_of("a");
        assert!(wait > longest, "{wait:?} after {longest:?}");
        longest = wait;
    }
    assert_eq!(refused(&breaker, "a", Guess::Unclear), Verdict::Row);
}

#[test]
fn a_handful_of_different_customers_is_not_about_them() {
    let breaker = Breaker::default();
    let many = |from: usize, count: usize| {
        (from..from + count).fold(Verdict::Wait, |_, n| {
            refused(&breaker, &n.to_string(), Guess::Row)
        })
    };
    assert_eq!(many(0, HANDFUL - 1), Verdict::Wait);
    breaker.succeeded(CREATE, Instant::now());
    assert_eq!(
        many(10, HANDFUL - 1),
        Verdict::Wait,
        "something landed in between"
    );
    assert_eq!(many(20, 1), Verdict::Everybody);
    assert_eq!(many(30, 50), Verdict::Everybody, "until something lands");
    assert_eq!(
        refused(&breaker, "0", Guess::Row),
        Verdict::Row,
        "that one is known"
    );
    breaker.succeeded(CREATE, Instant::now());
    assert_eq!(many(100, 1), Verdict::Wait);
    assert_eq!(
        refused(&breaker, "x", Guess::Plan),
        Verdict::Everybody,
        "a plan is everybody's"
    );
}

#[tokio::test]
async fn a_tripped_breaker_lets_a_few_through_until_one_succeeds() {
    let breaker = Breaker::default();
    assert!(matches!(breaker.admit(CREATE, true), Admission::Free));
    assert!(breaker.trip(CREATE, Pause::Quota, "7221"));
    assert!(!breaker.trip(CREATE, Pause::Quota, "7221"), "it is known");
    assert!(matches!(
        breaker.admit(CREATE, true),
        Admission::Closed(Pause::Quota, _)
    ));
    assert!(matches!(breaker.admit(Kind::Update, true), Admission::Free));
    let trying = tokio::spawn({
        let breaker = breaker.clone();
        async move { breaker.end_of(breaker.begin_trial(CREATE), CREATE).await }
    });
    let admitted = async || loop {
        match breaker.admit(CREATE, true) {
            Admission::Trial(trial) => return trial,
            _ => tokio::task::yield_now().await,
        }
    };
    let trials = [admitted().await, admitted().await, admitted().await];
    assert!(
        matches!(breaker.admit(CREATE, true), Admission::Closed(..)),
        "no more"
    );
    assert!(!trying.is_finished(), "their ends are not known");
    drop(trials);
    assert!(!trying.await.unwrap());
    let trying = tokio::spawn({
        let breaker = breaker.clone();
        async move { breaker.end_of(breaker.begin_trial(CREATE), CREATE).await }
    });
    let trial = admitted().await;
    assert_eq!(breaker.succeeded(CREATE, Instant::now()), Some(Pause::Quota));
    drop(trial);
    assert!(trying.await.unwrap());
    assert!(matches!(breaker.admit(CREATE, true), Admission::Free));
}

#[tokio::test]
async fn the_last_try_is_for_somebody_who_was_not_refused_before() {
    let breaker = Breaker::default();
    breaker.refused_together(CREATE, ["a", "b"].into_iter());
    assert!(!breaker.is_stranger(CREATE, "a") && breaker.is_stranger(CREATE, "c"));
    breaker.trip(CREATE, Pause::Configuration, "4402");
    let seen = breaker.begin_trial(CREATE);
    for _ in 0..2 {
        assert!(matches!(breaker.admit(CREATE, false), Admission::Trial(_)));
    }
    assert!(matches!(breaker.admit(CREATE, false), Admission::Closed(..)));
    assert!(matches!(breaker.admit(CREATE, true), Admission::Trial(_)));
    assert!(!breaker.end_of(seen, CREATE).await);
    // Nobody else has come: it ends all the same.
    let seen = breaker.begin_trial(CREATE);
    drop(breaker.admit(CREATE, false));
    assert!(!breaker.end_of(seen, CREATE).await);
    assert!(matches!(breaker.admit(CREATE, true), Admission::Closed(..)));
    breaker.succeeded(CREATE, Instant::now());
    assert!(breaker.is_stranger(CREATE, "a"));
}

#[test]
fn what_one_row_has_tripped_ends_with_it() {
    let breaker = Breaker::default();
    breaker.trip(CREATE, Pause::Outage, "502");
    breaker.trip(Kind::Update, Pause::Outage, "502");
    assert_eq!(breaker.settle(CREATE), None, "updates fail, too");
    assert_eq!(breaker.settle(Kind::Update), Some(Pause::Outage));
    breaker.trip(CREATE, Pause::Outage, "502");
    for n in 0..HANDFUL {
        refused(&breaker, &n.to_string(), Guess::Row);
    }
    assert_eq!(breaker.settle(CREATE), None, "there are others");
}

#[test]
fn what_lands_after_the_last_refusal_says_nothing_about_the_row() {
    let breaker = Breaker::default();
    let at = |ms: u64| -> Instant { Instant::now() + Duration::from_millis(ms) };
    let (first, last) = (at(0), at(1_000));
    breaker.succeeded(CREATE, at(2_000));
    let judged = |refused| breaker.refused(CREATE, "a", "4007", Guess::Row, refused);
    assert_eq!(judged((first, last, 1)), Verdict::Wait, "the cause may be gone");
    assert_eq!(judged((first, at(3_000), 1)), Verdict::Row, "and it was not");
}
