//! What the command line can ask for, a file each.

pub(crate) mod doctor;
pub(crate) mod mapping;
pub(crate) mod run;
mod set_up;

use crate::{config::TransformConfig, map::Mapping};
use pipeline::setting::ConfigError;
use std::path::Path;

/// Reads and compiles the mapping; all of its problems are reported at once.
fn load(config: &TransformConfig) -> Result<Mapping, ConfigError> {
    let document = read("MAPPING", &config.mapping)?;
    let extras = config
        .extras
        .as_deref()
        .map(|path| read("MAPPING_EXTRAS", path))
        .transpose()?;
    let extras_name = config
        .extras
        .as_deref()
        .unwrap_or(Path::new("extras"))
        .display()
        .to_string();
    let name = config.mapping.display().to_string();
    Mapping::load_named(&document, &name, extras.as_deref(), &extras_name).map_err(|problems| {
        let list = problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n  ");
        ConfigError::message(words::tr!("MAPPING: the document cannot be used\n  {list}"))
    })
}

fn read(name: &str, path: &Path) -> Result<String, ConfigError> {
    let refused = |error: std::io::Error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::InvalidData => words::text!("save it with the encoding UTF-8"),
            _ => words::text!("name a readable JSON file"),
        };
        let error = words::retold(&error.to_string());
        ConfigError::new(
            name,
            words::tr!("cannot read `{}`: {error}", path.display()),
            remedy,
        )
    };
    std::fs::read_to_string(path).map_err(refused)
}
