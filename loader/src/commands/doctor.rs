//! `loader doctor`: broker, Redis, clocks, the form and its mapping in one table, with what to do about each fault.

use std::time::Duration;

use pipeline::doctor::{self, Finding, Health};
use pipeline::http::HttpConfig;
use pipeline::service::Runtime;
use pipeline::setting::ConfigError;
use pipeline::stage::Stage;

use super::run::Checked;
use crate::cli::DoctorCommandArgs;
use crate::jdy::form::Misfit;
use crate::parts;
use crate::pushes::config::PushConfig;
use crate::removals::{REMEDY, explained};
use crate::settings::LoaderConfig;

/// How long Redis may take to say what waits.
const ASKED_WITHIN: Duration = Duration::from_secs(3);

pub(crate) async fn doctor(args: DoctorCommandArgs) -> anyhow::Result<()> {
    let Checked {
        config,
        pushes,
        common,
        http,
    } = Checked::new(*args.run)?;
    let runtime = Runtime::tool("loader", &common)?;
    let mut findings = doctor::examine(&runtime, Stage::Load).await;
    let redis_is_away = findings
        .iter()
        .any(|finding| finding.what == "redis" && finding.health == Health::Bad);
    findings.push(doctor::notices(&runtime, "loader", &common.alerts, &http.tls, args.how).await);
    findings.push(key_widget(&config));
    findings.push(Finding::good("pushes", PushConfig::describe(pushes.as_ref())));
    if let Some(finding) = removals(&runtime, &config, &http).await {
        findings.push(finding);
    }
    if !redis_is_away {
        findings.extend(left_open(&runtime).await);
    }
    for remark in &config.remarks {
        findings.push(Finding::risk(
            "mapping",
            remark,
            words::tr!("the loader does not do this part of the document"),
        ));
    }
    let mut unusable = None;
    findings.push(if redis_is_away {
        // Every call takes a slot of the shared quota, and that is kept in Redis.
        Finding::bad(
            "form",
            words::tr!("not asked, because Redis is away"),
            words::tr!("repair Redis first"),
        )
    } else {
        let late = || {
            let remedy = words::text!("check JDY_BASE_URL, and whether its host is reached from here");
            Ok(Finding::bad("form", late_form(&runtime), remedy))
        };
        doctor::in_time(form(&runtime, &config, &http, &mut unusable), late).await?
    });
    let reported = doctor::report(&findings, args.how.json);
    match unusable {
        Some(misfit) => Err(ConfigError::message(misfit.to_string()).into()),
        None => reported,
    }
}

/// What the last comparisons have left open; nothing when Redis does not say.
async fn left_open(runtime: &Runtime) -> Vec<Finding> {
    let asked = tokio::time::timeout(ASKED_WITHIN, replay::overview::left_open(runtime));
    asked.await.ok().and_then(Result::ok).unwrap_or_default()
}

/// Whether removals wait for a person; nothing when no row is ever deleted, or Redis does not say.
async fn removals(runtime: &Runtime, config: &LoaderConfig, http: &HttpConfig) -> Option<Finding> {
    let writer = parts::assemble(runtime, config, http).ok()?;
    writer.removals.limits()?;
    let asked = tokio::time::timeout(ASKED_WITHIN, writer.ledger.removal_state());
    let state = asked.await.ok()?.ok()?;
    let share = config.removal_limit;
    Some(match state.waiting_since_ms > 0 {
        true => Finding::bad("removals", explained(&state, share), REMEDY),
        false if state.free_until_ms > state.time_ms => Finding::risk(
            "removals",
            words::tr!("they are not limited for now, as somebody has allowed with --for"),
            words::tr!("loader removals show; loader removals keep --reason WHY ends it"),
        ),
        false => Finding::good(
            "removals",
            words::tr!(
                "none waits; {} rows have gone within a week, REMOVAL_LIMIT {share} %",
                state.removed
            ),
        ),
    })
}

fn key_widget(config: &LoaderConfig) -> Finding {
    match &config.expected.key_widget {
        Some(widget) => Finding::good(words::mark!("key widget"), widget),
        None => Finding::risk(
            words::mark!("key widget"),
            words::text!("none"),
            words::tr!(
                "add a text widget for the company id to the form and name it in JDY_KEY_WIDGET; without it rows cannot be \
             found again when Redis is lost"
            ),
        ),
    }
}

/// The vendor is asked again and again until time is up; the gate knows why.
fn late_form(runtime: &Runtime) -> String {
    let details: Vec<_> = runtime
        .gate
        .pauses()
        .into_iter()
        .map(|pause| pause.detail)
        .collect();
    if details.is_empty() {
        words::tr!("no answer in time")
    } else {
        words::tr!("no answer in time: {}", words::sentences(&details))
    }
}

/// `unusable` becomes the fault of a key widget that cannot hold the key, which is a wrong setting.
async fn form(
    runtime: &Runtime,
    config: &LoaderConfig,
    http: &HttpConfig,
    unusable: &mut Option<Misfit>,
) -> anyhow::Result<Finding> {
    let writer = parts::assemble(runtime, config, http)?;
    let entry = &config.form.entry_id;
    Ok(match writer.form.read().await {
        Some(Ok(())) => {
            let widgets = writer.form.current().map_or(0, |form| form.len());
            let mapped = config.expected.fields.len();
            Finding::good(
                "form",
                words::tr!("{entry}: {widgets} widgets, {mapped} of them mapped"),
            )
        }
        Some(Err(misfit)) => {
            let remedy = match misfit.is_about_key() {
                true => words::text!("name a usable key widget in JDY_KEY_WIDGET"),
                false => words::text!("add the widget to the form, or change the mapping"),
            };
            let finding = Finding::bad("form", &misfit, remedy);
            *unusable = Some(misfit).filter(Misfit::is_about_key);
            finding
        }
        None => {
            let details: Vec<_> = runtime
                .gate
                .pauses()
                .into_iter()
                .map(|pause| pause.detail)
                .collect();
            let seen = words::tr!("{entry} cannot be read: {}", words::sentences(&details));
            Finding::bad(
                "form",
                seen,
                words::tr!("check JDY_BASE_URL, JDY_API_KEY and the key's permission for app and form"),
            )
        }
    })
}
