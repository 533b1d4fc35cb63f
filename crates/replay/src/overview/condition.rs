//! A condition that drops every customer: nothing fails, nothing waits, and the form stays empty.

use super::facts::Facts;
use pipeline::doctor::Finding;
use serde_json::Value;

/// Under which a transformer tells what its condition has done since it was started.
const CONDITION: &str = "condition";
/// So many customers in a row are no chance where the form has nobody.
const OF_NOBODY: u64 = 20;
/// The same beside customers that are in the form.
const OF_MANY: u64 = 100;

pub(super) fn findings(facts: &Facts) -> Option<Finding> {
    let total = &facts.check.total;
    let has_rows = total.loaded + total.unchanged + total.in_flight > 0;
    let (passed, dropped) = since_start(facts);
    if !has_rows && passed == 0 && total.filtered >= OF_NOBODY {
        let seen = words::tr!(
            "conditions have dropped all {} customers that were listed so far: the form gets nobody",
            total.filtered
        );
        return Some(Finding::bad("transformer", seen, remedy()));
    }
    (passed == 0 && dropped >= OF_MANY).then(|| {
        let seen = words::tr!("since the transformers were started, the condition has dropped every customer, {dropped} of {dropped}");
        Finding::risk("transformer", seen, remedy())
    })
}

fn remedy() -> &'static str {
    words::text!(
        "if that is not meant, look at `condition` in MAPPING_EXTRAS and in SOURCE: `transformer mapping try` says which customers it drops and why"
    )
}

/// Customers that passed and that were dropped, of all transformers together.
fn since_start(facts: &Facts) -> (u64, u64) {
    let of_transformers = facts
        .replicas
        .iter()
        .filter(|replica| replica.heartbeat.service == "transformer" && !replica.is_silent());
    let told = of_transformers.map(|replica| &replica.heartbeat.status[CONDITION]);
    let number = |told: &Value, name: &str| told[name].as_u64().unwrap_or(0);
    told.fold((0, 0), |(passed, dropped), told| {
        (passed + number(told, "passed"), dropped + number(told, "dropped"))
    })
}
