//! What a service needs to be told to work with the simulator: where the vendors are, who we are, and the mapping.

use super::Service;
use crate::config::mapping_document;
use crate::simulator::{APP_ID, ENTRY_ID, KEY_WIDGET};

/// Settings of a service for vendors at this address; tempo and limits are left to the caller.
pub fn vendor_settings(service: Service, url: String) -> Vec<(&'static str, String)> {
    match service {
        Service::Extractor => vec![
            ("OKKI_BASE_URL", url),
            ("OKKI_CLIENT_ID", "sim-okki-client".into()),
            ("OKKI_CLIENT_SECRET", "sim-okki-secret".into()),
        ],
        Service::Transformer => vec![("MAPPING", mapping_document())],
        Service::Loader => vec![
            ("JDY_BASE_URL", url),
            ("JDY_API_KEY", "sim-jdy-key".into()),
            ("JDY_APP_ID", APP_ID.into()),
            ("JDY_ENTRY_ID", ENTRY_ID.into()),
            ("JDY_KEY_WIDGET", KEY_WIDGET.into()),
        ],
    }
}
