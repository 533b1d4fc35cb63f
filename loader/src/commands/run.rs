//! `loader run`: the service.

use std::sync::Arc;

use anyhow::Context as _;
use pipeline::consumer::{self, ConsumerOptions};
use pipeline::quota::Bucket;
use pipeline::service::Runtime;
use pipeline::setting::ConfigError;
use pipeline::settings;
use pipeline::setup::{self, Setup};
use pipeline::speeds::{SPEEDS, Speeds};
use pipeline::stage::Stage;
use pipeline::webhook::{Listener, WebhookArgs};
use pipeline::{config::CommonConfig, http::HttpConfig};
use replay::worker::Worker;
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;

use super::doctor::{self, Subject};
use super::of_form::OfForm;
use super::set_up::SetUp;
use crate::cli::RunArgs;
use crate::config::{FormArgs, LimitArgs, WriteArgs};
use crate::handler::WriteHandler;
use crate::pushes::Pushes;
use crate::pushes::config::{PushArgs, PushConfig};
use crate::settings::LoaderConfig;
use crate::write::{Mode, Writer, beat, sweep, tell_held, tell_rewritten, verify};
use crate::{eviction, failpoint, parts, wishes};

/// Checks the settings, starts the background work and consumes until stopped.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<()> {
    let setup = Setup::new(&args.setup, "loader");
    let checked = of_loader(
        args.form.clone(),
        args.write,
        &args.limits,
        args.pushes,
        args.hook,
    );
    settings! {
        common = CommonConfig::try_from(args.common);
        http = HttpConfig::try_from(args.http);
        _own = setup.demands(&checked);
    }
    let vendor = SetUp::new(&setup, &args.form.company, &args.limits, &http);
    let (lanes, servant) = (SetUp::LANES.to_vec(), |rt: &Runtime| vendor.servant(rt));
    if setup.is_awaited() {
        return setup.wait(&common, &http.tls, lanes, None, servant).await;
    }
    let (config, pushes) = match checked {
        Ok(checked) => checked,
        Err(problem) => {
            return setup
                .wait(&common, &http.tls, lanes, Some(problem), servant)
                .await;
        }
    };
    let runtime = Runtime::start("loader", &common, &http.tls).await?;
    setup.follow(&runtime).await?;
    let set_up = setup::serve_always(runtime.clone(), SetUp::LANES.to_vec(), vendor.servant(&runtime));
    let _set_up = AbortOnDropHandle::new(tokio::spawn(set_up));
    let doctor = doctor::serve_wishes(Subject {
        runtime: runtime.clone(),
        config: config.clone(),
        pushes: pushes.clone(),
        http: http.clone(),
        alerts: common.alerts.clone(),
    });
    let _doctor = AbortOnDropHandle::new(tokio::spawn(doctor));
    let worker = Worker::begin(&runtime, Stage::Load, args.worker);
    serve(runtime, config, pushes, &http).await?;
    worker.end().await;
    Ok(setup.over().await?)
}

/// All that is wrong with the settings; of a loader that is still to be set up nothing of its own is.
pub(crate) fn check(args: RunArgs) -> Result<(), ConfigError> {
    let is_awaited = Setup::new(&args.setup, "loader").is_awaited();
    settings! {
        _own = match of_loader(args.form, args.write, &args.limits, args.pushes, args.hook) {
            Err(fault) if !is_awaited => Err(fault),
            _ => Ok(()),
        };
        _common = CommonConfig::try_from(args.common);
        _http = HttpConfig::try_from(args.http);
    }
    Ok(())
}

/// The loader's own settings, with all that is wrong with them.
fn of_loader(
    form: FormArgs,
    write: WriteArgs,
    limits: &LimitArgs,
    pushes: PushArgs,
    hook: WebhookArgs,
) -> Result<(LoaderConfig, Option<PushConfig>), ConfigError> {
    let on_missing_row = write.on_missing_row;
    settings! {
        config = LoaderConfig::new(&form, write, limits);
        pushes = {
            // Of a form that is not known nobody can say that it has no key widget.
            let key_widget = match &config {
                Ok(config) => config.expected.key_widget.as_deref(),
                Err(_) => Some(""),
            };
            PushConfig::new(pushes, hook, key_widget, on_missing_row)
        };
    }
    Ok((config, pushes))
}

/// Everything that the settings say, for commands that need what `run` needs.
pub(super) struct Checked {
    pub(super) config: LoaderConfig,
    pub(super) pushes: Option<PushConfig>,
    pub(super) common: CommonConfig,
    pub(super) http: HttpConfig,
}

impl Checked {
    pub(super) fn new(args: RunArgs) -> Result<Self, ConfigError> {
        settings! {
            own = of_loader(args.form, args.write, &args.limits, args.pushes, args.hook);
            common = CommonConfig::try_from(args.common);
            http = HttpConfig::try_from(args.http);
        }
        let (config, pushes) = own;
        Ok(Self {
            config,
            pushes,
            common,
            http,
        })
    }
}

/// The service itself, on a runtime that exists already.
pub(crate) async fn serve(
    runtime: Runtime,
    mut config: LoaderConfig,
    pushes: Option<PushConfig>,
    http: &HttpConfig,
) -> anyhow::Result<()> {
    if let Some(armed) = config.failpoint.take() {
        failpoint::arm(armed);
    }
    warn_about_settings(&config);
    let writer = parts::assemble(&runtime, &config, http)?;
    let status = status(&config);
    runtime.status.set("loader", status);
    runtime.status.set(SPEEDS, speeds(&config).told());
    writer.keyless.begin();
    let hearing = hearing(&writer, pushes).await?;
    let background = background(writer.clone(), hearing);
    let form = Arc::clone(&writer.form);
    let eviction = eviction::warn(runtime.store.clone(), runtime.shutdown.clone());
    let _warning = AbortOnDropHandle::new(tokio::spawn(eviction));
    let options = ConsumerOptions {
        stage: Stage::Load,
        batch_max: config.batch_size,
        linger: config.linger,
        concurrency: config.concurrency,
    };
    let handler = Arc::new(WriteHandler { writer });
    let consumed = tokio::select! {
        consumed = consumer::run(&runtime, options, handler) => consumed.with_context(|| words::tr!("consume records")),
        ended = background => ended,
        misfit = form.unusable_key() => Err(ConfigError::message(misfit.to_string()).into()),
    };
    consumed
}

/// What people do to rows, and where Jiandaoyun tells of it.
type Hearing = (Arc<Pushes>, Listener);

async fn hearing(writer: &Writer, config: Option<PushConfig>) -> anyhow::Result<Option<Hearing>> {
    let Some(config) = config else { return Ok(None) };
    let listener = Listener::bind(config.listener.clone(), &writer.runtime.status).await?;
    Ok(Some((Pushes::new(writer.clone(), config), listener)))
}

/// Everything that runs beside the consumer; none of it may end before the process does.
async fn background(writer: Writer, hearing: Option<Hearing>) -> anyhow::Result<()> {
    let (form, index) = (Arc::clone(&writer.form), Arc::clone(&writer.index));
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(form.watch());
    tasks.spawn(tell_held(writer.vendor.clone(), writer.runtime.clone()));
    tasks.spawn(tell_rewritten(writer.clone()));
    tasks.spawn(Arc::clone(&writer.removals).watch());
    tasks.spawn(Arc::clone(&index).maintain());
    tasks.spawn(index.walk_behind());
    tasks.spawn(Arc::clone(&writer.keyless).watch());
    tasks.spawn(beat(writer.clone()));
    tasks.spawn(sweep(writer.clone()));
    tasks.spawn(verify(writer.clone()));
    tasks.spawn(wishes::serve_wishes(writer.clone()));
    let of_form = OfForm(writer.clone());
    tasks.spawn(setup::serve_always(
        writer.runtime.clone(),
        OfForm::LANES.to_vec(),
        of_form,
    ));
    if let Some((pushes, listener)) = hearing {
        tasks.spawn(Arc::clone(&pushes).watch());
        tasks.spawn(pushes.hear(listener));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.with_context(|| words::tr!("background task"))?;
        words::ensure!(
            writer.runtime.shutdown.is_requested(),
            "a background task ended by itself"
        );
    }
    std::future::pending().await
}

fn warn_about_settings(config: &LoaderConfig) {
    for remark in &config.remarks {
        tracing::warn!(remark, "mapping document");
    }
    if config.index_settle < config.company.account.slowest {
        tracing::warn!(
            "INDEX_SETTLE is shorter than JDY_TIMEOUT and LATE_WRITES together: rows of calls that are under way when \
             Redis is lost may be made twice"
        );
    }
    if config.ignore_keyless {
        tracing::warn!(
            "IGNORE_KEYLESS is set: new rows are made even if the form has rows of the same customers without a key"
        );
    }
    if config.expected.key_widget.is_none() {
        tracing::warn!(
            "JDY_KEY_WIDGET is not set: when Redis is lost, or a call's outcome stays unknown for an hour, rows cannot \
             be found again, and customers may get a second row; reconciliation is off"
        );
    }
}

/// What the limits allow: a call for each row that changes, and one for many new ones.
fn speeds(config: &LoaderConfig) -> Speeds {
    let limits = &config.company.buckets;
    let calls = |bucket: &Bucket| bucket.per_second.min(limits.company.per_second);
    let new_rows = match config.settings.mode {
        Mode::Batch => calls(&limits.batch_create) * config.batch_size as f64,
        Mode::Single { .. } => calls(&limits.single_create),
    };
    Speeds {
        new_rows: Some(new_rows),
        changed_rows: Some(calls(&limits.update)),
        details: None,
    }
}

fn status(config: &LoaderConfig) -> serde_json::Value {
    json!({
        "app_id": config.form.app_id,
        "entry_id": config.form.entry_id,
        "key_widget": config.expected.key_widget,
        "mode": format!("{:?}", config.settings.mode),
        "removals": format!("{:?}", config.settings.removals),
        "ignore_keyless": config.ignore_keyless,
        "batch_size": config.batch_size,
        "concurrency": config.concurrency,
    })
}
