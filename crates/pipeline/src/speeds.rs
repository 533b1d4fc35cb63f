//! How fast the services may work, as their limits say: they tell it in their heartbeats, so that a command that estimates
//! hours need not know the limits of a vendor.

use serde::{Deserialize, Serialize};

use crate::{
    heartbeat,
    names::Namespace,
    store::{Error, Store},
};

/// Under which a service tells it.
pub const SPEEDS: &str = "speeds";

/// A second, of all replicas together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Speeds {
    /// Rows that are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_rows: Option<f64>,
    /// Rows that are changed or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_rows: Option<f64>,
    /// Customers whose details are fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<f64>,
}

impl Speeds {
    /// As it is told.
    #[must_use]
    pub fn told(self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn or(self, other: Self) -> Self {
        Self {
            new_rows: self.new_rows.or(other.new_rows),
            changed_rows: self.changed_rows.or(other.changed_rows),
            details: self.details.or(other.details),
        }
    }
}

/// What the replicas of a namespace have told, as far as any of them was heard lately.
///
/// # Errors
/// When Redis does not answer.
pub async fn told(store: &Store, namespace: &Namespace) -> Result<Speeds, Error> {
    let replicas = heartbeat::replicas(store, namespace).await?.replicas;
    let speeds = replicas.into_iter().filter_map(|replica| {
        let told = replica.heartbeat.status.get(SPEEDS)?.clone();
        serde_json::from_value::<Speeds>(told).ok()
    });
    Ok(speeds.fold(Speeds::default(), Speeds::or))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_adds_what_it_knows() {
        let loader = Speeds {
            new_rows: Some(1000.0),
            changed_rows: Some(20.0),
            details: None,
        };
        let extractor = Speeds {
            details: Some(10.0),
            ..Speeds::default()
        };
        assert_eq!(
            loader.told(),
            serde_json::json!({"new_rows": 1000.0, "changed_rows": 20.0})
        );
        let both = loader.or(extractor);
        assert_eq!((both.changed_rows, both.details), (Some(20.0), Some(10.0)));
    }
}
