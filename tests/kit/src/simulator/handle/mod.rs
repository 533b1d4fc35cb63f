//! The in-process side of the simulator: what tests and the demo hold in their hands.

mod actions;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::customer::Customer;
use super::expected::Cells;
use super::jdy::{FormSpec, PushReport};
use super::judge::{self, JudgeOptions, Judgement, Stats};
use super::okki::Replay;
use super::settings::Settings;
use super::state::{State, lock};
use super::world::{World, WorldError, company_id};
use super::{control, okki, server, stalls};

/// How a simulator starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Customers to begin with.
    pub customers: u32,
    /// Seed of their contents and of everything drawn later.
    pub seed: u64,
    /// Seconds before the start over which their update times are spread.
    pub spread_s: i64,
    /// Vendors' switches and limits.
    pub settings: Settings,
    /// Forms of the account; the first is the one that is judged by default.
    pub forms: Vec<FormSpec>,
    /// A recorded account (`pipeline::recording`) in the place of the customers.
    pub replay: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            customers: 100,
            seed: 1,
            spread_s: 90 * 86_400,
            settings: Settings::default(),
            forms: vec![FormSpec::customers()],
            replay: None,
        }
    }
}

/// A running simulator. Dropping it stops it without waiting; [`Simulator::stop`] waits.
pub struct Simulator {
    state: Arc<State>,
    addr: SocketAddr,
    server: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Binds and serves.
    pub async fn start(options: Options) -> anyhow::Result<Simulator> {
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(|error| anyhow::anyhow!("cannot listen on {}: {error}", options.listen))?;
        let addr = listener.local_addr()?;
        // the clock may be moved by the settings, so the world is made by the state's clock
        let state = State::new(options.settings, World::new(options.seed, 0, 0, 1), options.forms);
        let replay = options.replay.as_deref().map(Replay::read).transpose()?;
        *lock(&state.world) = World::new(
            options.seed,
            if replay.is_some() { 0 } else { options.customers },
            state.clock.now(),
            options.spread_s,
        );
        if let Some(replay) = replay {
            // A new state has none.
            drop(state.replay.set(replay));
        }
        tokio::spawn(stalls::watch(state.clone()));
        tokio::spawn(okki::pump(state.clone()));
        tokio::spawn(super::jdy::pushes::deliver(state.clone()));
        let served = state.clone();
        let server = tokio::spawn(async move {
            if let Err(error) = server::serve(listener, served).await {
                tracing::error!(%error, "the simulator stopped serving");
            }
        });
        Ok(Simulator {
            state,
            addr,
            server: Some(server),
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`, good for `OKKI_BASE_URL` and `JDY_BASE_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Ends the server: answers in progress finish, hanging ones are reset.
    pub async fn stop(mut self) {
        self.state.stop.cancel();
        if let Some(server) = self.server.take()
            && let Err(error) = server.await
        {
            tracing::error!(%error, "simulator");
        }
    }

    // === questions ===

    /// Judges the first form.
    pub async fn judge(&self) -> Judgement {
        self.judge_with(JudgeOptions::default()).await.unwrap_or_default()
    }

    /// Judges a form; the error names what does not exist.
    pub async fn judge_with(&self, options: JudgeOptions) -> anyhow::Result<Judgement> {
        let state = self.state.clone();
        let judged = tokio::task::spawn_blocking(move || judge::judge(&state, &options)).await?;
        judged.map_err(anyhow::Error::msg)
    }

    /// Judges until form and customers are equal, at most so long; the last report either way.
    pub async fn equal_within(&self, patience: Duration) -> Judgement {
        let end = Instant::now() + patience;
        loop {
            let late = Instant::now() >= end;
            if late || self.form_rows() >= self.customers() {
                let report = self.judge().await;
                if late || report.is_equal() {
                    return report;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Calls, limits, transactions.
    pub fn stats(&self) -> Stats {
        judge::stats(&self.state)
    }

    /// Customers that exist now.
    pub fn customers(&self) -> usize {
        let generated = || lock(&self.state.world).len();
        self.state.replay.get().map_or_else(generated, Replay::len)
    }

    /// Ids of the customers that exist now, in listing order.
    pub fn company_ids(&self) -> Vec<i64> {
        lock(&self.state.world)
            .listing(false)
            .iter()
            .map(|(_, index)| company_id(*index))
            .collect()
    }

    /// What became of the pushes so far.
    pub fn pushes(&self) -> PushReport {
        self.state.pushes.report()
    }

    /// Rows of the first form.
    pub fn form_rows(&self) -> usize {
        lock(&self.state.account)
            .forms
            .first()
            .map_or(0, super::jdy::Form::len)
    }

    /// A page of rows of the first form as `data/list` would show them.
    pub fn rows(&self, limit: usize) -> Vec<Value> {
        control::rows(&self.state, 0, limit)
    }

    /// The truth about one customer.
    pub fn customer(&self, id: i64) -> Result<Customer, WorldError> {
        let world = lock(&self.state.world);
        let index = world.index_of(id).ok_or(WorldError::Unknown(id))?;
        Ok(world.customer(index))
    }

    /// The 14 cells that customer must show.
    pub fn expected(&self, id: i64) -> Result<Cells, WorldError> {
        let world = lock(&self.state.world);
        let index = world.index_of(id).ok_or(WorldError::Unknown(id))?;
        Ok(world.cells(index))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.state.stop.cancel();
    }
}
