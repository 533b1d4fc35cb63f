//! Days of polling in a moment: how fast, how much, and how long a change waits.

use super::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

const DAY_MS: i64 = 86_400_000;

fn tempo() -> Tempo {
    Tempo {
        quiet: Duration::from_secs(10),
        longest: Duration::from_secs(300),
        share: 10,
        per_second: 10.0,
        daily: None,
    }
}

/// What Redis does with a charge.
fn keep(after: PollState, charge: Charge, now_ms: i64) -> PollState {
    let paid = after.paid_ms.max(now_ms - charge.burst_ms) + charge.cost_ms;
    PollState {
        paid_ms: paid,
        redis_ms: now_ms,
        ..after
    }
}

fn at(state: &PollState, now_ms: i64) -> PollState {
    PollState {
        redis_ms: now_ms,
        ..state.clone()
    }
}

/// The instants at which polls of one call are made in this time while nothing changes.
fn idle(tempo: &Tempo, from_ms: i64, until_ms: i64) -> Vec<i64> {
    let (mut state, mut now, mut polls) = (PollState::default(), from_ms, Vec::new());
    while now < until_ms {
        let wait = tempo.wait(&at(&state, now));
        if !wait.is_zero() {
            now += ms(wait);
            continue;
        }
        polls.push(now);
        let used = polls.len() as u64;
        let left = Duration::from_millis((until_ms - now).unsigned_abs());
        let charge = tempo.charge(1, Some(Today { used, left }));
        state = keep(tempo.after_poll(&state, Found::Nothing, now), charge, now);
    }
    polls
}

#[test]
fn the_interval_grows_while_nothing_changes_and_falls_after_changes() {
    let tempo = tempo();
    let polls = idle(&tempo, DAY_MS, DAY_MS + 120_000);
    let gaps: Vec<_> = polls.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!(gaps[..5], [3_000, 4_500, 6_750, 10_000, 10_000]);
    assert!(gaps[5..].iter().all(|gap| *gap == 10_000));

    let quiet = PollState {
        interval_ms: 10_000,
        why: Some(Why::Quiet),
        ..PollState::default()
    };
    let found = tempo.after_poll(&quiet, Found::Changes { run_in_ms: 4_000 }, 50_000);
    assert_eq!((found.run_at_ms, found.next_ms), (Some(54_000), 56_000));
    let (listed, answers) = tempo.after_run(&found, 54_100, 3, 54_500);
    assert!(answers && listed.run_at_ms.is_none());
    assert_eq!(
        (listed.interval_ms, listed.next_ms, listed.why),
        (2_000, 56_500, Some(Why::Changes))
    );
    // A run that began before does not answer.
    let (early, answers) = tempo.after_run(&found, 53_999, 3, 54_500);
    assert!(!answers && early.run_at_ms == Some(54_000));
}

#[test]
fn a_day_without_changes_costs_at_most_the_share() {
    let calls = |tempo: &Tempo| idle(tempo, 20 * DAY_MS, 21 * DAY_MS).len() as u64;
    let free = calls(&tempo());
    assert!(free <= 864_000 / 10 && (8_600..8_700).contains(&free), "{free}");
    for daily in [50, 1_000, 20_000, 50_000, 1_000_000] {
        let tempo = Tempo {
            daily: Some(daily),
            longest: Duration::from_secs(86_400),
            ..tempo()
        };
        let made = calls(&tempo);
        assert!(made <= daily / 10, "{made} of {daily}");
        assert!(made >= (daily / 14).min(8_000), "{made} of {daily}");
    }
    let slow = Tempo {
        per_second: 0.1,
        ..tempo()
    };
    let made = calls(&slow);
    assert!(made <= 864 + 20, "{made} of 864 and what is saved up once");
}

#[test]
fn what_is_left_of_the_day_counts() {
    let tempo = Tempo {
        daily: Some(100_000),
        ..tempo()
    };
    let cost = |used, left| {
        let left = Duration::from_secs(left);
        tempo.charge(1, Some(Today { used, left })).cost_ms
    };
    let fresh = tempo.charge(1, None).cost_ms;
    assert_eq!(cost(0, 86_400), fresh);
    // Half of the day and much of it left: no faster than the whole day allows.
    assert_eq!(cost(10_000, 43_200), fresh);
    assert_eq!(cost(99_000, 43_200), 432_000);
    assert_eq!(cost(100_000, 43_200), NEVER_MS as i64);
    assert_eq!(cost(u64::MAX, 0), NEVER_MS as i64);
}

#[test]
fn where_the_share_is_less_than_the_schedule_there_are_no_polls() {
    let tempo = Tempo {
        daily: Some(1_000),
        ..tempo()
    };
    // Ten calls are saved up; then each takes longer than EVERY, whose runs come first.
    let polls = idle(&tempo, DAY_MS, DAY_MS + 3_600_000);
    assert!((8..=14).contains(&polls.len()), "{polls:?}");
    let gap = polls[polls.len() - 1] - polls[polls.len() - 2];
    assert!(gap > ms(tempo.longest), "{gap}");
}

#[test]
fn failures_wait_longer_each_time_and_ask_once_for_a_run() {
    let tempo = tempo();
    let failure = |asks, rest| Found::Failure { rest, asks };
    let (mut state, mut intervals, mut asked) = (PollState::default(), Vec::new(), Vec::new());
    for _ in 0..9 {
        state = tempo.after_poll(&state, failure(true, None), 1_000_000);
        intervals.push(state.interval_ms);
        asked.push(state.run_at_ms.take().is_some());
    }
    assert_eq!(
        intervals,
        [
            4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000
        ]
    );
    assert_eq!(asked.iter().filter(|asked| **asked).count(), 1);
    assert!(asked[2]);
    // A run between does not make polls good, nor faster.
    let (after, _) = tempo.after_run(&state, 1_000_001, 5, 1_000_002);
    assert_eq!((after.interval_ms, after.why), (300_000, Some(Why::Failing)));
    let good = tempo.after_poll(&state, Found::Nothing, 1_000_000);
    assert_eq!((good.interval_ms, good.failures), (10_000, 0));
    let told = tempo.after_poll(
        &PollState::default(),
        failure(false, Some(Duration::from_secs(45))),
        0,
    );
    assert_eq!(told.interval_ms, 45_000);
    let limited = (0..5).fold(PollState::default(), |state, _| {
        tempo.after_poll(&state, failure(false, None), 0)
    });
    assert_eq!(limited.run_at_ms, None);
}

#[test]
fn changes_that_runs_do_not_find_make_polls_rare() {
    let tempo = tempo();
    let mut state = PollState::default();
    let mut intervals = Vec::new();
    for _ in 0..8 {
        state = tempo.after_poll(&state, Found::Changes { run_in_ms: 0 }, 1_000_000);
        (state, _) = tempo.after_run(&state, 1_000_000, 0, 1_000_000);
        intervals.push(state.interval_ms);
    }
    assert_eq!(
        intervals,
        [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]
    );
    assert_eq!(state.why, Some(Why::Vain));
    assert_eq!(tempo.after_poll(&state, Found::Nothing, 0).vain, 0);
    assert_eq!(tempo.after_run(&state, 1_000_000, 1, 1_000_000).0.vain, 0);
}

#[test]
fn a_time_of_another_clock_is_no_reason_to_wait() {
    let tempo = tempo();
    let state = |next_ms, paid_ms| PollState {
        next_ms,
        paid_ms,
        redis_ms: DAY_MS,
        ..PollState::default()
    };
    assert_eq!(tempo.wait(&state(DAY_MS + 300_000, 0)), tempo.longest);
    assert_eq!(tempo.wait(&state(DAY_MS, DAY_MS)), Duration::ZERO);
    for far in [30 * DAY_MS, i64::MAX] {
        assert_eq!(tempo.wait(&state(far, 0)), Duration::ZERO);
        assert_eq!(tempo.wait(&state(0, far)), Duration::ZERO);
    }
}

/// Changes at random, a run for each time that polls ask for one: how long each waits from the change to the run that lists it.
fn waits(tempo: &Tempo, mean_gap_s: f64, changes: usize, seed: u64) -> (Vec<i64>, u64, i64) {
    const SETTLE_MS: i64 = 5_000;
    let mut dice = StdRng::seed_from_u64(seed);
    let mut times = vec![DAY_MS];
    for _ in 0..changes {
        let gap = -mean_gap_s * (1.0 - dice.random::<f64>()).ln() * 1_000.0;
        times.push(times[times.len() - 1] + gap as i64 + 1);
    }
    let (mut state, mut now, mut calls, mut listed) = (PollState::default(), DAY_MS, 0_u64, 0);
    let mut waits = Vec::new();
    let mut begun = now;
    while listed < times.len() {
        // As the leader does: a run that is wanted or due, else a poll that is due, else the next of them.
        let run_at = state.run_at_ms.unwrap_or(i64::MAX).min(begun + ms(tempo.longest));
        if now >= run_at {
            begun = now;
            let visible = times.partition_point(|time| time / 1_000 * 1_000 <= now - SETTLE_MS);
            let fresh = visible.saturating_sub(listed);
            waits.extend(times[listed..listed + fresh].iter().map(|time| now - time));
            listed += fresh;
            let (after, answers) = tempo.after_run(&state, now, fresh as u64, now);
            let cost = if answers { 3 } else { 0 };
            calls += 3;
            state = keep(after, tempo.charge(cost, None), now);
            continue;
        }
        let wait = tempo.wait(&at(&state, now));
        if !wait.is_zero() {
            now = (now + ms(wait)).min(run_at);
            continue;
        }
        calls += 1;
        let shown = times.partition_point(|time| *time <= now);
        let found = match times[listed..shown.max(listed)].first() {
            Some(oldest) => Found::Changes {
                run_in_ms: (oldest / 1_000 * 1_000 + SETTLE_MS - now).max(0),
            },
            None => Found::Nothing,
        };
        state = keep(tempo.after_poll(&state, found, now), tempo.charge(1, None), now);
    }
    waits.sort_unstable();
    (waits, calls, now - DAY_MS)
}

#[test]
fn a_change_is_listed_within_the_quiet_interval_whether_changes_are_rare_or_frequent() {
    for (gap_s, seed) in [(120.0, 1), (15.0, 2), (4.0, 3), (0.5, 4)] {
        let tempo = tempo();
        let (waits, calls, took_ms) = waits(&tempo, gap_s, 2_000, seed);
        let p99 = waits[waits.len() * 99 / 100];
        let per_s = calls as f64 * 1_000.0 / took_ms as f64;
        // What is left to 20 s is for the run, the detail and the stages behind.
        assert!(p99 <= 12_000, "one in {gap_s} s: {p99} ms");
        assert!(per_s <= 1.1, "one in {gap_s} s: {per_s} calls/s");
    }
}
