//! The overview on the screen: the verdict, the stages, where customers are, how fresh the form is, what to do.

use super::table::{self, Column};
use crate::{
    overview::{Freshness, Overview, StageView, Verdict},
    when::{span, time, zone_name},
};
use std::{
    io::{Result, Write},
    time::Duration,
};

const STAGES: [Column; 6] = [
    Column("PROGRAM", 11, false),
    Column("REPLICAS", 8, true),
    Column("WAITING", 9, true),
    Column("RETRYING", 9, true),
    Column("DEAD", 7, true),
    Column("STATE", 44, false),
];

pub(crate) fn overview(out: &mut impl Write, overview: &Overview, now_ms: i64) -> Result<()> {
    let sign = match overview.verdict {
        Verdict::Well => "✓",
        Verdict::Loading => "…",
        Verdict::NotWell => "✗",
        Verdict::Unknown => "?",
    };
    writeln!(out, "{sign} {}", overview.sentence)?;
    writeln!(out, "  {}, {}", time(now_ms), zone_name())?;
    writeln!(out)?;
    table::names(out, &STAGES)?;
    for stage in &overview.stages {
        table::row(out, &STAGES, cells(stage))?;
    }
    writeln!(out)?;
    let account = &overview.account;
    let parts = account.parts();
    let parts: Vec<_> = parts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {}", words::said(name)))
        .collect();
    let sum = words::tr!("listed {} times = {}", account.listed, parts.join(" + "));
    let none = words::text!("nobody was listed so far");
    table::fact(out, "customers", if parts.is_empty() { none } else { &sum })?;
    table::fact(out, "freshness", &freshness(&overview.freshness))?;
    for finding in &overview.findings {
        writeln!(out)?;
        let seen = words::of(words::said(&finding.what), &finding.seen);
        table::line(out, &format!("{} {seen}", finding.health.sign()))?;
        table::below(out, &format!("→ {}", finding.remedy))?;
    }
    Ok(())
}

fn cells(stage: &StageView) -> Vec<String> {
    let count = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    let pauses = stage.paused.iter().map(|paused| {
        let summary = words::said(paused.pause.reason.summary());
        let (of, all) = (paused.replicas, stage.replicas);
        match of == all {
            true => summary.to_owned(),
            false => format!("{summary} ({of}/{all})"),
        }
    });
    let pauses: Vec<_> = pauses.collect();
    let state = match (stage.replicas, pauses.is_empty()) {
        (0, _) => words::text!("does not run").to_owned(),
        (_, true) => words::text!("works").to_owned(),
        (_, false) => words::sentences(&pauses),
    };
    vec![
        stage.program.to_owned(),
        stage.replicas.to_string(),
        count(stage.waiting),
        count(stage.retrying),
        count(stage.dead),
        state,
    ]
}

fn freshness(freshness: &Freshness) -> String {
    let ago = |seconds: i64| span(Duration::from_secs(seconds.unsigned_abs()));
    let listed = match (freshness.checkpoint, freshness.checkpoint_age_s) {
        (Some(at), Some(age)) if age >= 0 => {
            words::tr!("changes are listed up to {} ({} ago)", time(at * 1_000), ago(age))
        }
        (Some(at), _) => words::tr!("changes are listed up to {}", time(at * 1_000)),
        (None, _) => words::tr!("nothing has been listed so far"),
    };
    match (&freshness.oldest, freshness.oldest_s) {
        (Some(company_id), Some(for_s)) => words::tr!(
            "{listed}; {company_id} has waited longest to be finished: {}",
            ago(for_s)
        ),
        _ => words::tr!("{listed}; every listed change is finished"),
    }
}
