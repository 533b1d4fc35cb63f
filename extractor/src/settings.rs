//! The extractor's settings once they are known to be right, and the errors that name those that are not.

use crate::{
    brake::Brake,
    config::{LeaseArgs, ListArgs, OkkiArgs, ScheduleArgs},
    look_back::LookBack,
    okki::{ClientOptions, Endpoints},
    poll::{Tempo, polling},
    run::RunSettings,
    schedule::{InvalidSchedule, Schedule},
    source::{Source, group_list},
    typed::past,
    window::Margins,
    within,
};
use pipeline::{
    names::VendorAccount,
    quota::Bucket,
    setting::{ConfigError, SecretArg, base_url, parse_duration, positive_duration},
    settings,
};
use std::time::Duration;

/// Rows per page that clients are known to use (docs/okki-api.md §4.2).
const PAGE_SIZE: u32 = 200;

/// Reach of a remedy run that no document describes: a weekend's worth of trouble is found on Monday night.
const REMEDY_REACH: Duration = Duration::from_secs(2 * 86_400);

/// Checked account settings.
#[derive(Debug, Clone)]
pub(crate) struct OkkiConfig {
    /// For the client.
    pub client: ClientOptions,
    /// Whose quota and token they are.
    pub account: VendorAccount,
    /// The quota that all users of the account share.
    pub bucket: Bucket,
    /// Rows per page.
    pub page_size: u32,
}

impl TryFrom<OkkiArgs> for OkkiConfig {
    type Error = ConfigError;

    fn try_from(args: OkkiArgs) -> Result<Self, ConfigError> {
        let secret = SecretArg::new(
            "OKKI_CLIENT_SECRET",
            args.okki_client_secret.as_ref(),
            args.okki_client_secret_file.as_deref(),
        );
        let client_id = args
            .okki_client_id
            .as_deref()
            .map(str::trim)
            .filter(|id| !id.is_empty());
        let client_id = client_id.ok_or_else(|| {
            let remedy = words::text!("set it to the client id from 企业管理 → 外部对接 → API对接");
            ConfigError::new("OKKI_CLIENT_ID", words::tr!("is required but not set"), remedy)
        });
        let given = |text: &'_ Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        settings! {
            client_id = client_id;
            client_secret = secret.required();
            rate = positive::<f64>("OKKI_RATE", &args.okki_rate).and_then(within::rate);
            burst = positive("OKKI_BURST", &args.okki_burst);
            daily = given(&args.okki_daily).map(|text| positive::<u64>("OKKI_DAILY", &text)).transpose();
            share = percent("OKKI_BACKFILL_SHARE", &args.okki_backfill_share);
            base = base_url("OKKI_BASE_URL", &args.okki_base_url);
            source = Self::source(&args);
            page_size = given(&args.okki_page_size).map(|text| positive("OKKI_PAGE_SIZE", &text)).transpose();
            timeout = positive_duration("OKKI_TIMEOUT", &args.okki_timeout).and_then(within::timeout);
            max_body = positive::<usize>("OKKI_MAX_BODY_MIB", &args.okki_max_body_mib);
            concurrency = positive("OKKI_CONCURRENCY", &args.okki_concurrency);
        }
        let bucket = Bucket::per_second("okki", rate).with_burst(burst);
        let bucket = match daily {
            Some(daily) => bucket.with_daily(daily).with_lower_lanes_up_to(share),
            None => bucket,
        };
        let page_size = page_size.or(source.count).unwrap_or(PAGE_SIZE);
        Ok(Self {
            account: VendorAccount::new("okki", &base, client_id),
            client: ClientOptions {
                endpoints: Endpoints { base, source },
                client_id: client_id.to_owned(),
                client_secret,
                timeout,
                max_body: max_body << 20,
                concurrency,
            },
            bucket,
            page_size,
        })
    }
}

impl OkkiConfig {
    /// What is listed and fetched: the document, or the defaults, with the group of the settings; needs no credentials.
    pub(crate) fn source(args: &OkkiArgs) -> Result<Source, ConfigError> {
        let mut source = Source::load(args.source.as_deref())?;
        let group = args.okki_group_id.as_deref();
        if let Some(group) = group.filter(|id| !id.trim().is_empty()) {
            group_list(group).map_err(|problem| {
                let remedy = words::text!("write the group's number, several with commas");
                ConfigError::new("OKKI_GROUP_ID", problem, remedy)
            })?;
            source.set("group_id", group);
        }
        Ok(source)
    }
}

impl OkkiArgs {
    /// Whether anything of the credentials is given.
    pub(crate) fn has_credentials(&self) -> bool {
        let is_given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        is_given(&self.okki_client_id)
            || self.okki_client_secret.is_some()
            || self.okki_client_secret_file.is_some()
    }
}

impl ListArgs {
    /// Checks; some of it comes from the account's settings.
    pub(crate) fn check(self, okki: &OkkiConfig) -> Result<RunSettings, ConfigError> {
        let start = self.start.as_deref().filter(|text| !text.trim().is_empty());
        let duration = |name: &str, text: &str| {
            let refuse = |problem| {
                ConfigError::new(
                    name,
                    problem,
                    words::tr!("write a duration such as 5s or 10m, or 0s for none"),
                )
            };
            parse_duration(text.trim()).map_err(refuse)
        };
        settings! {
            overlap = duration("OVERLAP", &self.overlap).and_then(within::overlap);
            settle_delay = duration("SETTLE_DELAY", &self.settle_delay);
            start = start.map(|text| past("START", text)).transpose();
            ahead = positive("BACKFILL_AHEAD", &self.backfill_ahead);
            ask_again_after = positive_duration("ASK_AGAIN_AFTER", &self.ask_again_after);
            look_back = LookBack::parse(
                &self.look_back,
                (okki.bucket.per_second, okki.bucket.daily),
                okki.page_size,
            );
            queue = depth("LISTING_QUEUE_LIMIT", &self.listing_queue_limit);
            dead = depth("LISTING_DEAD_LIMIT", &self.listing_dead_limit);
        }
        Ok(RunSettings {
            margins: Margins {
                overlap,
                settle_delay,
            },
            start,
            count: okki.page_size,
            filter: okki.client.endpoints.source.filter(),
            removals: self.removals || okki.client.endpoints.source.removals,
            ahead,
            ask_again_after,
            brake: Brake::new(queue, dead),
            look_back,
        })
    }
}

/// Checked schedules.
#[derive(Debug, Clone)]
pub(crate) struct Schedules {
    /// Whether anything is listed unless somebody asks for it.
    pub lists: bool,
    /// Of live windows.
    pub live: Schedule,
    /// Of remedy windows, with their reach.
    pub remedy: Option<(Schedule, Duration)>,
    /// Of runs that fetch everybody anew.
    pub refresh: Option<Schedule>,
    /// Of comparisons with everything that was loaded.
    pub reconcile: Option<Schedule>,
    /// Between live windows.
    pub polling: Option<Tempo>,
}

impl ScheduleArgs {
    /// Checks; a remedy run may also come from the source document.
    pub(crate) fn check(self, okki: &OkkiConfig) -> Result<Schedules, ConfigError> {
        let args = self;
        let source = &okki.client.endpoints.source;
        let cron = |name: &'static str, text: &str| {
            Schedule::cron(text).map_err(|error| refuse_schedule(name, &error))
        };
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let reach = given(args.remedy_reach)
            .map(|text| positive_duration("REMEDY_REACH", &text))
            .transpose();
        let at = |name, text: Option<String>| text.map(|text| cron(name, &text)).transpose();
        let of_document = |text: &str| cron("omissionRemedy", text);
        settings! {
            live = match (given(args.every), given(args.cron)) {
                (_, Some(text)) => cron("CRON", &text),
                (every, None) => Schedule::every(every.as_deref().unwrap_or("5m"))
                    .map_err(|error| refuse_schedule("EVERY", &error)),
            };
            reach = reach;
            remedy = match (given(args.remedy_cron), &source.remedy) {
                (Some(text), _) => cron("REMEDY_CRON", &text).map(|at| Some((at, REMEDY_REACH))),
                (None, Some((text, its))) => of_document(text).map(|at| Some((at, *its))),
                (None, None) => Ok(None),
            };
            refresh = at("FORCE_CRON", given(args.force_cron));
            reconcile = at("RECONCILE_CRON", given(args.reconcile_cron));
            polling = match &live {
                Ok(live) => polling(live, [&args.poll, &args.poll_quiet, &args.poll_share], &okki.bucket),
                Err(fault) => Err(fault.clone()),
            };
            lists = is_on("LISTING", &args.listing);
        }
        Ok(Schedules {
            lists,
            live,
            remedy: remedy.map(|(at, usual)| (at, reach.unwrap_or(usual))),
            refresh,
            reconcile,
            polling,
        })
    }
}

fn is_on(name: &str, text: &str) -> Result<bool, ConfigError> {
    match text.trim() {
        "on" => Ok(true),
        "off" => Ok(false),
        other => {
            let problem = words::tr!("`{other}` is neither on nor off");
            Err(ConfigError::new(name, problem, words::tr!("write on or off")))
        }
    }
}

impl LeaseArgs {
    /// The checked life of a lease.
    pub(crate) fn check(&self) -> Result<Duration, ConfigError> {
        match positive_duration("LEASE_TTL", &self.lease_ttl)? {
            short if short < Duration::from_secs(1) => Err(ConfigError::new(
                "LEASE_TTL",
                words::tr!("is shorter than a renewal takes"),
                words::tr!("write at least 1s"),
            )),
            ttl => within::lease(ttl),
        }
    }
}

fn refuse_schedule(name: &str, error: &InvalidSchedule) -> ConfigError {
    ConfigError::new(
        name,
        error,
        words::tr!("write an interval such as 5m or a cron expression such as */5 * * * *"),
    )
}

/// Messages in a queue; 0 is any number.
fn depth(name: &str, text: &str) -> Result<u32, ConfigError> {
    text.trim().parse().map_err(|_| {
        let problem = words::tr!("`{text}` is not a number of messages");
        ConfigError::new(
            name,
            problem,
            words::tr!("write a plain number such as 20000, or 0 for no limit"),
        )
    })
}

/// A share of a whole.
pub(crate) fn percent(name: &str, text: &str) -> Result<u8, ConfigError> {
    let number = text.trim().trim_end_matches('%').trim_end().parse();
    number.ok().filter(|number| *number <= 100).ok_or_else(|| {
        let problem = words::tr!("`{text}` is not a percentage");
        ConfigError::new(name, problem, words::tr!("write a number from 0 to 100"))
    })
}

/// A number above zero.
fn positive<T: std::str::FromStr + PartialOrd + From<u8>>(name: &str, text: &str) -> Result<T, ConfigError> {
    let number = text
        .trim()
        .parse::<T>()
        .ok()
        .filter(|number| *number > T::from(0));
    number.ok_or_else(|| {
        ConfigError::new(
            name,
            words::tr!("`{text}` is not a number above zero"),
            words::tr!("write a plain number such as 10"),
        )
    })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
