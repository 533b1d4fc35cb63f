//! What is not as it should be with the listing of customers, and what to do about it.

use super::{
    facts::{Facts, LateChanges, Shortfall},
    judge::ago,
};
use crate::when;
use pipeline::doctor::Finding;

/// A part of the listing that is kept for longer is no matter of a moment; what cannot be read was asked for again already.
const KEPT_S: i64 = 5 * 60;
/// For how long it is told that changes were listed late.
const LATE_TOLD_MS: i64 = 86_400_000;
/// For how long it is told that a window was not shown whole.
const SHORT_TOLD_MS: i64 = 7 * 86_400_000;

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found: Vec<_> = listing(facts).into_iter().chain(nobody(facts)).collect();
    found.extend(short(facts));
    found.extend(kept(facts));
    found.extend(shown_late(facts));
    found
}

fn kept(facts: &Facts) -> Vec<Finding> {
    let for_s = |since: &i64| (facts.now_ms - since).max(0) / 1_000;
    let kept = facts.kept.iter().filter(|(_, since)| for_s(since) > KEPT_S);
    kept.chain(&facts.unread).map(|(reason, since)| {
        let seen = words::tr!(
            "a part of the listing waits for {}: {}",
            ago(for_s(since)),
            when::retold(reason)
        );
        let remedy = words::text!(
            "nothing of it is lost, it is listed again and again; `extractor status` names it, look in OKKI why it is not shown"
        );
        Finding::risk(words::text!("listing"), seen, remedy)
    })
    .collect()
}

fn nobody(facts: &Facts) -> Option<Finding> {
    let since = facts.nobody?;
    let seen = words::tr!(
        "OKKI lists nobody any more since {}",
        when::time(since.saturating_mul(1_000))
    );
    let remedy = words::text!(
        "ask in OKKI whether the application may still see customers, and what the source document filters; listing begins there again as soon as it does"
    );
    Some(Finding::bad(words::text!("listing"), seen, remedy))
}

fn short(facts: &Facts) -> Vec<Finding> {
    let told = facts
        .short
        .iter()
        .filter(|short| facts.now_ms - short.at_ms <= SHORT_TOLD_MS);
    told.map(
        |Shortfall {
             short,
             expected,
             at_ms,
         }| {
            let seen = words::tr!(
                "OKKI counts {expected} customers and has shown {short} fewer of them, twice, {}",
                when::time(*at_ms)
            );
            let remedy = words::text!("`extractor reconcile` compares both; OKKI's total may be too large");
            Finding::risk(words::text!("listing"), seen, remedy)
        },
    )
    .collect()
}

fn shown_late(facts: &Facts) -> Option<Finding> {
    let LateChanges { late, oldest, at_ms } = facts.late?;
    if facts.now_ms - at_ms > LATE_TOLD_MS {
        return None;
    }
    let seen = words::tr!(
        "the listing showed {late} changes late, found {}, the oldest of {}",
        when::time(at_ms),
        when::time(oldest.saturating_mul(1_000))
    );
    let remedy = words::text!(
        "nothing of them is lost, looks back (LOOK_BACK) have fetched them; where it goes on, raise OVERLAP, and ask OKKI why its listing is behind"
    );
    Some(Finding::risk(words::text!("listing"), seen, remedy))
}

fn listing(facts: &Facts) -> Option<Finding> {
    let what = words::text!("listing");
    let Some(age_s) = facts.freshness().checkpoint_age_s else {
        return Some(Finding::risk(
            what,
            words::text!("nothing has been listed so far"),
            words::text!(
                "it begins as soon as an extractor runs and OKKI answers; `extractor doctor` says more"
            ),
        ));
    };
    // Clocks differ a little.
    if age_s < -60 {
        let seen = words::tr!("the checkpoint lies {} in the future", ago(-age_s));
        let remedy =
            words::text!("find out which clock was wrong, then `extractor checkpoint set TIME --reason WHY`");
        return Some(Finding::bad(what, seen, remedy));
    }
    (age_s > facts.checkpoint_limit_s).then(|| {
        let seen = words::tr!("nothing has been listed for {}", ago(age_s));
        let remedy =
            words::text!("`extractor status` shows the last runs, `extractor doctor` says what is wrong");
        Finding::bad(what, seen, remedy)
    })
}
