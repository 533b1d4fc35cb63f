//! The customers of a run on the screen, and those that a name may mean.

use super::table::{self, Column};
use crate::{
    trace::{Fate, RunStory, name::Hits},
    when::{time, zone_name},
};
use std::io::{Result, Write};

/// Customers of each kind that are shown; `--json` has all.
const MOST: usize = 20;

const CUSTOMERS: [Column; 2] = [Column("CUSTOMER", 24, false), Column("FATE", 10, false)];

const HITS: [Column; 2] = [Column("CUSTOMER", 24, false), Column("STAGE", 9, false)];

/// A fate in a word.
fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Failed => words::text!("failed"),
        Fate::Waiting => words::text!("waiting"),
        Fate::Filtered => words::text!("filtered"),
        Fate::Unlisted => words::text!("in no listing"),
        Fate::Missing => words::text!("missing"),
        Fate::Discarded => words::text!("discarded"),
        Fate::Done => words::text!("done"),
        Fate::Unknown => words::text!("not known"),
    }
}

pub(crate) fn run(out: &mut impl Write, story: &RunStory) -> Result<()> {
    table::fact(out, "run", &story.run_id)?;
    let counts = story
        .counts
        .iter()
        .map(|(fate, count)| format!("{count} {}", word(*fate)));
    let counts: Vec<_> = counts.collect();
    table::fact(
        out,
        "customers",
        &format!("{}: {}", story.customers(), counts.join(", ")),
    )?;
    if story.not_kept > 0 {
        let more = words::tr!(
            "{} more that are not done and are not kept apart; `dead groups` counts those that failed",
            story.not_kept
        );
        table::below(out, &more)?;
    }
    let (mut kind, mut shown) = (None, 0);
    for open in &story.open {
        if kind.is_none() {
            table::head(out, &CUSTOMERS, words::text!("NOW / NEXT"))?;
        }
        shown = if kind == Some(open.fate) { shown + 1 } else { 0 };
        kind = Some(open.fate);
        if shown == MOST {
            table::below(out, words::text!("… more of these: --json lists all"))?;
        }
        if shown >= MOST {
            continue;
        }
        let cells = vec![open.company_id.clone(), word(open.fate).to_owned()];
        table::row(out, &CUSTOMERS, cells)?;
        table::below(out, &open.standing.now)?;
        table::below(out, &open.standing.next)?;
    }
    extent(out, story)?;
    let next = story
        .open
        .first()
        .map(|open| words::tr!("trace {}", open.company_id));
    table::fact(out, "next:", &next.unwrap_or_default())
}

/// How far the account of events goes.
fn extent(out: &mut impl Write, story: &RunStory) -> Result<()> {
    let since = story.since.map(time).unwrap_or_default();
    writeln!(
        out,
        "{}",
        words::tr!("the events begin {since}; times are in {}", zone_name())
    )?;
    if story.lost > 0 {
        let lost = words::tr!(
            "{} events of all customers were lost while the broker took none; some may be missing here",
            story.lost
        );
        writeln!(out, "{lost}")?;
    }
    if story.unreadable > 0 {
        let newer = words::tr!("{} messages are of a newer version", story.unreadable);
        writeln!(out, "{newer}")?;
    }
    Ok(())
}

pub(crate) fn hits(out: &mut impl Write, name: &str, hits: &Hits) -> Result<()> {
    table::head(out, &HITS, words::text!("DEAD LETTER"))?;
    for hit in &hits.found {
        table::row(out, &HITS, vec![hit.company_id.clone(), hit.stage.to_owned()])?;
        table::below(out, &format!("{} {}", hit.letter_id, hit.code))?;
        table::below(out, &words::tr!("trace {}", hit.company_id))?;
    }
    let count = hits.found.len();
    let told = match hits.more {
        true => {
            words::tr!("the dead letters of {count} customers and more say `{name}`; write more of the name")
        }
        false => words::tr!("the dead letters of {count} customers say `{name}`"),
    };
    writeln!(out, "{told}")?;
    let first = hits
        .found
        .first()
        .map(|hit| words::tr!("trace {}", hit.company_id));
    table::fact(out, "next:", &first.unwrap_or_default())
}
