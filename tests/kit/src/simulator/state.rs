//! Everything the simulator knows, shared by the HTTP side and the in-process API. Locks are short and never held
//! across an await.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::faults::{Faults, Strange, Vendor};
use super::jdy::pushes::Pushes;
use super::jdy::{Account, FormSpec};
use super::okki::{Replay, Tokens, Webhook};
use super::settings::Settings;
use super::stalls::Stalls;
use super::traffic::Traffic;
use super::world::World;

/// The shared state.
pub(super) struct State {
    pub clock: Clock,
    pub world: Mutex<World>,
    pub tokens: Mutex<Tokens>,
    pub account: Mutex<Account>,
    pub faults: Mutex<Faults>,
    pub strange: Strange,
    pub okki_traffic: Mutex<Traffic>,
    pub jdy_traffic: Mutex<Traffic>,
    /// Ends hanging answers, background churn and the server.
    pub stop: CancellationToken,
    pub churn: Mutex<Option<CancellationToken>>,
    pub webhook: Mutex<Webhook>,
    settings: RwLock<Arc<Settings>>,
    /// In the place of the world's customers, for OKKI's side.
    pub replay: OnceLock<Replay>,
    pub pushes: Pushes,
    pub stalls: Stalls,
}

impl State {
    pub(super) fn new(settings: Settings, world: World, forms: Vec<FormSpec>) -> Arc<State> {
        let state = State {
            clock: Clock::default(),
            world: Mutex::new(world),
            tokens: Mutex::new(Tokens::default()),
            account: Mutex::new(Account::new(forms)),
            faults: Mutex::new(Faults::default()),
            strange: Strange::default(),
            okki_traffic: Mutex::new(Traffic::default()),
            jdy_traffic: Mutex::new(Traffic::default()),
            stop: CancellationToken::new(),
            churn: Mutex::new(None),
            webhook: Mutex::default(),
            settings: RwLock::new(Arc::new(Settings::default())),
            replay: OnceLock::new(),
            pushes: Pushes::default(),
            stalls: Stalls::default(),
        };
        state.set_settings(settings);
        Arc::new(state)
    }

    pub(super) fn settings(&self) -> Arc<Settings> {
        self.settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set_settings(&self, settings: Settings) {
        self.clock.set_offset_s(settings.clock_offset_s);
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    pub(super) fn traffic(&self, vendor: Vendor) -> MutexGuard<'_, Traffic> {
        match vendor {
            Vendor::Okki => lock(&self.okki_traffic),
            Vendor::Jdy => lock(&self.jdy_traffic),
        }
    }
}

/// A lock that a panicking test thread cannot poison.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
