//! What a vendor does not promise never to do: answers that name rows in another way than they were sent, calls that
//! take effect although they, or their resend, were refused.

use std::collections::HashMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::simulator::call::Call;
use crate::simulator::reply::Reply;
use crate::simulator::state::lock;

/// How the ids of an answer are bent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ids {
    /// The last row first.
    Reversed,
    /// Each in the place of the one after it.
    Rotated,
    /// The first id in every place.
    Doubled,
    /// Well-formed, and of no row.
    Foreign,
    /// The last one is missing.
    Short,
    /// One more than there are rows.
    Long,
}

/// Calls that wait for something else to happen.
#[derive(Debug)]
pub(crate) struct Strange {
    /// The code that refuses the next call about a subject.
    refusals: Mutex<HashMap<String, i64>>,
    /// Changes when withheld calls may take effect.
    released: watch::Sender<u64>,
}

impl Default for Strange {
    fn default() -> Self {
        Self {
            refusals: Mutex::default(),
            released: watch::Sender::new(0),
        }
    }
}

impl Strange {
    /// The next call about the same rows is refused.
    pub(crate) fn refuse_next(&self, operation: &str, call: &Call, code: i64) {
        lock(&self.refusals).insert(subject(operation, call), code);
    }

    /// The code with which this call is refused because of an earlier one.
    pub(crate) fn refusal(&self, operation: &str, call: &Call) -> Option<i64> {
        let mut refusals = lock(&self.refusals);
        if refusals.is_empty() {
            return None;
        }
        refusals.remove(&subject(operation, call))
    }

    /// Ends when withheld calls may take effect.
    pub(crate) fn withheld(&self) -> watch::Receiver<u64> {
        self.released.subscribe()
    }

    pub(crate) fn release(&self) {
        self.released.send_modify(|times| *times += 1);
    }
}

/// What a call is about: the transaction, the row, or else the rows it brings.
fn subject(operation: &str, call: &Call) -> String {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let about = ["transaction_id", "data_id", "data"]
        .iter()
        .find_map(|name| body.get(name));
    format!("{operation} {}", about.unwrap_or(&body))
}

impl Reply {
    /// The answer of a batch with other ids.
    pub(crate) fn with_ids(self, how: Ids) -> Reply {
        self.changed(|answer| {
            let Some(ids) = answer.get_mut("success_ids").and_then(Value::as_array_mut) else {
                return;
            };
            match how {
                Ids::Reversed => ids.reverse(),
                Ids::Rotated if !ids.is_empty() => ids.rotate_left(1),
                Ids::Rotated => {}
                Ids::Doubled => {
                    let first = ids.first().cloned().unwrap_or_default();
                    ids.fill(first);
                }
                Ids::Foreign => {
                    for (at, id) in ids.iter_mut().enumerate() {
                        *id = json!(format!("0f{at:022x}"));
                    }
                }
                Ids::Short => drop(ids.pop()),
                Ids::Long => ids.push(json!(format!("0f{:022x}", 0))),
            }
        })
    }

    /// The answer of a batch with another count.
    pub(crate) fn with_count(self, by: i64) -> Reply {
        self.changed(|answer| {
            if let Some(count) = answer["success_count"].as_i64() {
                answer["success_count"] = json!((count + by).max(0));
            }
        })
    }

    pub(super) fn changed(mut self, change: impl FnOnce(&mut Value)) -> Reply {
        if let Ok(mut answer) = serde_json::from_str(&self.body) {
            change(&mut answer);
            self.body = answer.to_string();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_bent_and_refusals_stay_what_they_are() {
        let answer = json!({"status": "success", "success_count": 2, "success_ids": ["a", "b"]});
        let reply = || Reply::json(200, &answer);
        let ids = |how| {
            let bent: Value = serde_json::from_str(&reply().with_ids(how).body).unwrap();
            bent["success_ids"].clone()
        };
        assert_eq!(ids(Ids::Reversed), json!(["b", "a"]));
        assert_eq!(ids(Ids::Rotated), json!(["b", "a"]));
        assert_eq!(ids(Ids::Doubled), json!(["a", "a"]));
        assert_eq!(ids(Ids::Short), json!(["a"]));
        assert_eq!(ids(Ids::Long).as_array().unwrap().len(), 3);
        assert_ne!(ids(Ids::Foreign), json!(["a", "b"]));
        let counted: Value = serde_json::from_str(&reply().with_count(-1).body).unwrap();
        assert_eq!(counted["success_count"], 1);
        let refused = Reply::json(400, &json!({"code": 3005, "msg": "x"}));
        assert_eq!(refused.clone().with_ids(Ids::Doubled).body, refused.body);
    }
}
