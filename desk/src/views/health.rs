//! Every replica of every program, and what stands behind the pages.

use super::{doctors, hidden};
use crate::server::{App, Ask, Failure};
use pipeline::heartbeat::{Replica, replicas};
use serde::Serialize;
use utoipa::ToSchema;

/// Who is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct View {
    /// Those that run or have fallen silent lately.
    #[schema(value_type = Vec<Object>)]
    pub(crate) replicas: Vec<Replica>,
    /// Redis' time, unix milliseconds.
    pub(crate) now: i64,
    /// What the doctors of the stages have found.
    pub(crate) doctors: Vec<doctors::Doctor>,
    /// How far the read model goes.
    pub(crate) model: Model,
}

/// How far the read model goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadModel)]
pub(crate) struct Model {
    /// Whether it has read all there is.
    pub(crate) current: bool,
    /// How often it was made anew since the desk runs.
    pub(crate) begun_anew: u64,
    /// Letters by stage.
    #[schema(value_type = Vec<Object>)]
    pub(crate) letters: Vec<(&'static str, readmodel::read::known::Known)>,
}

/// Gathers it; of Redis once a second, however many pages are open.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn view(app: &App, ask: &Ask) -> Result<View, Failure> {
    let cache = &app.cache;
    let found = async || replicas(&app.rt.store, &app.rt.namespace).await;
    let found = cache.replicas.get(found).await?;
    let doctors = cache.doctors.get(async || doctors::known(app).await).await?;
    let mut replicas = found.replicas.clone();
    if !hidden::reads_texts(&ask.principal) {
        replicas.iter_mut().for_each(hidden::pauses);
    }
    let state = app.keeper.state();
    let letters = app
        .look(words::Language::English, |connection| {
            let known = |stage: pipeline::stage::Stage| {
                Ok((stage.name(), readmodel::read::known::known(connection, stage)?))
            };
            pipeline::stage::Stage::ALL.into_iter().map(known).collect()
        })
        .await?;
    Ok(View {
        replicas,
        now: found.now_ms,
        doctors: doctors::view(ask, &doctors),
        model: Model {
            current: state.is_current(),
            begun_anew: state.begun_anew(),
            letters,
        },
    })
}
