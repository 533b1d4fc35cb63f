//! What the loader takes from a 轻易云 target document: the form, its widgets with captions, and the switches of writes.

use std::path::Path;

use mapping::TargetDocument;
use pipeline::setting::ConfigError;

use crate::jdy::calls::WriteOptions;

/// The loader's view of the document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Document {
    /// Path of the create call, with placeholders for app and form.
    pub(crate) api: String,
    /// Widget and caption of every mapped field.
    pub(crate) fields: Vec<(String, String)>,
    /// App of the form.
    pub(crate) app_id: Option<String>,
    /// The form.
    pub(crate) entry_id: Option<String>,
    /// Switches of each write.
    pub(crate) options: WriteOptions,
    /// What is not done as the document says.
    pub(crate) remarks: Vec<String>,
}

impl Document {
    /// Reads and checks the file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::new(
                "MAPPING",
                words::tr!("cannot read `{name}`: {error}"),
                words::tr!("name a 轻易云 target document"),
            )
        })?;
        Self::parse(&text, &name)
    }

    /// The same of a text.
    pub(crate) fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        let loaded = TargetDocument::parse(text, name).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            ConfigError::message(words::tr!("MAPPING: {}", lines.join("\n")))
        })?;
        let (document, other) = (&loaded.document, &loaded.document.other);
        Ok(Self {
            api: document.api.clone(),
            fields: document
                .request
                .iter()
                .map(|field| (field.field.clone(), field.label.clone()))
                .collect(),
            app_id: other.app_id().map(str::to_owned),
            entry_id: other.entry_id().map(str::to_owned),
            options: WriteOptions {
                start_workflow: other.is_start_workflow().unwrap_or(false),
                start_trigger: other.is_start_trigger().unwrap_or(false),
                data_creator: other.data_creator().map(str::to_owned),
            },
            remarks: loaded.warnings.iter().map(ToString::to_string).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switches_and_the_form_are_taken_and_the_constant_id_is_not() {
        let document = Document::parse(
            r#"{"api": "/api/v2/app/{app_id}/entry/{entry_id}/data_create", "effect": "EXECUTE", "method": "POST",
                "request": [{"field": "_w1", "label": "名称", "type": "string", "value": "{name}"}],
                "otherRequest": [{"field": "is_start_workflow", "value": "true"}, {"field": "is_start_trigger", "value": "false"},
                    {"field": "transaction_id", "value": "1"}, {"field": "appId", "value": "a"}, {"field": "entryId", "value": "e"}]}"#,
            "test",
        )
        .unwrap();
        assert_eq!(document.fields, [("_w1".to_owned(), "名称".to_owned())]);
        assert_eq!(
            (document.app_id.as_deref(), document.entry_id.as_deref()),
            (Some("a"), Some("e"))
        );
        assert!(document.options.start_workflow && !document.options.start_trigger);
        assert!(
            document
                .remarks
                .iter()
                .any(|remark| remark.contains("transaction_id")),
            "{:?}",
            document.remarks
        );
    }
}
