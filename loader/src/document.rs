//! What the loader takes from a 轻易云 target document: the form, its widgets with captions, and the switches of writes.

use std::path::Path;

use pipeline::config::ConfigError;
use serde::Deserialize;

use crate::jdy::calls::WriteOptions;

/// The loader's view of the document.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// Path of the create call, with placeholders for app and form.
    pub api: Option<String>,
    /// Widget and caption of every mapped field.
    pub fields: Vec<(String, String)>,
    /// App of the form.
    pub app_id: Option<String>,
    /// The form.
    pub entry_id: Option<String>,
    /// Switches of each write.
    pub options: WriteOptions,
    /// What is not done as the document says.
    pub remarks: Vec<String>,
}

#[derive(Deserialize)]
struct Raw {
    api: Option<String>,
    #[serde(default)]
    request: Vec<RawField>,
    #[serde(default, rename = "otherRequest")]
    other: Vec<RawField>,
}

#[derive(Deserialize)]
struct RawField {
    field: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    value: serde_json::Value,
}

impl Document {
    /// Reads and checks the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let refuse = |problem: String| {
            ConfigError::new(
                "MAPPING",
                format!("`{}`: {problem}", path.display()),
                "name a 轻易云 target document (JSON)",
            )
        };
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        Self::parse(&text).map_err(|error| refuse(error.to_string()))
    }

    fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let raw: Raw = serde_json::from_str(text)?;
        let mut document = Self {
            api: raw.api,
            fields: raw
                .request
                .into_iter()
                .map(|field| (field.field, field.label))
                .collect(),
            ..Self::default()
        };
        for RawField { field, value, .. } in raw.other {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match field.as_str() {
                "appId" | "app_id" => document.app_id = Some(text),
                "entryId" | "entry_id" => document.entry_id = Some(text),
                "is_start_workflow" => document.options.start_workflow = text == "true",
                "is_start_trigger" => document.options.start_trigger = text == "true",
                "data_creator" => document.options.data_creator = Some(text).filter(|text| !text.is_empty()),
                "transaction_id" => document.remarks.push(format!(
                    "the document's constant transaction_id `{text}` is not used: every batch needs its own, or batches would overwrite each other"
                )),
                other => document.remarks.push(format!("otherRequest field `{other}` is not known and not sent")),
            }
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switches_and_the_form_are_taken_and_the_constant_id_is_not() {
        let document = Document::parse(
            r#"{"api": "/api/v2/app/{app_id}/entry/{entry_id}/data_create",
                "request": [{"field": "_w1", "label": "名称", "value": "{name}"}],
                "otherRequest": [{"field": "is_start_workflow", "value": "true"}, {"field": "is_start_trigger", "value": "false"},
                    {"field": "transaction_id", "value": "1"}, {"field": "appId", "value": "a"}, {"field": "entryId", "value": "e"}]}"#,
        )
        .unwrap();
        assert_eq!(document.fields, [("_w1".to_owned(), "名称".to_owned())]);
        assert_eq!(
            (document.app_id.as_deref(), document.entry_id.as_deref()),
            (Some("a"), Some("e"))
        );
        assert!(document.options.start_workflow && !document.options.start_trigger);
        assert!(
            document.remarks[0].contains("transaction_id"),
            "{:?}",
            document.remarks
        );
    }
}
