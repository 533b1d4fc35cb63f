//! The loader's settings once they are known to be right, and the errors that name those that are not.

mod company;
mod times;

use std::time::Duration;

use pipeline::setting::{ConfigError, positive_duration};
use pipeline::settings;

use crate::config::{FormArgs, LimitArgs, MissingPolicy, WriteArgs, WriteMode};
use crate::document::Document;
use crate::failpoint::Armed;
use crate::form_watch::Expected;
use crate::index::VISIBLE_AFTER;
use crate::jdy::calls::{LARGEST_BATCH, WriteOptions};
use crate::jdy::client::FormId;
use crate::jdy::form::Misfit;
use crate::jdy::key_widget;
use crate::ledger::send_window;
use crate::write::{Mode, OnMissingRow, Removals, Settings};
pub(crate) use company::CompanyConfig;
use times::{duration, lease, linger, within_the_hour};

/// The checked settings.
#[derive(Debug, Clone)]
pub(crate) struct LoaderConfig {
    /// Whose form it is.
    pub(crate) company: CompanyConfig,
    /// Where it is.
    pub(crate) form: FormId,
    /// What is known of the form before the first record.
    pub(crate) expected: Expected,
    /// The write path.
    pub(crate) settings: Settings,
    /// Rows of a batch.
    pub(crate) batch_size: usize,
    /// How long a batch fills.
    pub(crate) linger: Duration,
    /// Batches at once.
    pub(crate) concurrency: usize,
    /// Lease of a batch.
    pub(crate) lease: Duration,
    /// Wait after Redis was lost.
    pub(crate) index_settle: Duration,
    /// Share of the known rows that removals may take away, in percent.
    pub(crate) removal_limit: u8,
    /// Whether new rows are made beside rows without a key.
    pub(crate) ignore_keyless: bool,
    pub(crate) failpoint: Option<Armed>,
    /// Things in the mapping document that are not done as it says.
    pub(crate) remarks: Vec<String>,
}

impl LoaderConfig {
    /// Checks everything; reads the mapping document and the key's file. It is long because each setting is one line of it.
    pub(crate) fn new(form: &FormArgs, write: WriteArgs, limits: &LimitArgs) -> Result<Self, ConfigError> {
        let key_widget = form.jdy_key_widget.as_deref().map(str::trim);
        let key_widget = key_widget.filter(|widget| !widget.is_empty()).map(str::to_owned);
        settings! {
            document = form.mapping.as_deref().map(Document::read).transpose();
            late = duration("LATE_WRITES", &write.late_writes);
            company = CompanyConfig::new(&form.company, limits, late.clone().unwrap_or_default());
            // Without its document nobody knows what it would have said.
            form = document.clone().and_then(|document| form_id(form, document.as_ref()));
            removals = removals(&write.on_removal);
            expected = match (&document, &removals) {
                (Ok(document), Ok(removals)) => expected(key_widget, document.as_ref(), removals),
                (Err(fault), _) | (_, Err(fault)) => Err(fault.clone()),
            };
            lease = lease(&write.lease);
            patience = positive_duration("PATIENCE", &write.patience);
            resend_for = positive_duration("RESEND_FOR", &write.resend_for);
            _within = match (&resend_for, &patience, &company) {
                (Ok(resend_for), Ok(patience), Ok(company)) => {
                    within_the_hour(*resend_for, *patience, company.account.slowest)
                }
                _ => Ok(()),
            };
            settles = write.index_settle.as_deref().map(|text| duration("INDEX_SETTLE", text)).transpose();
            batch_size = count("BATCH_SIZE", &write.batch_size, LARGEST_BATCH);
            linger = linger(&write.linger);
            concurrency = count("CONCURRENCY", &write.concurrency, 64);
            mode = match (&document, &form) {
                (Ok(document), Ok(form)) => mode(write.write_mode, document.as_ref(), form),
                (Err(fault), _) | (_, Err(fault)) => Err(fault.clone()),
            };
            batch_bytes = count("BATCH_BYTES", &write.batch_bytes, usize::MAX);
            removal_limit = percent("REMOVAL_LIMIT", &write.removal_limit);
        }
        // A loader notices within its send window; then its call may time out and take effect even later, and what
        // it did is not seen at once.
        let index_settle = settles.unwrap_or_else(|| {
            company.account.slowest + send_window(lease) + VISIBLE_AFTER + Duration::from_secs(2)
        });
        Ok(Self {
            expected,
            batch_size,
            linger,
            concurrency,
            lease,
            index_settle,
            settings: Settings {
                removals,
                on_missing_row: match write.on_missing_row {
                    MissingPolicy::Recreate => OnMissingRow::Recreate,
                    MissingPolicy::DeadLetter => OnMissingRow::DeadLetter,
                },
                mode,
                options: options(document.as_ref(), write.jdy_data_creator),
                patience,
                resend_for,
                late,
                batch_bytes,
            },
            company,
            form,
            removal_limit,
            ignore_keyless: write.ignore_keyless,
            failpoint: write.failpoint,
            remarks: document.map(|document| document.remarks).unwrap_or_default(),
        })
    }
}

/// What is known of the form before the first record; a key widget that anything else writes to is refused here.
fn expected(
    key_widget: Option<String>,
    document: Option<&Document>,
    removals: &Removals,
) -> Result<Expected, ConfigError> {
    let fields = document
        .map(|document| document.fields.clone())
        .unwrap_or_default();
    let mark = match removals {
        Removals::Mark { widget, .. } => Some(widget.clone()),
        _ => None,
    };
    if let Some(widget) = &key_widget {
        key_widget::judge_settings(widget, &fields, mark.as_deref()).map_err(|fault| {
            let misfit = Misfit::Key {
                widget: widget.clone(),
                fault,
            };
            ConfigError::message(misfit.to_string())
        })?;
    }
    if let Some(mark) = &mark
        && let Some((_, label)) = fields.iter().find(|(widget, _)| widget == mark)
    {
        return Err(ConfigError::new(
            "ON_REMOVAL",
            words::tr!("mark:{mark} names a widget that the mapping fills, too ({label})"),
            words::tr!("name another text widget of the form, which nothing else writes to"),
        ));
    }
    Ok(Expected {
        key_widget,
        fields,
        mark,
    })
}

fn form_id(form: &FormArgs, document: Option<&Document>) -> Result<FormId, ConfigError> {
    let id = |name: &str, given: &Option<String>, documented: Option<&String>| {
        let given = given.as_ref().filter(|id| !id.trim().is_empty());
        given.or(documented).cloned().ok_or_else(|| {
            ConfigError::new(
                name,
                words::tr!("is required but not set"),
                words::tr!("set it, or MAPPING to a document that names it; `loader form` shows the ids"),
            )
        })
    };
    let documented =
        |id: fn(&Document) -> &Option<String>| document.and_then(|document| id(document).as_ref());
    settings! {
        app_id = id("JDY_APP_ID", &form.jdy_app_id, documented(|document| &document.app_id));
        entry_id = id("JDY_ENTRY_ID", &form.jdy_entry_id, documented(|document| &document.entry_id));
    }
    Ok(FormId { app_id, entry_id })
}

fn removals(text: &str) -> Result<Removals, ConfigError> {
    let refuse = || {
        let problem = words::tr!("`{text}` is not a policy");
        ConfigError::new(
            "ON_REMOVAL",
            problem,
            words::tr!("write ignore, delete, or mark:WIDGET=VALUE"),
        )
    };
    match text.trim() {
        "ignore" => Ok(Removals::Ignore),
        "delete" => Ok(Removals::Delete),
        other => {
            let (widget, value) = other
                .strip_prefix("mark:")
                .and_then(|rest| rest.split_once('='))
                .ok_or_else(refuse)?;
            match widget.is_empty() || value.is_empty() {
                true => Err(refuse()),
                false => Ok(Removals::Mark {
                    widget: widget.to_owned(),
                    value: value.to_owned(),
                }),
            }
        }
    }
}

/// The document's switches; a flag wins.
fn options(document: Option<&Document>, creator: Option<String>) -> WriteOptions {
    let documented = document
        .map(|document| document.options.clone())
        .unwrap_or_default();
    WriteOptions {
        data_creator: creator.or(documented.data_creator),
        ..documented
    }
}

fn mode(mode: WriteMode, document: Option<&Document>, form: &FormId) -> Result<Mode, ConfigError> {
    match mode {
        WriteMode::Batch => Ok(Mode::Batch),
        WriteMode::Single => {
            let api = document.map(|document| &document.api).ok_or_else(|| {
                ConfigError::new(
                    "WRITE_MODE",
                    words::tr!("single needs the path of the create call"),
                    words::tr!("set MAPPING to a document with `api`"),
                )
            })?;
            if api.contains("batch") {
                return Err(ConfigError::new(
                    "WRITE_MODE",
                    words::tr!("single cannot write to `{api}`, which takes batches"),
                    words::tr!(
                        "set WRITE_MODE=batch, or MAPPING to a document whose `api` creates one row, such as \
                     /api/v5/app/entry/data/create"
                    ),
                ));
            }
            let path = api
                .replace("{app_id}", &form.app_id)
                .replace("{entry_id}", &form.entry_id);
            Ok(Mode::Single { path })
        }
    }
}

fn count(name: &str, text: &str, most: usize) -> Result<usize, ConfigError> {
    match text.trim().parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(ConfigError::new(
            name,
            words::tr!("`{text}` is out of range"),
            words::tr!("write a number from 1 to {most}"),
        )),
    }
}

fn percent(name: &str, text: &str) -> Result<u8, ConfigError> {
    match text.trim().trim_end_matches('%').trim_end().parse() {
        Ok(share) if share <= 100 => Ok(share),
        _ => Err(ConfigError::new(
            name,
            words::tr!("`{text}` is no share"),
            words::tr!("write whole percent from 0 to 100"),
        )),
    }
}
