//! The extractor's own flags and environment variables, as text. `settings.rs` turns them into checked values.

use crate::hooks::SignatureKind;
use clap::Args;
use pipeline::{setting::Secret, webhook::WebhookArgs};
use std::path::{Path, PathBuf};

/// The documented production host.
pub(crate) const BASE_URL: &str = "https://api-sandbox.xiaoman.cn";

/// Account and politeness.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "OKKI options")]
pub(crate) struct OkkiArgs {
    /// Scheme and host of the OKKI open API; the documented production host is the default
    #[arg(
        long,
        env = "OKKI_BASE_URL",
        default_value = BASE_URL,
        value_name = "URL"
    )]
    pub okki_base_url: String,
    /// Client id from 企业管理 → 外部对接 → API对接 (required)
    #[arg(long, env = "OKKI_CLIENT_ID", value_name = "ID")]
    pub okki_client_id: Option<String>,
    /// Client secret from the same place (required, here or as a file)
    #[arg(
        long,
        env = "OKKI_CLIENT_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub okki_client_secret: Option<Secret>,
    /// File that holds OKKI_CLIENT_SECRET
    #[arg(long, env = "OKKI_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub okki_client_secret_file: Option<PathBuf>,
    /// Calls per second of everybody who uses the account; OKKI documents no limit
    #[arg(long, env = "OKKI_RATE", default_value = "10", value_name = "CALLS")]
    pub okki_rate: String,
    /// Calls that may go at once before they are spaced evenly
    #[arg(long, env = "OKKI_BURST", default_value = "1", value_name = "CALLS")]
    pub okki_burst: String,
    /// Calls at the same time, of each replica
    #[arg(long, env = "OKKI_CONCURRENCY", default_value = "8", value_name = "CALLS")]
    pub okki_concurrency: String,
    /// Calls per day (Beijing time) of everybody who uses the account [default: no limit]
    #[arg(long, env = "OKKI_DAILY", value_name = "CALLS")]
    pub okki_daily: Option<String>,
    /// Share of OKKI_DAILY after which backfills and replays wait for the next day; the rest is for live changes
    #[arg(
        long,
        env = "OKKI_BACKFILL_SHARE",
        default_value = "80",
        value_name = "PERCENT"
    )]
    pub okki_backfill_share: String,
    /// Limit for one call from sending to the last byte
    #[arg(long, env = "OKKI_TIMEOUT", default_value = "60s", value_name = "DURATION")]
    pub okki_timeout: String,
    /// Largest answer in MiB that is read
    #[arg(long, env = "OKKI_MAX_BODY_MIB", default_value = "16", value_name = "MIB")]
    pub okki_max_body_mib: String,
    /// Rows asked for per page, of which the server may give fewer [default: the source document's count, else 200]
    #[arg(long, env = "OKKI_PAGE_SIZE", value_name = "ROWS")]
    pub okki_page_size: Option<String>,
    /// Only customers of this group (客户分组); overrides the source document
    #[arg(long, env = "OKKI_GROUP_ID", value_name = "ID")]
    pub okki_group_id: Option<String>,
    /// 轻易云 source document (QUERY, JSON) with paths and parameters [default: the documented ones]
    #[arg(long, env = "SOURCE", value_name = "FILE")]
    pub source: Option<PathBuf>,
}

/// `--source` without a file, as one may write `reconcile --source`: the document is that of the environment.
pub(crate) const BARE: &str = "-";

/// The source document of the environment, for a command whose `--source` may stand alone.
#[derive(Debug, Clone, Args)]
pub(crate) struct DocumentArgs {
    /// The same as SOURCE
    #[arg(long, env = "SOURCE", value_name = "FILE", hide = true)]
    pub source_document: Option<PathBuf>,
}

impl DocumentArgs {
    /// Puts it in the place of a bare `--source`.
    pub(crate) fn complete(self, okki: OkkiArgs) -> OkkiArgs {
        let is_bare = okki.source.as_deref() == Some(Path::new(BARE));
        let source = if is_bare {
            self.source_document
        } else {
            okki.source
        };
        OkkiArgs { source, ..okki }
    }
}

/// What is listed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Listing options")]
pub(crate) struct ListArgs {
    /// Where the first load begins, such as 2026-01-31 [default: everything]
    #[arg(long, env = "START", value_name = "TIME")]
    pub start: Option<String>,
    /// How far a window reaches back into the one before
    #[arg(long, env = "OVERLAP", default_value = "10m", value_name = "DURATION")]
    pub overlap: String,
    /// How far a window stays behind OKKI's clock
    #[arg(long, env = "SETTLE_DELAY", default_value = "5s", value_name = "DURATION")]
    pub settle_delay: String,
    /// List deleted customers, too; ON_REMOVAL says what becomes of their rows
    #[arg(long, env = "REMOVALS")]
    pub removals: bool,
    /// Customers of a backfill or first load that may wait for their details, so that live changes overtake them
    #[arg(long, env = "BACKFILL_AHEAD", default_value = "100", value_name = "COUNT")]
    pub backfill_ahead: String,
    /// List nothing more while so many records wait for a stage; 0 for no limit
    #[arg(
        long,
        env = "LISTING_QUEUE_LIMIT",
        default_value = "20000",
        value_name = "RECORDS"
    )]
    pub listing_queue_limit: String,
    /// List a page a minute while there are so many dead letters; 0 for no limit
    #[arg(
        long,
        env = "LISTING_DEAD_LIMIT",
        default_value = "10000",
        value_name = "LETTERS"
    )]
    pub listing_dead_limit: String,
    /// List everything again, as a first load does, when the filter (group, parameters, condition of the source document or of the mapping extras) has changed
    #[arg(long, env = "BACKFILL_ON_CHANGE")]
    pub backfill_on_change: bool,
    /// List once more this often what was passed over within the last hour, and four times a day within the last day, for
    /// what OKKI showed late; off to switch it off
    #[arg(long, env = "LOOK_BACK", default_value = "15m", value_name = "DURATION")]
    pub look_back: String,
    /// Ask again for a listed customer that has been in no queue, no row and no dead letter for this long
    #[arg(long, env = "ASK_AGAIN_AFTER", default_value = "12m", value_name = "DURATION")]
    pub ask_again_after: String,
}

/// How details are fetched.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Detail options")]
pub(crate) struct DetailArgs {
    /// Fetch details even of versions that are known to be loaded
    #[arg(long, env = "NO_SKIP")]
    pub no_skip: bool,
}

/// When to list.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Schedule options")]
pub(crate) struct ScheduleArgs {
    /// Whether replicas list by themselves: off fetches only what is asked for by wishes, `sync` and replays
    #[arg(long, env = "LISTING", default_value = "on", value_name = "on|off")]
    pub listing: String,
    /// List this often [default: 5m]
    #[arg(long, env = "EVERY", value_name = "DURATION", conflicts_with = "cron")]
    pub every: Option<String>,
    /// List at these times, five fields (six with seconds), Beijing time
    #[arg(long, env = "CRON", value_name = "EXPRESSION")]
    pub cron: Option<String>,
    /// List the recent past once more (补漏) at these times, such as "30 2 * * *" [default: the source document's]
    #[arg(long, env = "REMEDY_CRON", value_name = "EXPRESSION")]
    pub remedy_cron: Option<String>,
    /// How far back that reaches [default: the source document's, else 2d]
    #[arg(long, env = "REMEDY_REACH", value_name = "DURATION")]
    pub remedy_reach: Option<String>,
    /// Poll for changes between two runs: on, off, or auto, which is on unless CRON says when to list
    #[arg(long, env = "POLL", default_value = "auto", value_name = "WHEN")]
    pub poll: String,
    /// Longest wait between two polls while nothing changes; after changes it is 2 s
    #[arg(long, env = "POLL_QUIET", default_value = "10s", value_name = "DURATION")]
    pub poll_quiet: String,
    /// Share of OKKI_RATE and OKKI_DAILY that polls and the runs that they cause may use
    #[arg(long, env = "POLL_SHARE", default_value = "10", value_name = "PERCENT")]
    pub poll_share: String,
    /// Fetch every customer anew at these times, such as "0 3 * * 6", for what changes without an update time
    #[arg(long, env = "FORCE_CRON", value_name = "EXPRESSION")]
    pub force_cron: Option<String>,
    /// Compare everything that OKKI lists with everything that was loaded at these times, and repair what differs, as
    /// `reconcile --fix` does: who has left a group or the private sea (私海) is in no listing
    #[arg(long, env = "RECONCILE_CRON", value_name = "EXPRESSION")]
    pub reconcile_cron: Option<String>,
}

/// OKKI's webhook.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Webhook options")]
pub(crate) struct HookArgs {
    #[command(flatten)]
    pub listener: WebhookArgs,
    /// How webhook calls prove that they are OKKI's, beside knowing the path [default: hmac-sha256 with a HOOK_SECRET]
    #[arg(long, env = "HOOK_SIGNATURE", value_enum)]
    pub hook_signature: Option<SignatureKind>,
    /// Secret of the callback, as `extractor webhook register` prints it; opens sealed calls, too
    #[arg(long, env = "HOOK_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub hook_secret: Option<Secret>,
    /// File that holds HOOK_SECRET
    #[arg(long, env = "HOOK_SECRET_FILE", value_name = "FILE")]
    pub hook_secret_file: Option<PathBuf>,
    /// Header with the signature
    #[arg(
        long,
        env = "HOOK_SIGNATURE_HEADER",
        default_value = "X-Signature",
        value_name = "NAME"
    )]
    pub hook_signature_header: String,
}

/// The listener's secret, for who only tells OKKI where it is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Webhook options")]
pub(crate) struct HookTokenArgs {
    /// Secret end of the webhook's path
    #[arg(long, env = "HOOK_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub hook_token: Option<Secret>,
    /// File that holds HOOK_TOKEN
    #[arg(long, env = "HOOK_TOKEN_FILE", value_name = "FILE")]
    pub hook_token_file: Option<PathBuf>,
}

/// Who lists.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Leader options")]
pub(crate) struct LeaseArgs {
    /// How long a leader that has died or stalled keeps the others waiting
    #[arg(long, env = "LEASE_TTL", default_value = "15s", value_name = "DURATION")]
    pub lease_ttl: String,
}
