//! Redis keys of dead letters: plans, operations, who holds and who moves letters, the audit log.

use super::Namespace;
use crate::stage::Stage;

/// The keys of one replay plan.
#[derive(Debug, Clone)]
pub struct PlanKeys {
    /// Hash: what the plan is, its state, its counters (`sent`, `n:<disposition>`).
    pub plan: String,
    /// Hash: letter → empty (planned), `s` (sent), its disposition, or `part …` while some of its records have come to their ends.
    pub letters: String,
    /// HyperLogLog of the customers.
    pub customers: String,
}

/// Dead letters.
impl Namespace {
    /// The keys of one plan.
    #[must_use]
    pub fn plan_keys(&self, plan: &str) -> PlanKeys {
        let plan = self.key(format_args!("dead:plan:{plan}"));
        PlanKeys {
            letters: format!("{plan}:letters"),
            customers: format!("{plan}:customers"),
            plan,
        }
    }

    /// Sorted set: plan ids by the time they were made, unix milliseconds.
    #[must_use]
    pub fn plans_key(&self) -> String {
        self.key("dead:plans")
    }

    /// Stream of entries chained by hash: who did what to dead letters.
    #[must_use]
    pub fn audit_key(&self) -> String {
        self.key("dead:audit")
    }

    /// Lease: who replays dead letters of a stage.
    #[must_use]
    pub fn replay_lease_key(&self, stage: Stage) -> String {
        self.key(format_args!("dead:{stage}:replay"))
    }

    /// Lease: who browses the dead letters or the archive of a stage.
    #[must_use]
    pub fn browse_lease_key(&self, stage: Stage, archive: bool) -> String {
        let what = if archive { "archive" } else { "look" };
        self.key(format_args!("dead:{stage}:{what}"))
    }

    /// Hash: letter → the operation that is moving it out of the dead letters or the archive of a stage.
    #[must_use]
    pub fn leaving_key(&self, stage: Stage, archive: bool) -> String {
        let from = if archive { ":archive" } else { "" };
        self.key(format_args!("dead:{stage}:leaving{from}"))
    }

    /// Hash: operator → JSON: who has taken the letters of a stage, or of its archive, and how many.
    #[must_use]
    pub fn holders_key(&self, stage: Stage, archive: bool) -> String {
        let of = if archive { ":archive" } else { "" };
        self.key(format_args!("dead:{stage}:holders{of}"))
    }

    /// Set: names of the rules.
    #[must_use]
    pub fn rules_key(&self) -> String {
        self.key("dead:rules")
    }

    /// Hash: a rule, why it is off, what its last run came to; each JSON.
    #[must_use]
    pub fn rule_key(&self, rule: &str) -> String {
        self.key(format_args!("dead:rule:{rule}"))
    }

    /// Lease: which process carries out a stage's rules and adopts its replays.
    #[must_use]
    pub fn worker_lease_key(&self, stage: Stage) -> String {
        self.key(format_args!("dead:{stage}:worker"))
    }

    /// Hash: stage → second copies that were found and taken away.
    #[must_use]
    pub fn doubles_key(&self) -> String {
        self.key("dead:doubles")
    }

    /// Hash: an operation that moves letters and is no plan.
    #[must_use]
    pub fn operation_key(&self, operation: &str) -> String {
        self.key(format_args!("dead:operation:{operation}"))
    }

    /// Lease: who works at an operation.
    #[must_use]
    pub fn operation_lease_key(&self, operation: &str) -> String {
        self.key(format_args!("dead:operation:{operation}:lease"))
    }

    /// Sorted set: operation ids by the time they were begun, unix milliseconds.
    #[must_use]
    pub fn operations_key(&self) -> String {
        self.key("dead:operations")
    }
}
