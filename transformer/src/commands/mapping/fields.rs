//! `mapping fields`: which keys customers have had lately.

use clap::Args;
use pipeline::config::{SharedArgs, SharedConfig};
use pipeline::setting::ConfigError;
use pipeline::store::Store;

use super::table::columns;
use crate::profile::{Profile, looks};

/// Arguments of `fields`.
#[derive(Debug, Args)]
pub(super) struct FieldsArgs {
    #[command(flatten)]
    shared: SharedArgs,
}

pub(super) async fn run(args: FieldsArgs) -> anyhow::Result<()> {
    let SharedConfig { redis, namespace, .. } = args.shared.try_into()?;
    let store = Store::connect(&redis)?;
    let profile = super::seen::lately(&store, &namespace).await?.ok_or_else(|| {
        let problem = words::tr!("no transformer of namespace {namespace} has mapped a customer lately");
        ConfigError::new(
            "NAMESPACE",
            problem,
            words::text!("name the namespace of a running transformer"),
        )
    })?;
    pipeline::say_text!("{}", shown(&profile))?;
    Ok(())
}

fn shown(profile: &Profile) -> String {
    let mut rows = vec![
        [
            words::sense(words::mark!("of a record: key")),
            words::text!("have it"),
            words::text!("filled"),
            words::text!("looks"),
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    let share = |count: u64| match profile.records() {
        0 => String::new(),
        all => format!("{} %", count * 100 / all),
    };
    for (name, key) in profile.keys() {
        let gone = if key.gone {
            words::text!(" (in no answer any more)")
        } else {
            ""
        };
        rows.push(vec![
            format!("{name}{gone}"),
            share(key.seen),
            share(key.filled),
            looks(key),
        ]);
    }
    words::tr!("{} customers\n\n{}", profile.records(), columns(&rows))
}
