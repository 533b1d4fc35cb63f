//! `extractor run`: one task per schedule on which it may become leader, and the detail consumer, until shutdown.

use super::{
    checked::Checked,
    doctor, fetch_details,
    reconcile::{self, Scheduled},
    set_up::SetUp,
    shared_client,
};
use crate::{
    brake::Brake,
    checkpoint::CheckpointWatch,
    cli::RunArgs,
    damaged_watch::DamagedWatch,
    filter_watch::FilterWatch,
    hooks::{HookWatch, Hooks, Memory, Signature},
    leader::Leader,
    look_back::LookBack,
    okki::Client,
    pause::Pauses,
    poll::{Polling, Tempo},
    run::{RunSettings, Runner, Span},
    schedule::Schedule,
    settings::{OkkiConfig, Schedules},
    share::Share,
    state::{RunKind, State},
    wishes::Wishes,
};
use anyhow::Context;
use pipeline::{
    config::CommonConfig,
    heartbeat::LISTING,
    http::HttpConfig,
    service::Runtime,
    settings,
    setup::{self, Setup},
    speeds::{SPEEDS, Speeds},
    stage::Stage,
    webhook::{Listener, WebhookConfig},
};
use replay::worker::Worker;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Works until stopped; without settings it waits until it has some.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<()> {
    let setup = Setup::new(&args.setup, "extractor");
    let checked = Checked::new(&args);
    settings! {
        common = CommonConfig::try_from(args.common.clone());
        http = HttpConfig::try_from(args.http.clone());
        _own = setup.demands(&checked);
    }
    let vendor = SetUp::new(&setup, &args.okki, &http);
    let (lanes, servant) = (SetUp::LANES.to_vec(), |rt: &Runtime| vendor.servant(rt));
    if setup.is_awaited() {
        return setup.wait(&common, &http.tls, lanes, None, servant).await;
    }
    match checked {
        Ok(checked) => work(args, checked, &common, &http, &vendor, &setup).await?,
        Err(problem) => {
            return setup
                .wait(&common, &http.tls, lanes, Some(problem), servant)
                .await;
        }
    }
    Ok(setup.over().await?)
}

/// Works until stopped; long because each part of an extractor is named here once.
async fn work(
    args: RunArgs,
    checked: Checked,
    common: &CommonConfig,
    http: &HttpConfig,
    vendor: &SetUp,
    setup: &Setup,
) -> anyhow::Result<()> {
    let lists_again = args.list.backfill_on_change;
    let Checked {
        okki,
        settings,
        schedules,
        ttl,
        hook,
    } = checked;
    let rt = begun(common, http, setup, &okki).await?;
    let client = shared_client(&rt, &okki, http)?;
    let state = State::new(rt.store.clone(), rt.namespace.clone());
    let mut tasks = JoinSet::new();
    let mut runner = Runner::new(rt.clone(), Arc::clone(&client), state.clone(), settings.clone());
    if let Some(hook) = hook {
        runner = runner.beside_events(listen(&rt, hook, &settings.brake, &mut tasks).await?);
    }
    let runner = Arc::new(runner);
    let pauses = Arc::new(Pauses::new(rt.clone(), Arc::clone(&client)));
    let leader = |kind, span, schedule| Leader {
        rt: rt.clone(),
        pauses: Arc::clone(&pauses),
        state: state.clone(),
        runner: Arc::clone(&runner),
        kind,
        span,
        schedule,
        ttl,
        share: Share::default(),
        polling: None,
    };
    let polls = |tempo| Polling {
        rt: rt.clone(),
        client: Arc::clone(&client),
        pauses: Arc::clone(&pauses),
        state: state.clone(),
        settings: settings.clone(),
        tempo,
        ttl,
    };
    tasks.spawn(watch(&rt, &state, &okki, lists_again, schedules.lists));
    compare(&mut tasks, &rt, &client, &settings, &schedules.reconcile, ttl);
    let live = lead(&mut tasks, leader, schedules, settings.look_back, polls);
    let wished = on_demand(&rt, &client, &settings, ttl);
    serve_wishes(&mut tasks, Wishes::new(live, wished), vendor, &rt);
    tasks.spawn(async_ok(doctor::serve_wishes(&rt, &okki, http, common)));
    let (at_once, skip) = (okki.client.concurrency, !args.detail.no_skip);
    let details = fetch_details(rt.clone(), client, pauses, at_once, settings.removals, skip);
    tasks.spawn(async { details.await.with_context(|| words::tr!("consume refs")) });
    let worker = Worker::begin(&rt, Stage::Extract, args.worker);
    until_shutdown(&rt, tasks).await?;
    worker.end().await;
    Ok(())
}

/// What the limits allow, a day's limit spread over the day.
fn speeds(okki: &OkkiConfig) -> Speeds {
    let of_a_day = okki
        .bucket
        .daily
        .map_or(f64::INFINITY, |calls| calls as f64 / 86_400.0);
    Speeds {
        details: Some(okki.bucket.per_second.min(of_a_day)),
        ..Speeds::default()
    }
}

/// Spawns who does what people without OKKI's credentials ask for.
fn serve_wishes(tasks: &mut JoinSet<anyhow::Result<()>>, wishes: Wishes, vendor: &SetUp, rt: &Runtime) {
    tasks.spawn(async_ok(wishes.serve()));
    let set_up = setup::serve_always(rt.clone(), SetUp::LANES.to_vec(), vendor.servant(rt));
    tasks.spawn(async_ok(set_up));
}

fn on_demand(rt: &Runtime, client: &Arc<Client>, settings: &RunSettings, ttl: Duration) -> reconcile::Wished {
    reconcile::Wished {
        rt: rt.clone(),
        client: Arc::clone(client),
        settings: settings.clone(),
        ttl,
    }
}

/// Each task ends with the shutdown only; one that ends or panics before takes the process with it.
async fn until_shutdown(rt: &Runtime, mut tasks: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended.with_context(|| words::tr!("a task died"))??;
        words::ensure!(rt.shutdown.is_requested(), "a task ended without being asked to");
    }
    Ok(())
}

/// Listens for OKKI's webhook until shutdown.
async fn listen(
    rt: &Runtime,
    (config, signature): (WebhookConfig, Signature),
    brake: &Brake,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<Memory> {
    let memory = Memory::new(rt.store.clone(), rt.namespace.clone());
    let watch = HookWatch::new(rt.clone(), memory.clone());
    let listener = Listener::bind(config, &rt.status).await?;
    let hooks = Hooks::new(
        rt.clone(),
        memory.clone(),
        signature,
        watch.clone(),
        brake.clone(),
    );
    tasks.spawn(async_ok(listener.serve(Arc::new(hooks), rt.shutdown.clone())));
    tasks.spawn(async_ok(watch.run()));
    Ok(memory)
}

/// Spawns who compares at the times of `RECONCILE_CRON`, if there are any.
fn compare(
    tasks: &mut JoinSet<anyhow::Result<()>>,
    rt: &Runtime,
    client: &Arc<Client>,
    settings: &RunSettings,
    schedule: &Option<Schedule>,
    ttl: Duration,
) {
    if let Some(schedule) = schedule.clone() {
        let scheduled = Scheduled {
            rt: rt.clone(),
            client: Arc::clone(client),
            settings: settings.clone(),
            schedule,
            ttl,
        };
        tasks.spawn(async_ok(scheduled.run()));
    }
}

/// Spawns a leader for each kind of run that is made by itself, and returns that of the live ones.
fn lead(
    tasks: &mut JoinSet<anyhow::Result<()>>,
    leader: impl Fn(RunKind, Span, Schedule) -> Leader,
    schedules: Schedules,
    looks: Option<LookBack>,
    polls: impl FnOnce(Tempo) -> Polling,
) -> Arc<Leader> {
    let live = Leader {
        polling: schedules.polling.map(polls),
        ..leader(RunKind::Live, Span::SinceCheckpoint, schedules.live)
    };
    let live = Arc::new(live);
    if !schedules.lists {
        return live;
    }
    tasks.spawn(async_ok(Arc::clone(&live).run()));
    if let Some(looks) = looks {
        let looks = leader(RunKind::LookBack, Span::LookBack(looks), looks.schedule());
        tasks.spawn(async_ok(Arc::new(looks).run()));
    }
    let first = leader(RunKind::First, Span::First, Schedule::Wanted);
    tasks.spawn(async_ok(Arc::new(first).run()));
    if let Some((schedule, reach)) = schedules.remedy {
        let remedy = leader(RunKind::Remedy, Span::Reach(reach), schedule);
        tasks.spawn(async_ok(Arc::new(remedy).run()));
    }
    if let Some(schedule) = schedules.refresh {
        let refresh = leader(RunKind::Refresh, Span::First, schedule);
        tasks.spawn(async_ok(Arc::new(refresh).run()));
    }
    live
}

/// Starts the runtime and says what the settings mean, to people and to other programs.
async fn begun(
    common: &CommonConfig,
    http: &HttpConfig,
    setup: &Setup,
    okki: &OkkiConfig,
) -> anyhow::Result<Runtime> {
    let rt = Runtime::start("extractor", common, &http.tls).await?;
    setup.follow(&rt).await?;
    rt.status.set(SPEEDS, speeds(okki).told());
    for warning in &okki.client.endpoints.source.warnings {
        tracing::warn!(%warning, "source document");
    }
    Ok(rt)
}

/// What polls beside the work and changes nothing of it.
fn watch(
    rt: &Runtime,
    state: &State,
    okki: &OkkiConfig,
    lists_again: bool,
    lists: bool,
) -> impl Future<Output = anyhow::Result<()>> + use<> {
    rt.status.set(LISTING, if lists { "on" } else { "off" }.into());
    let checkpoint = CheckpointWatch::new(rt.clone(), state.clone());
    let filter = okki.client.endpoints.source.filter();
    rt.status.set(reconcile::FILTER, filter.clone().into());
    let filter = FilterWatch::new(rt.clone(), state.clone(), filter, lists_again);
    let damaged = DamagedWatch::new(rt.clone(), state.clone());
    let shutdown = rt.shutdown.clone();
    async move {
        // Who lists nothing moves no checkpoint, and what has changed in the filter waits for who lists.
        if lists {
            tokio::join!(checkpoint.run(), filter.run(), damaged.run());
        } else {
            shutdown.requested().await;
        }
        Ok(())
    }
}

async fn async_ok(work: impl Future<Output = ()>) -> anyhow::Result<()> {
    work.await;
    Ok(())
}
