//! Whom `trace` is asked about: a customer by id, by what its dead letters say, or all customers of a run.

use super::{
    desk::{Desk, tell_fallback},
    print,
    trace::{TraceArgs, progress},
};
use crate::{
    trace::{
        name::{Hits, is_id, named, query},
        read_run,
    },
    when,
    workspace::Workspace,
};
use anyhow::Context as _;
use pipeline::{failure::record::FailureRecord, service::Runtime, stage::Stage};
use serde_json::{Value, json};

impl TraceArgs {
    /// The customer whose way is to be shown; `None`: what was asked for is on the screen already.
    ///
    /// # Errors
    /// When nobody is meant, or who that is cannot be found out.
    pub async fn whom(&self, rt: &Runtime) -> anyhow::Result<Option<String>> {
        if let Some(run) = &self.run {
            return self.show_run(rt, run).await.map(|()| None);
        }
        let who = self.who.as_deref().unwrap_or_default().trim();
        if who.is_empty() {
            words::bail!("say which customer: its id, or a part of its name");
        }
        if is_id(who) {
            return Ok(Some(who.to_owned()));
        }
        let hits = self.hits(rt, who).await?;
        match hits.found.as_slice() {
            [] => words::bail!(
                "no open dead letter says `{who}`, and names of other customers are not on record here; look its id up in OKKI or in the form, then trace ID"
            ),
            [only] => Ok(Some(only.company_id.clone())),
            _ => {
                if self.json {
                    let shown = json!({"name": who, "customers": hits.found, "more": hits.more});
                    pipeline::say!("{shown:#}")?;
                } else {
                    let mut text = Vec::new();
                    print::hits(&mut text, who, &hits)?;
                    let text = String::from_utf8_lossy(&text);
                    pipeline::say_text!("{text}")?;
                }
                Ok(None)
            }
        }
    }

    /// Customers whose dead letters say this.
    async fn hits(&self, rt: &Runtime, name: &str) -> anyhow::Result<Hits> {
        if let Some(desk) = Desk::of(&self.desk)? {
            if let Some(hits) = asked(&desk, name).await? {
                pipeline::remark!("answered by the read model at {}", desk.url());
                return Ok(hits);
            }
            tell_fallback(&desk);
        }
        let workspace = Workspace::new(rt.clone(), Stage::Extract);
        Ok(named(&workspace, name).await?)
    }

    async fn show_run(&self, rt: &Runtime, run: &str) -> anyhow::Result<()> {
        let since = match self.since {
            Some(since) => Some(since),
            None => begun(rt, run).await,
        };
        let story = read_run(&rt.broker, run, since, progress())
            .await
            .with_context(|| words::tr!("read the account of events"))?;
        let Some(story) = story else {
            words::bail!("there is no account of events: nothing was handled yet, or EVENTS is off");
        };
        if story.customers() == 0 {
            let newest = match story.newest.is_empty() {
                true => String::new(),
                false => words::tr!("; the newest runs in it are {}", story.newest.join(", ")),
            };
            words::bail!("the account of events names no customer of run `{run}`{newest}");
        }
        if self.json {
            let mut shown = serde_json::to_value(&story)?;
            shown["customers"] = story.customers().into();
            pipeline::say!("{shown:#}")?;
            return Ok(());
        }
        let mut text = Vec::new();
        print::run(&mut text, &story)?;
        let text = String::from_utf8_lossy(&text);
        Ok(pipeline::say_text!("{text}")?)
    }
}

/// From when on there can be events of a run: what the account knows of it spares reading those of a week. Clocks differ.
async fn begun(rt: &Runtime, run: &str) -> Option<i64> {
    const APART_MS: i64 = 10 * 60_000;
    // Without Redis everything is read.
    let since = rt.account.since(run).await.ok().flatten()? - APART_MS;
    pipeline::remark!(
        "the run begins after {}, earlier events are not read (--since reads more)",
        when::time(since)
    );
    Some(since)
}

/// The same from the read model; `None`: the queues know more.
async fn asked(desk: &Desk, name: &str) -> anyhow::Result<Option<Hits>> {
    let (mut hits, query) = (Hits::default(), query(name).source());
    for stage in Stage::ALL {
        let visit = |listed: Value| {
            let record: FailureRecord = serde_json::from_value(listed["record"].clone())?;
            Ok(hits.add(stage, &record).is_continue())
        };
        if !desk.letters(stage, &query, visit).await? {
            return Ok(None);
        }
    }
    Ok(Some(hits))
}
