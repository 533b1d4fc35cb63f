//! What tests do to a running simulator: change customers, set faults and switches, touch rows.

use std::time::Duration;

use serde_json::Value;

use super::Simulator;
use crate::simulator::churn::{self, Churn};
use crate::simulator::control;
use crate::simulator::faults::{ArmedFault, Fault, FaultKind, Vendor};
use crate::simulator::okki::WebhookReport;
use crate::simulator::settings::Settings;
use crate::simulator::state::lock;
use crate::simulator::world::{World, WorldError, company_id};

impl Simulator {
    // === changing customers ===

    /// Changes `n` customers drawn by the seed; their ids.
    pub fn change(&self, n: usize) -> Vec<i64> {
        control::each_drawn(&self.state, n, |world, index, now| world.change(index, None, now))
    }

    /// Gives `n` customers a new update time and nothing else.
    pub fn touch(&self, n: usize) -> Vec<i64> {
        control::each_drawn(&self.state, n, |world, index, now| world.touch(index, now))
    }

    /// Removes `n` customers drawn by the seed.
    pub fn remove(&self, n: usize) -> Vec<i64> {
        control::each_drawn(&self.state, n, |world, index, now| world.remove(index, now))
    }

    /// Adds `n` customers.
    pub fn add(&self, n: usize) -> Vec<i64> {
        let now = self.state.clock.now();
        let mut world = lock(&self.state.world);
        (0..n).map(|_| company_id(world.add(now))).collect()
    }

    /// Changes one customer; `patch` is an object of [`crate::simulator::Customer`] fields that stay patched from now on.
    pub fn change_one(&self, id: i64, patch: Option<Value>) -> Result<(), WorldError> {
        self.on(id, |world, index, now| world.change(index, patch, now))
    }

    /// The same without a new update time.
    pub fn change_unseen(&self, id: i64, patch: Option<Value>) -> Result<(), WorldError> {
        self.on(id, |world, index, _| world.change_unseen(index, patch))
    }

    /// Removes one customer.
    pub fn remove_one(&self, id: i64) -> Result<(), WorldError> {
        self.on(id, World::remove)
    }

    /// Brings a removed customer back.
    pub fn restore_one(&self, id: i64) -> Result<(), WorldError> {
        self.on(id, |world, index, now| {
            world.restore(index, now);
            Ok(())
        })
    }

    /// The same with this update time, as one of before its removal.
    pub fn restore_at(&self, id: i64, updated: i64) -> Result<(), WorldError> {
        self.on(id, |world, index, _| {
            world.restore(index, updated);
            Ok(())
        })
    }

    fn on<T>(
        &self,
        id: i64,
        act: impl FnOnce(&mut World, u32, i64) -> Result<T, WorldError>,
    ) -> Result<T, WorldError> {
        let now = self.state.clock.now();
        let mut world = lock(&self.state.world);
        let index = world.index_of(id).ok_or(WorldError::Unknown(id))?;
        act(&mut world, index, now)
    }

    /// Starts background changes, replacing the ones that run; 0 per second stops them.
    pub fn churn(&self, churn: Churn) {
        churn::start(&self.state, churn);
    }

    // === vendors ===

    /// Adds a fault; its id.
    pub fn fault(&self, fault: Fault) -> u64 {
        lock(&self.state.faults).add(fault)
    }

    /// Faults with what they hit so far.
    pub fn faults(&self) -> Vec<ArmedFault> {
        lock(&self.state.faults).list()
    }

    /// Removes one fault, or all of them.
    pub fn clear_faults(&self, id: Option<u64>) -> usize {
        lock(&self.state.faults).clear(id)
    }

    /// Starts an outage of a vendor: every connection is reset until the returned fault is cleared.
    pub fn outage(&self, vendor: Vendor) -> u64 {
        self.fault(Fault::on(vendor, "*", FaultKind::Outage))
    }

    /// Lets withheld calls take effect.
    pub fn release(&self) {
        self.state.strange.release();
    }

    /// The settings as they are.
    pub fn settings(&self) -> Settings {
        (*self.state.settings()).clone()
    }

    /// Changes settings from now on.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.settings();
        change(&mut settings);
        self.state.set_settings(settings);
    }

    /// Lets the webhook call this address for every change of a customer; its secret. Of several addresses, parted by a
    /// blank, each call takes the next one.
    pub fn subscribe(&self, url: &str) -> String {
        lock(&self.state.webhook).subscribe(url)
    }

    /// What the webhook has sent.
    pub fn webhook(&self) -> WebhookReport {
        lock(&self.state.webhook).report()
    }

    /// Makes every OKKI token invalid.
    pub fn revoke_tokens(&self) -> usize {
        lock(&self.state.tokens).revoke_all()
    }

    /// Puts a row into the first form as a person would; values are wrapped, `{"_widget_…": {"value": …}}`. Its id.
    pub fn insert_row(&self, data: &Value) -> anyhow::Result<String> {
        control::insert_row(&self.state, 0, data).map_err(anyhow::Error::msg)
    }

    /// Puts so many rows into the first form, as if they had been written this long ago.
    pub fn fill(&self, rows: usize, age: Duration, row: impl Fn(usize) -> Value) -> anyhow::Result<()> {
        let then = self.state.clock.now_ms() - i64::try_from(age.as_millis())?;
        (0..rows)
            .try_for_each(|at| control::insert_row_at(&self.state, 0, &row(at), then).map(drop))
            .map_err(anyhow::Error::msg)
    }

    /// Writes cells of a row of the first form as a person would.
    pub fn edit_row(&self, id: &str, data: &Value) -> anyhow::Result<()> {
        control::edit_row(&self.state, 0, id, data).map_err(anyhow::Error::msg)
    }

    /// Deletes rows of the first form, all of them or one, as a person would.
    pub fn delete_rows(&self, id: Option<&str>) -> usize {
        control::delete_rows(&self.state, 0, id)
    }

    /// Brings back a row of the first form that [`Simulator::delete_rows`] has deleted alone.
    pub fn recover_row(&self, id: &str) -> anyhow::Result<()> {
        control::recover_row(&self.state, 0, id).map_err(anyhow::Error::msg)
    }

    /// Forgets calls, violations and transaction statistics.
    pub fn reset_stats(&self) {
        control::reset_stats(&self.state);
    }
}
