//! `loader doctor`: broker, Redis, clocks, the form and its mapping in one table, with what to do about each fault.

use std::sync::Arc;
use std::time::Duration;

use pipeline::alert::AlertConfig;
use pipeline::doctor::{self, DoctorArgs, Finding, Health};
use pipeline::http::HttpConfig;
use pipeline::service::Runtime;
use pipeline::setting::ConfigError;
use pipeline::stage::Stage;

use super::run::Checked;
use crate::cli::DoctorCommandArgs;
use crate::jdy::form::Misfit;
use crate::jdy::types::{Reply, Unsent};
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
    let subject = Subject {
        runtime,
        config,
        pushes,
        http,
        alerts: common.alerts,
    };
    let mut findings = subject.findings(args.how).await;
    let Subject {
        runtime,
        config,
        http,
        ..
    } = &subject;
    let mut unusable = None;
    findings.push(match redis_is_away(&findings) {
        true => not_asked(),
        false => {
            let late = || Ok(away(&late_form(runtime)));
            doctor::in_time(form(runtime, config, http, &mut unusable), late).await?
        }
    });
    let reported = doctor::report(&findings, args.how.json);
    match unusable {
        Some(misfit) => Err(ConfigError::message(misfit.to_string()).into()),
        None => reported,
    }
}

/// The same for whoever wishes it of a running loader. The form is read beside the loader's own gate, which keeps its reasons.
pub(super) async fn serve_wishes(subject: Subject) {
    let runtime = subject.runtime.clone();
    let subject = Arc::new(subject);
    let examine = move || {
        let subject = Arc::clone(&subject);
        async move {
            let mut findings = subject.findings(DoctorArgs::default()).await;
            findings.push(match redis_is_away(&findings) {
                true => not_asked(),
                false => {
                    let late = || away(&words::tr!("no answer in time"));
                    doctor::in_time(subject.form_now(), late).await
                }
            });
            findings
        }
    };
    doctor::serve(&runtime, Stage::Load, examine).await;
}

/// What is examined.
pub(super) struct Subject {
    pub(super) runtime: Runtime,
    pub(super) config: LoaderConfig,
    pub(super) pushes: Option<PushConfig>,
    pub(super) http: HttpConfig,
    pub(super) alerts: AlertConfig,
}

impl Subject {
    /// All but the form.
    async fn findings(&self, how: DoctorArgs) -> Vec<Finding> {
        let Self {
            runtime,
            config,
            http,
            ..
        } = self;
        let mut findings = doctor::examine(runtime, Stage::Load).await;
        findings.extend(doctor::upgrade(runtime, Stage::Load, how).await);
        findings.push(doctor::notices(runtime, "loader", &self.alerts, &http.tls, how).await);
        findings.push(key_widget(config));
        findings.push(Finding::good(
            "pushes",
            PushConfig::describe(self.pushes.as_ref()),
        ));
        findings.extend(removals(runtime, config, http).await);
        if !redis_is_away(&findings) {
            findings.extend(left_open(runtime).await);
        }
        findings.extend(config.remarks.iter().map(|remark| {
            let remedy = words::tr!("the loader does not do this part of the document");
            Finding::risk("mapping", remark, remedy)
        }));
        findings
    }

    /// One call, whose answer is said as it is: nothing pauses because of it, and nothing waits for the loader's pauses.
    async fn form_now(&self) -> Finding {
        let writer = match parts::assemble(&self.runtime, &self.config, &self.http) {
            Ok(writer) => writer,
            Err(error) => return away(&format!("{error:#}")),
        };
        match writer.vendor.client.widgets().await {
            Reply::Ok(widgets) => {
                let count = widgets.len();
                match writer.form.compared(widgets) {
                    Ok(_) => fits(&self.config, count),
                    Err(misfit) => misfits(&misfit),
                }
            }
            Reply::Refused(refusal) => {
                let answer = words::tr!("Jiandaoyun answers {}", refusal.describe());
                unreadable(&self.config, &answer)
            }
            Reply::Unknown(why) | Reply::Unsent(Unsent::Connect(why) | Unsent::Quota(why)) => away(&why),
            Reply::Unsent(Unsent::Lease) => away(&words::tr!("no answer in time")),
        }
    }
}

fn redis_is_away(findings: &[Finding]) -> bool {
    let mut findings = findings.iter();
    findings.any(|finding| finding.what == "redis" && finding.health == Health::Bad)
}

/// Every call takes a slot of the shared quota, and that is kept in Redis.
fn not_asked() -> Finding {
    Finding::bad(
        "form",
        words::tr!("not asked, because Redis is away"),
        words::tr!("repair Redis first"),
    )
}

fn away(why: &str) -> Finding {
    let remedy = words::text!("check JDY_BASE_URL, and whether its host is reached from here");
    Finding::bad("form", why, remedy)
}

fn fits(config: &LoaderConfig, widgets: usize) -> Finding {
    let (entry, mapped) = (&config.form.entry_id, config.expected.fields.len());
    Finding::good(
        "form",
        words::tr!("{entry}: {widgets} widgets, {mapped} of them mapped"),
    )
}

fn misfits(misfit: &Misfit) -> Finding {
    let remedy = match misfit.is_about_key() {
        true => words::text!("name a usable key widget in JDY_KEY_WIDGET"),
        false => words::text!("add the widget to the form, or change the mapping"),
    };
    Finding::bad("form", misfit, remedy)
}

fn unreadable(config: &LoaderConfig, why: &str) -> Finding {
    let entry = &config.form.entry_id;
    Finding::bad(
        "form",
        words::tr!("{entry} cannot be read: {}", why),
        words::tr!("check JDY_BASE_URL, JDY_API_KEY and the key's permission for app and form"),
    )
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
    Ok(match writer.form.read().await {
        Some(Ok(())) => fits(config, writer.form.current().map_or(0, |form| form.len())),
        Some(Err(misfit)) => {
            let finding = misfits(&misfit);
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
            unreadable(config, &words::sentences(&details))
        }
    })
}
