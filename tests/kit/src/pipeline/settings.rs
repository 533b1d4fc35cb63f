//! The environment variables that the services run with.

use std::collections::BTreeMap;

use super::replica::Service;
use crate::config::mapping_document;
use crate::simulator::{APP_ID, ENTRY_ID, KEY_WIDGET};

/// Environment variables of a process. Nothing else reaches it but the search path.
pub type Settings = BTreeMap<String, String>;

/// Shorter waits than in production, so that a test sees several runs, leases and time-outs in seconds.
pub(super) const OF_TESTS: [(Service, &str, &str); 8] = [
    (Service::Extractor, "OKKI_RATE", "90"),
    (Service::Extractor, "OKKI_TIMEOUT", "5s"),
    (Service::Extractor, "EVERY", "1s"),
    (Service::Extractor, "SETTLE_DELAY", "2s"),
    (Service::Extractor, "LEASE_TTL", "3s"),
    (Service::Loader, "JDY_TIMEOUT", "2s"),
    (Service::Loader, "INDEX_SETTLE", "2500ms"),
    (Service::Loader, "LEASE", "10s"),
];

/// What a service needs to work with simulated vendors at this address, and so that its log and its admin port are
/// found; limits and waits are left to the caller.
pub(super) fn needed(service: Service, vendors: &str) -> Settings {
    let own: Vec<(&str, String)> = match service {
        Service::Extractor => vec![
            ("OKKI_BASE_URL", vendors.to_owned()),
            ("OKKI_CLIENT_ID", "sim-okki-client".into()),
            ("OKKI_CLIENT_SECRET", "sim-okki-secret".into()),
        ],
        Service::Transformer => vec![("MAPPING", mapping_document())],
        Service::Loader => vec![
            ("JDY_BASE_URL", vendors.to_owned()),
            ("JDY_API_KEY", "sim-jdy-key".into()),
            ("JDY_APP_ID", APP_ID.into()),
            ("JDY_ENTRY_ID", ENTRY_ID.into()),
            ("JDY_KEY_WIDGET", KEY_WIDGET.into()),
        ],
    };
    let common = [
        ("ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
    ];
    own.into_iter()
        .chain(common)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
