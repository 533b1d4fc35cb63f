//! Limits that vendors have named in their answers: who obeys them does nothing wrong, and nobody else can see why it waits.

use super::facts::Facts;
use crate::when;
use pipeline::{
    doctor::Finding,
    quota::{VENDOR_LIMITS, VendorLimit},
};
use std::collections::BTreeMap;

/// Of each program and kind of calls the one that lasts longest, where no call is left.
pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut longest: BTreeMap<(&str, String), i64> = BTreeMap::new();
    for replica in facts.replicas.iter().filter(|replica| !replica.is_silent()) {
        let told = replica.heartbeat.status.get(VENDOR_LIMITS).cloned();
        let limits: Vec<VendorLimit> = told
            .and_then(|told| serde_json::from_value(told).ok())
            .unwrap_or_default();
        for limit in limits
            .into_iter()
            .filter(|limit| limit.left == 0 && limit.until_ms > facts.now_ms)
        {
            let until = longest
                .entry((replica.heartbeat.service.as_str(), limit.bucket))
                .or_default();
            *until = limit.until_ms.max(*until);
        }
    }
    longest
        .into_iter()
        .map(|((program, bucket), until)| {
            let seen = words::tr!(
                "the vendor has said in an answer that it takes no more calls of {bucket} until {}; that is obeyed",
                when::time(until)
            );
            let remedy = words::text!(
                "nothing: it goes on by itself then; where it happens often, lower the rate in the settings, or see who else uses the account"
            );
            Finding::risk(program, seen, remedy)
        })
        .collect()
}
