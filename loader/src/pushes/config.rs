//! The settings of pushes as they may be typed, and checked.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use pipeline::setting::{ConfigError, Secret, SecretArg, positive_duration};
use pipeline::webhook::{WebhookArgs, WebhookConfig, path};

use crate::config::MissingPolicy;
use crate::ledger::Undo;

/// The vendor waits two seconds for an answer.
const ANSWER_WITHIN: Duration = Duration::from_millis(1800);
/// A row with its subforms; larger pushes are refused.
const LARGEST_BODY: usize = 1 << 20;

/// What people do to rows, as Jiandaoyun pushes it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Push options (what people do to rows, as Jiandaoyun tells)")]
pub(crate) struct PushArgs {
    /// Secret of the form's 数据推送 (required with HOOK_LISTEN, here or as a file)
    #[arg(long, env = "JDY_HOOK_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub(crate) jdy_hook_secret: Option<Secret>,
    /// File that holds JDY_HOOK_SECRET
    #[arg(long, env = "JDY_HOOK_SECRET_FILE", value_name = "FILE")]
    pub(crate) jdy_hook_secret_file: Option<PathBuf>,
    /// A push that was signed longer ago is refused
    #[arg(long, env = "JDY_HOOK_MAX_AGE", default_value = "1h", value_name = "DURATION")]
    pub(crate) jdy_hook_max_age: String,
    /// A row that a person deleted
    #[arg(
        long,
        env = "ON_ROW_REMOVED",
        value_enum,
        default_value = "leave",
        value_name = "POLICY"
    )]
    pub(crate) on_row_removed: RemovedPolicy,
    /// A row of which a person changed the key or mapped cells
    #[arg(
        long,
        env = "ON_ROW_EDITED",
        value_enum,
        default_value = "leave",
        value_name = "POLICY"
    )]
    pub(crate) on_row_edited: EditedPolicy,
}

/// `--on-row-removed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RemovedPolicy {
    /// Until the customer changes.
    Leave,
    /// The customer is fetched again at once, and gets a new row.
    Recreate,
}

/// `--on-row-edited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EditedPolicy {
    /// Until the customer's next record.
    Leave,
    /// The customer is fetched again at once, and its row is written.
    Restore,
}

/// Checked settings of a loader that hears pushes.
#[derive(Debug, Clone)]
pub(crate) struct PushConfig {
    /// Where they arrive.
    pub(crate) listener: WebhookConfig,
    /// What they are signed with.
    pub(crate) secret: Secret,
    pub(crate) max_age: Duration,
    pub(crate) undo: Undo,
}

impl PushConfig {
    /// `None` when no pushes are wanted. Names the setting at fault; long because each wrong combination has a remedy of
    /// its own.
    pub(crate) fn new(
        args: PushArgs,
        listener: WebhookArgs,
        key_widget: Option<&str>,
        on_missing_row: MissingPolicy,
    ) -> Result<Option<Self>, ConfigError> {
        let secret = SecretArg::new(
            "JDY_HOOK_SECRET",
            args.jdy_hook_secret.as_ref(),
            args.jdy_hook_secret_file.as_deref(),
        )
        .optional()?;
        let undo = Undo {
            gone: args.on_row_removed == RemovedPolicy::Recreate,
            edited: args.on_row_edited == EditedPolicy::Restore,
            keeps_gone: on_missing_row == MissingPolicy::DeadLetter,
        };
        let max_age = positive_duration("JDY_HOOK_MAX_AGE", &args.jdy_hook_max_age)?;
        if undo.gone && undo.keeps_gone {
            return Err(ConfigError::new(
                "ON_ROW_REMOVED",
                words::tr!("recreate makes the rows anew that ON_MISSING_ROW=dead-letter leaves to a person"),
                words::tr!("change one of them"),
            ));
        }
        let (mut listener, secret) = match (listener.check()?, secret) {
            (Some(listener), Some(secret)) => (listener, secret),
            (None, None) if undo.gone || undo.edited => {
                return Err(ConfigError::new(
                    "HOOK_LISTEN",
                    words::tr!("is needed to hear what ON_ROW_REMOVED and ON_ROW_EDITED are about"),
                    words::tr!("set it and JDY_HOOK_SECRET, or leave the rows"),
                ));
            }
            (None, None) => return Ok(None),
            (Some(_), None) => {
                let remedy =
                    words::text!("set it, or JDY_HOOK_SECRET_FILE, to the secret of the form's 数据推送");
                return Err(ConfigError::new(
                    "JDY_HOOK_SECRET",
                    words::tr!("is required with HOOK_LISTEN"),
                    remedy,
                ));
            }
            (None, Some(_)) => {
                return Err(ConfigError::new(
                    "HOOK_LISTEN",
                    words::tr!("is required with JDY_HOOK_SECRET"),
                    words::tr!("set it to the address at which pushes arrive, such as 0.0.0.0:8081"),
                ));
            }
        };
        if key_widget.is_none() {
            return Err(ConfigError::new(
                "JDY_KEY_WIDGET",
                words::tr!("is needed to know whose row a push is about"),
                words::tr!("set it, or leave HOOK_LISTEN out"),
            ));
        }
        listener.limits.time = ANSWER_WITHIN;
        listener.limits.body = LARGEST_BODY;
        Ok(Some(Self {
            listener,
            secret,
            max_age,
            undo,
        }))
    }

    /// For people: whether pushes are heard, and what has to be entered in the form.
    pub(crate) fn describe(config: Option<&Self>) -> String {
        let Some(config) = config else {
            return words::tr!(
                "not heard: what people do to rows is found by the next record, or by reading the form; set \
                    HOOK_LISTEN, HOOK_TOKEN and JDY_HOOK_SECRET to know it at once"
            );
        };
        let listen = config.listener.listen;
        let path = path("<HOOK_TOKEN>");
        let scheme = match config.listener.tls.is_empty() {
            true => words::text!("behind an ingress with TLS"),
            false => words::text!("with TLS of its own"),
        };
        words::tr!(
            "heard on {listen}, {scheme}; in the form: 表单设置 → 数据推送, address https://<your host>{path}, secret that \
             of JDY_HOOK_SECRET, all kinds of events"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(secret: Option<&str>) -> PushArgs {
        PushArgs {
            jdy_hook_secret: secret.map(Secret::new),
            jdy_hook_secret_file: None,
            jdy_hook_max_age: "1h".to_owned(),
            on_row_removed: RemovedPolicy::Leave,
            on_row_edited: EditedPolicy::Leave,
        }
    }

    fn listener(listens: bool) -> WebhookArgs {
        WebhookArgs {
            hook_listen: listens.then(|| "127.0.0.1:0".to_owned()),
            hook_token: Some(Secret::new("0123456789abcdef")),
            hook_rate: "50".to_owned(),
            ..WebhookArgs::default()
        }
    }

    fn check(
        args: PushArgs,
        listens: bool,
        key: Option<&str>,
        missing: MissingPolicy,
    ) -> Result<bool, String> {
        PushConfig::new(args, listener(listens), key, missing)
            .map(|config| config.is_some())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn half_of_the_settings_are_refused_by_name() {
        use MissingPolicy::{DeadLetter, Recreate};
        let anew = |secret| PushArgs {
            on_row_removed: RemovedPolicy::Recreate,
            ..args(secret)
        };
        let key = Some("_k");
        assert_eq!(check(args(None), false, key, Recreate), Ok(false));
        assert_eq!(check(args(Some("s")), true, key, DeadLetter), Ok(true));
        assert_eq!(check(anew(Some("s")), true, key, Recreate), Ok(true));
        for (refused, named) in [
            (check(args(None), true, key, Recreate), "JDY_HOOK_SECRET"),
            (check(args(Some("s")), false, key, Recreate), "HOOK_LISTEN"),
            (check(anew(None), false, key, Recreate), "HOOK_LISTEN"),
            (check(args(Some("s")), true, None, Recreate), "JDY_KEY_WIDGET"),
            (check(anew(Some("s")), true, key, DeadLetter), "ON_ROW_REMOVED"),
        ] {
            let error = refused.unwrap_err();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
