//! `extractor check`: tries everything that a run needs from OKKI, one step after the other, and changes nothing.

use super::{
    brief::{self, Place},
    kept,
};
use crate::{
    cli::CheckArgs,
    okki::{Client, Error, Page, chain, time},
    settings::OkkiConfig,
    source::Source,
    table::columns,
};
use pipeline::{doctor::Finding, http::HttpConfig, quota::Lane};
use serde::Serialize;
use std::time::Instant;

/// More than this is worth a word; runs use OKKI's clock, so nothing breaks.
const CLOCKS_APART_S: i64 = 60;

/// One thing that was tried.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) ok: bool,
    pub(super) detail: String,
    pub(super) ms: u64,
    /// When it has failed.
    #[serde(skip)]
    pub(super) remedy: &'static str,
}

/// Tries, prints, and fails when a step has failed.
pub(crate) async fn check(args: CheckArgs) -> anyhow::Result<()> {
    let steps = match args.offline || !args.okki.has_credentials() {
        true => offline(&args)?,
        false => {
            pipeline::settings! {
                http = HttpConfig::try_from(args.http);
                okki = OkkiConfig::try_from(args.okki);
            }
            let place = Place::named(args.shared)?;
            try_okki(&okki, &http, place).await?
        }
    };
    let ok = steps.iter().all(|step| step.ok);
    if args.json {
        pipeline::say!("{}", serde_json::json!({ "ok": ok, "steps": steps }))?;
    } else {
        let row = |step: &Step| {
            let outcome = if step.ok { "ok" } else { "FAILED" };
            let detail = format!("{} ({} ms)", step.detail, step.ms);
            [outcome.to_owned(), step.name.to_owned(), detail]
        };
        pipeline::say!("{}", columns(&steps.iter().map(row).collect::<Vec<_>>()))?;
    }
    words::ensure!(ok, "okki cannot be used as configured");
    Ok(())
}

/// What can be said without asking OKKI: a document or a setting that cannot be followed ends the command with its name.
fn offline(args: &CheckArgs) -> anyhow::Result<Vec<Step>> {
    let source = OkkiConfig::source(&args.okki)?;
    let mut steps = document(&source);
    let why = match args.offline {
        true => words::text!("not asked, as --offline says"),
        false => words::text!("not asked: OKKI_CLIENT_ID and OKKI_CLIENT_SECRET are not set"),
    };
    steps.push(Step::remark("okki", why));
    Ok(steps)
}

/// What is followed of the source document, or of the defaults in its place, and what its author should check.
fn document(source: &Source) -> Vec<Step> {
    let mut steps: Vec<_> = source
        .warnings
        .iter()
        .map(|warning| Step::remark("source", warning))
        .collect();
    steps.push(Step::remark("source", &source.describe()));
    steps
}

/// The same as findings of `doctor`.
pub(super) async fn findings(
    okki: &OkkiConfig,
    http: &HttpConfig,
    place: Place,
) -> anyhow::Result<Vec<Finding>> {
    let finding = |step: Step| {
        let what = words::tr!("okki {}", words::said(step.name));
        if step.ok {
            Finding::good(what, step.detail)
        } else {
            Finding::bad(what, &step.detail, step.remedy)
        }
    };
    let steps = try_okki(okki, http, Some(place)).await?;
    Ok(steps.into_iter().map(finding).collect())
}

impl Step {
    /// Something to know that is no failure.
    pub(super) fn remark(name: &'static str, detail: &str) -> Self {
        Self {
            name,
            ok: true,
            detail: detail.to_owned(),
            ms: 0,
            remedy: "",
        }
    }
}

/// What to do when a step has failed: whoever does not serve just now says nothing about credentials or permissions.
fn remedy(name: &str, error: &Error) -> &'static str {
    match (error, name) {
        (Error::Quota(_), _) => words::text!(
            "wait until the quota is renewed; OKKI_DAILY and OKKI_RATE say how much of the account's quota may be used"
        ),
        (Error::Store(_), _) => {
            words::text!("see that Redis is there and takes writes; `doctor` examines it")
        }
        (error, _) if error.is_transient() => {
            words::text!("OKKI does not serve just now: try again in some minutes")
        }
        (_, "credentials") => {
            words::text!("compare OKKI_CLIENT_ID and OKKI_CLIENT_SECRET with 企业管理 → 外部对接 → API对接")
        }
        (_, "permission") => {
            words::text!("enable the customer module for the application under API对接")
        }
        (_, "group") => {
            words::text!("take an id from the list of customer groups (客户分组), or leave OKKI_GROUP_ID out")
        }
        _ => words::text!("see the message"),
    }
}

pub(super) async fn try_okki(
    okki: &OkkiConfig,
    http: &HttpConfig,
    place: Option<Place>,
) -> anyhow::Result<Vec<Step>> {
    let listed = match &place {
        Some(place) => place.listed().await,
        None => 0,
    };
    let client = brief::client(okki, http, place).await?;
    let mut steps = document(&okki.client.endpoints.source);
    try_all(&client, okki, listed, &mut steps).await;
    Ok(steps)
}

/// Later steps make no sense after a failed one; `listed`: customers that were listed before, as far as that is known.
async fn try_all(client: &Client, okki: &OkkiConfig, listed: u64, steps: &mut Vec<Step>) -> Option<()> {
    step(steps, "credentials", client.try_credentials(), |()| {
        words::tr!("a token was granted")
    })
    .await?;
    let page = client.page_of_anybody(Lane::Live, 1, okki.page_size);
    let page = step(steps, "permission", page, describe_page).await?;
    if page.rows() == 0 && listed > 0 {
        steps.push(nobody(listed));
    }
    steps.push(clock(&page));
    for group in &okki.client.endpoints.source.groups() {
        step(steps, "group", client.group_name(group), |name| {
            words::tr!("{group} is `{name}`")
        })
        .await?;
    }
    match page.items.first() {
        Some(first) => {
            let id = first.company_id.clone();
            let detail = client.detail(Lane::Live, &id);
            step(steps, "detail", detail, |detail| {
                words::tr!("{id}: {} bytes", detail.json.get().len())
            })
            .await?;
        }
        None => steps.push(Step::remark("detail", words::text!("no customer to try"))),
    }
    kept::try_condition(client, &page, steps).await;
    Some(())
}

fn nobody(listed: u64) -> Step {
    Step {
        ok: false,
        remedy: words::text!(
            "ask in OKKI whether the application may still see customers, and look at what the source document filters"
        ),
        ..Step::remark(
            "listing",
            &words::tr!("OKKI lists nobody, and {listed} customers were listed before"),
        )
    }
}

async fn step<T>(
    steps: &mut Vec<Step>,
    name: &'static str,
    work: impl Future<Output = Result<T, Error>>,
    describe: impl FnOnce(&T) -> String,
) -> Option<T> {
    let started = Instant::now();
    let outcome = work.await;
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let detail = outcome.as_ref().map_or_else(|error| chain(error), describe);
    let remedy = outcome.as_ref().err().map_or("", |error| remedy(name, error));
    steps.push(Step {
        name,
        ok: outcome.is_ok(),
        detail,
        ms,
        remedy,
    });
    outcome.ok()
}

fn describe_page(page: &Page) -> String {
    let total = page
        .total
        .map_or_else(|| words::tr!("an unknown number of"), |total| total.to_string());
    let rows = page.rows();
    match page.damaged.len() {
        0 => words::tr!("{total} customers, {rows} on the first page"),
        damaged => {
            words::tr!("{total} customers, {rows} on the first page, {damaged} of them without a usable id")
        }
    }
}

fn clock(page: &Page) -> Step {
    let detail = match page.now.map(|now| now - time::now()) {
        None => words::tr!("okki does not give its time, so ours is used"),
        Some(apart) if apart.abs() <= CLOCKS_APART_S => words::tr!("okki's clock differs by {apart} s"),
        Some(apart) => words::tr!("okki's clock differs by {apart} s; check the clock of this machine"),
    };
    Step::remark("clock", &detail)
}
