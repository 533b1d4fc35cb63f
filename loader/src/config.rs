//! The loader's own settings as they may be typed; `settings` checks them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pipeline::setting::Secret;

use crate::failpoint::Armed;

/// The public host.
pub(crate) const BASE_URL: &str = "https://api.jiandaoyun.com";

/// The company.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Jiandaoyun options")]
pub(crate) struct CompanyArgs {
    /// Scheme and host of the Jiandaoyun API
    #[arg(
        long,
        env = "JDY_BASE_URL",
        default_value = BASE_URL,
        value_name = "URL"
    )]
    pub(crate) jdy_base_url: String,
    /// API key from 开放平台 → 密钥管理 (required, here or as a file)
    #[arg(long, env = "JDY_API_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) jdy_api_key: Option<Secret>,
    /// File that holds JDY_API_KEY
    #[arg(long, env = "JDY_API_KEY_FILE", value_name = "FILE")]
    pub(crate) jdy_api_key_file: Option<PathBuf>,
    /// Name of the company that the API key belongs to, for a Redis that serves several companies; all keys of one company
    /// share its limits [default: all pipelines of this Redis write for the same company]
    #[arg(long, env = "JDY_COMPANY", value_name = "NAME")]
    pub(crate) jdy_company: Option<String>,
    /// Limit for one call from sending to the last byte
    #[arg(long, env = "JDY_TIMEOUT", default_value = "30s", value_name = "DURATION")]
    pub(crate) jdy_timeout: String,
}

/// Company and form.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Jiandaoyun options")]
pub(crate) struct FormArgs {
    #[command(flatten)]
    pub(crate) company: CompanyArgs,
    /// App of the form [default: appId of the mapping document]
    #[arg(long, env = "JDY_APP_ID", value_name = "ID")]
    pub(crate) jdy_app_id: Option<String>,
    /// The form [default: entryId of the mapping document]
    #[arg(long, env = "JDY_ENTRY_ID", value_name = "ID")]
    pub(crate) jdy_entry_id: Option<String>,
    /// Text widget that holds the company id; without it rows cannot be found again when Redis is lost
    #[arg(long, env = "JDY_KEY_WIDGET", value_name = "WIDGET")]
    pub(crate) jdy_key_widget: Option<String>,
    /// 轻易云 target document (JSON), the same as the transformer's: form, widgets and switches of the writes
    #[arg(long, env = "MAPPING", value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
}

/// The form that the settings name already, for `loader form`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of the form that is set")]
pub(crate) struct SetFormArgs {
    /// Its app
    #[arg(long, env = "JDY_APP_ID", value_name = "ID")]
    pub(crate) jdy_app_id: Option<String>,
    /// The form that is shown when no other one is named
    #[arg(long, env = "JDY_ENTRY_ID", value_name = "ID")]
    pub(crate) jdy_entry_id: Option<String>,
    /// Its key widget
    #[arg(long, env = "JDY_KEY_WIDGET", value_name = "WIDGET")]
    pub(crate) jdy_key_widget: Option<String>,
}

/// How rows are written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Write options")]
pub(crate) struct WriteArgs {
    /// Rows in one batch_create, 1 to 100
    #[arg(long, env = "BATCH_SIZE", default_value = "100", value_name = "ROWS")]
    pub(crate) batch_size: String,
    /// How long the first record of a batch waits for company
    #[arg(long, env = "LINGER", default_value = "200ms", value_name = "DURATION")]
    pub(crate) linger: String,
    /// Batches at work at the same time, of each loader
    #[arg(long, env = "CONCURRENCY", default_value = "8", value_name = "BATCHES")]
    pub(crate) concurrency: String,
    /// Customers that the CRM has removed: ignore, delete, or mark:WIDGET=VALUE
    #[arg(long, env = "ON_REMOVAL", default_value = "ignore", value_name = "POLICY")]
    pub(crate) on_removal: String,
    /// With ON_REMOVAL=delete: share of the known rows, in percent, that may go within a week or by one backfill; ten always
    /// may, and 100 is no limit
    #[arg(long, env = "REMOVAL_LIMIT", default_value = "50", value_name = "PERCENT")]
    pub(crate) removal_limit: String,
    /// A row to update that was deleted in the form
    #[arg(
        long,
        env = "ON_MISSING_ROW",
        value_enum,
        default_value = "recreate",
        value_name = "POLICY"
    )]
    pub(crate) on_missing_row: MissingPolicy,
    /// batch: v5 batch_create; single: the mapping document's own path, one row a call
    #[arg(
        long,
        env = "WRITE_MODE",
        value_enum,
        default_value = "batch",
        value_name = "MODE"
    )]
    pub(crate) write_mode: WriteMode,
    /// Member (username) who becomes the submitter of new rows
    #[arg(long, env = "JDY_DATA_CREATOR", value_name = "USERNAME")]
    pub(crate) jdy_data_creator: Option<String>,
    /// How long a batch stays untouched after its loader's last sign of life
    #[arg(long, env = "LEASE", default_value = "30s", value_name = "DURATION")]
    pub(crate) lease: String,
    /// How long a batch is tried before its messages wait elsewhere
    #[arg(long, env = "PATIENCE", default_value = "8m", value_name = "DURATION")]
    pub(crate) patience: String,
    /// A transaction id is not sent again after this time; the vendor forgets it after one hour
    #[arg(long, env = "RESEND_FOR", default_value = "50m", value_name = "DURATION")]
    pub(crate) resend_for: String,
    /// How long after its time-out a lost call may still change the form
    #[arg(long, env = "LATE_WRITES", default_value = "10s", value_name = "DURATION")]
    pub(crate) late_writes: String,
    /// When Redis was lost: how long calls of other loaders may still create rows [default: JDY_TIMEOUT, LATE_WRITES and 10 s]
    #[arg(long, env = "INDEX_SETTLE", value_name = "DURATION")]
    pub(crate) index_settle: Option<String>,
    /// Bytes of the rows in one batch_create; a larger row goes alone
    #[arg(long, env = "BATCH_BYTES", default_value = "1000000", value_name = "BYTES")]
    pub(crate) batch_bytes: String,
    /// Make new rows although the form has rows without a key, which may be rows of the same customers
    #[arg(long, env = "IGNORE_KEYLESS")]
    pub(crate) ignore_keyless: bool,
    /// For tests: die or wait at a named point, NAME:abort or NAME:DURATION, with :N from the Nth time on
    #[arg(long, env = "FAILPOINT", hide = true, value_name = "POINT")]
    pub(crate) failpoint: Option<Armed>,
}

/// Which rows `index rebuild` may delete.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Merge options")]
pub(crate) struct MergeArgs {
    /// Afterwards, of several rows of a customer keep the oldest and delete the others; shows them first and asks
    #[arg(long, requires = "export")]
    pub(crate) merge_duplicates: bool,
    /// Write the whole rows that go into this new file, as lines of JSON, before the first one is deleted
    #[arg(long, value_name = "FILE", requires = "merge_duplicates")]
    pub(crate) export: Option<PathBuf>,
    /// Refuse when more than this share of the form's rows would go
    #[arg(long, env = "MERGE_AT_MOST", default_value = "10", value_name = "PERCENT")]
    pub(crate) merge_at_most: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// The limits of the company, shared by everybody who uses it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits (calls per second of everybody who uses the company)")]
pub(crate) struct LimitArgs {
    /// All calls of the company
    #[arg(long, env = "JDY_RATE_COMPANY", default_value_t = 50.0, value_name = "CALLS")]
    pub(crate) jdy_rate_company: f64,
    /// batch_create
    #[arg(
        long,
        env = "JDY_RATE_BATCH_CREATE",
        default_value_t = 10.0,
        value_name = "CALLS"
    )]
    pub(crate) jdy_rate_batch_create: f64,
    /// Updates, and as many removals
    #[arg(long, env = "JDY_RATE_WRITE", default_value_t = 20.0, value_name = "CALLS")]
    pub(crate) jdy_rate_write: f64,
    /// The old single create
    #[arg(
        long,
        env = "JDY_RATE_SINGLE_CREATE",
        default_value_t = 5.0,
        value_name = "CALLS"
    )]
    pub(crate) jdy_rate_single_create: f64,
    /// Queries
    #[arg(long, env = "JDY_RATE_READ", default_value_t = 30.0, value_name = "CALLS")]
    pub(crate) jdy_rate_read: f64,
    /// Most calls that one loader has open at once; it finds its own limit below
    #[arg(long, env = "JDY_OPEN_CALLS", default_value_t = 16, value_name = "CALLS")]
    pub(crate) jdy_open_calls: u32,
}

/// `--on-missing-row`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MissingPolicy {
    /// Make a new row.
    Recreate,
    /// Let a person decide.
    DeadLetter,
}

/// `--write-mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WriteMode {
    /// v5 `batch_create`.
    Batch,
    /// The document's path.
    Single,
}
