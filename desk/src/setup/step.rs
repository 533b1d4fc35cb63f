//! One thing that somebody does to set the pipeline up.

use pipeline::setting::Secret;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// One thing that somebody does. The order is that of the page; each needs what stands before it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub(crate) enum Step {
    /// Try OKKI's keys, keep them, and ask which fields customers have.
    OkkiKeys {
        /// From 企业管理 → 外部对接 → API对接.
        client_id: String,
        /// From the same place.
        #[serde(deserialize_with = "secret")]
        #[schema(value_type = String)]
        client_secret: Secret,
        /// Only where it is not the usual one.
        #[serde(default)]
        base_url: String,
    },
    /// Try Jiandaoyun's key, keep it, and ask for apps and forms.
    JdyKey {
        /// From 管理后台 → 开放平台 → 密钥管理.
        #[serde(deserialize_with = "secret")]
        #[schema(value_type = String)]
        api_key: Secret,
        /// Only where it is not the usual one.
        #[serde(default)]
        base_url: String,
    },
    /// Choose the form.
    Form {
        /// Its app's id.
        app_id: String,
        /// Its id.
        entry_id: String,
    },
    /// Choose the widget that holds the customers' ids.
    KeyWidget {
        /// Its name or caption.
        name: String,
    },
    /// Make a mapping document from captions that are alike.
    Draft,
    /// Try a mapping document, and keep it.
    Mapping {
        /// A 轻易云 target document.
        document: String,
    },
    /// Say what the rows are that have no key.
    Rows {
        /// None of them is a customer's.
        ignore: bool,
    },
    /// Write the first customers and nothing else.
    First,
    /// Write all customers, and follow what changes.
    Everything,
    /// Match rows without a key with customers.
    Adopt {
        /// Widgets that are compared, by caption or name.
        matched: Vec<String>,
        /// Give them their keys, too.
        write: bool,
    },
    /// Forget what was chosen here and begin anew; running programs keep their settings.
    Anew,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    Ok(Secret::new(String::deserialize(from)?.trim()))
}
