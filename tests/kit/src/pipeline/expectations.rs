//! What end-to-end tests wait for. Each wait ends the test with what was seen last when it takes too long.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::PipelineUnderTest;
use crate::simulator::{Judgement, Overruns};
use crate::wait::{eventually, expect};

impl PipelineUnderTest {
    /// Fails at once when a replica that nobody killed has ended with an error, instead of waiting for what it would do.
    fn assert_running(&mut self) {
        let checked = self.check();
        assert!(checked.is_ok(), "{:#}", checked.expect_err("a replica ended"));
    }

    /// Waits until the form is exactly what the customers are.
    pub async fn until_equal(&mut self, limit: Duration) -> Judgement {
        eventually(limit, "the form equals the customers", async || {
            self.assert_running();
            let judged = self.simulator.judge().await;
            if judged.is_equal() {
                Ok(judged)
            } else {
                Err(format!("{judged:?}"))
            }
        })
        .await
    }

    /// Waits until at least `rows` rows are in the form.
    pub async fn rows(&mut self, limit: Duration, rows: usize) {
        eventually(limit, &format!("{rows} rows in the form"), async || {
            self.assert_running();
            let seen = self.simulator.form_rows();
            expect(seen >= rows, || format!("{seen} rows"))
        })
        .await;
    }

    /// Waits until nothing is ready in any work or retry queue nor in the hands of a replica that answers, and `dead` letters
    /// lie in all dead-letter queues. What is between the two, on its way to a consumer, is seen by nobody, so it has to be
    /// so twice.
    pub async fn quiet(&mut self, limit: Duration, dead: u32) {
        self.quiet_with(limit, dead..=dead).await;
    }

    /// The same with a number of dead letters within these bounds.
    pub async fn quiet_with(&mut self, limit: Duration, dead: RangeInclusive<u32>) {
        let what = format!("empty queues and hands, and {dead:?} dead letters");
        let mut was_quiet = false;
        eventually(limit, &what, async || {
            let said = |error: anyhow::Error| format!("{error:#}");
            let waiting = self.queues.waiting_in_all().await.map_err(said)?;
            let letters = self.queues.dead_in_all().await.map_err(said)?;
            let hands = self.answering_are_idle().await;
            let is_quiet = waiting == 0 && dead.contains(&letters) && hands.is_ok();
            expect(std::mem::replace(&mut was_quiet, is_quiet) && is_quiet, || {
                format!("{waiting} waiting, {letters} dead, {hands:?} in hand")
            })
        })
        .await;
    }

    /// Asks every replica that still runs to end: each must drain and exit with 0.
    pub async fn drain(&mut self) {
        self.try_drain().await.expect("drained processes end with 0");
    }

    /// Fails if calls went over a limit that a stopped process does not explain.
    pub fn assert_within_quota(&self) {
        let stats = self.simulator.stats();
        let overruns = Overruns::of(&stats);
        assert!(
            overruns.are_few_and_refused(),
            "{overruns}: {:?} {:?}",
            stats.okki.violation_examples,
            stats.jdy.violation_examples
        );
    }

    /// Log lines of all replicas at WARN or ERROR.
    pub fn complaints(&self) -> Vec<String> {
        let is_complaint =
            |line: &&str| line.contains(r#""level":"WARN""#) || line.contains(r#""level":"ERROR""#);
        let mut complaints = Vec::new();
        for replica in self.replicas() {
            let log = replica.log();
            let lines = log.lines().filter(is_complaint);
            complaints.extend(lines.map(|line| format!("{}: {line}", replica.name())));
        }
        complaints
    }
}
