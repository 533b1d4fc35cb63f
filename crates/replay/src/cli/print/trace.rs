//! A customer's way on the screen: where it is, what comes next, and each step.

use super::table::{self, Column};
use crate::{
    trace::{Standing, Step, Story, told},
    when::{span, time, zone_name},
};
use std::{
    io::{Result, Write},
    time::Duration,
};

const STEPS: [Column; 5] = [
    Column("TIME", 19, false),
    Column("STAGE", 9, false),
    Column("WHAT", 11, false),
    Column("VERSION", 28, false),
    Column("TRY", 3, true),
];

/// A wait that is worth a word.
const SLOW: Duration = Duration::from_secs(10);

pub(crate) fn traced(
    out: &mut impl Write,
    company_id: &str,
    standing: &Standing,
    story: Option<&Story>,
) -> Result<()> {
    table::fact(out, "customer", company_id)?;
    table::fact(out, "now", &standing.now)?;
    table::fact(out, "next", &standing.next)?;
    table::fact(out, "dead", &words::list(&standing.letters))?;
    let Some(story) = story else {
        return writeln!(
            out,
            "{}",
            words::tr!("there is no account of events: nothing was handled yet, or EVENTS is off")
        );
    };
    if let Some(first) = story.steps.first() {
        table::head(out, &STEPS, "DETAILS")?;
        step(out, first)?;
    }
    for one in story.steps.iter().skip(1) {
        step(out, one)?;
    }
    end(out, story)
}

fn step(out: &mut impl Write, step: &Step) -> Result<()> {
    let attempt = if step.attempt > 0 {
        step.attempt.to_string()
    } else {
        String::new()
    };
    let cells = vec![
        time(step.at),
        step.stage.map_or("?", pipeline::stage::Stage::name).to_owned(),
        told(step.what),
        step.version.clone(),
        attempt,
    ];
    table::row(out, &STEPS, cells)?;
    table::below(out, &details(step))
}

fn details(step: &Step) -> String {
    let mut parts = Vec::new();
    let mut add = |name: &str, text: &str| {
        if !text.is_empty() {
            parts.push(format!("{} {text}", words::said(name)).trim().to_owned());
        }
    };
    add("row", &step.row_id);
    add("", &step.reason);
    add(words::text!("vendor code"), &step.vendor_code);
    add("field", &step.field);
    add("group", &step.group);
    add("until", &step.next_at.map(time).unwrap_or_default());
    add("letter", &step.letter_id);
    add("by", &step.plan_id);
    add("run", &step.run_id);
    if step.removed {
        add("", words::text!("removed in the CRM"));
    }
    let took = Duration::from_millis(step.latency_ms.into());
    if took >= SLOW {
        add("took", &span(took));
    }
    let mut text = words::clauses(&parts);
    if !step.message.is_empty() {
        text = words::of(text, crate::when::retold(&step.message));
    }
    text
}

fn end(out: &mut impl Write, story: &Story) -> Result<()> {
    let since = match story.since {
        Some(since) => words::tr!("; the events begin {}", time(since)),
        None => words::text!("; there are no events at all").to_owned(),
    };
    let left_out = match story.left_out {
        0 => String::new(),
        earlier => words::tr!(", {earlier} earlier ones left out"),
    };
    writeln!(
        out,
        "{}",
        words::tr!(
            "{} steps{left_out}{since}; times are in {}",
            story.steps.len(),
            zone_name()
        )
    )?;
    if story.lost > 0 {
        writeln!(
            out,
            "{}",
            words::tr!(
                "{} events of all customers were lost while the broker took none; some may be missing here",
                story.lost
            )
        )?;
    }
    if story.unreadable > 0 {
        writeln!(
            out,
            "{}",
            words::tr!("{} messages are of a newer version", story.unreadable)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::standing;
    use pipeline::events::{Event, EventStage, Events, What};

    #[test]
    fn a_way_is_shown_step_by_step_within_the_screen() {
        let events = Events {
            stage: EventStage::Load.into(),
            at: 5_000,
            ..Events::default()
        };
        let event = Event {
            what: What::Died.into(),
            reason: "row-refused".into(),
            vendor_code: "3005".into(),
            letter_id: format!("okki.pipeline.v1.FormRecord:7:5:1~{}", "a".repeat(16)),
            attempt: 3,
            ..Event::default()
        };
        let steps = vec![Step::new(&events, event)];
        let story = Story {
            lost: 2,
            since: Some(4_000),
            steps,
            ..Story::default()
        };
        let mut out = Vec::new();
        traced(&mut out, "7", &standing(&story.steps), Some(&story)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        for part in [
            "dead letters of the load stage",
            "vendor code 3005",
            "died",
            "1 steps",
            "2 events",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let mut out = Vec::new();
        traced(&mut out, "7", &standing(&[]), None).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("EVENTS is off"));
    }
}
