//! What belongs to the company and to no form: its host, key and limits. `loader form` needs nothing else of Jiandaoyun.

use std::time::Duration;

use pipeline::setting::{ConfigError, SecretArg, base_url, positive_duration};
use pipeline::{names::VendorAccount, quota::Bucket, settings};

use crate::config::{CompanyArgs, LimitArgs};
use crate::jdy::company::{Account, Buckets};

/// The checked settings of a company.
#[derive(Debug, Clone)]
pub(crate) struct CompanyConfig {
    /// How to speak to its host.
    pub(crate) account: Account,
    /// Whose limits they are. No call tells the company of an API key, so a setting does.
    pub(crate) vendor_account: VendorAccount,
    pub(crate) buckets: Buckets,
    /// Calls open at once, at most.
    pub(crate) open_calls: u32,
}

impl CompanyConfig {
    /// Checks everything; reads the key's file. `late`: how long after its time-out a call may still change something.
    pub(crate) fn new(args: &CompanyArgs, limits: &LimitArgs, late: Duration) -> Result<Self, ConfigError> {
        let key = SecretArg::new(
            "JDY_API_KEY",
            args.jdy_api_key.as_ref(),
            args.jdy_api_key_file.as_deref(),
        );
        settings! {
            base = base_url("JDY_BASE_URL", &args.jdy_base_url);
            key = key.required();
            timeout = positive_duration("JDY_TIMEOUT", &args.jdy_timeout);
            buckets = buckets(limits);
        }
        let account = Account {
            base,
            key,
            timeout,
            slowest: timeout.saturating_add(late),
        };
        Ok(Self {
            vendor_account: account.vendor(args.jdy_company.as_deref()),
            buckets,
            open_calls: limits.jdy_open_calls.max(1),
            account,
        })
    }
}

fn buckets(limits: &LimitArgs) -> Result<Buckets, ConfigError> {
    let bucket = |variable: &str, name: &str, rate: f64| match rate.is_finite() && rate > 0.0 {
        true => Ok(Bucket::per_second(name, rate)),
        false => Err(ConfigError::new(
            variable,
            words::tr!("must be above zero"),
            words::tr!("write calls per second such as 10 or 0.5"),
        )),
    };
    let rates = [
        ("JDY_RATE_COMPANY", limits.jdy_rate_company),
        ("JDY_RATE_BATCH_CREATE", limits.jdy_rate_batch_create),
        ("JDY_RATE_SINGLE_CREATE", limits.jdy_rate_single_create),
        ("JDY_RATE_WRITE", limits.jdy_rate_write),
        ("JDY_RATE_READ", limits.jdy_rate_read),
    ];
    let faults = rates
        .iter()
        .filter_map(|(variable, rate)| bucket(variable, "", *rate).err());
    let faults: Vec<_> = faults.collect();
    if !faults.is_empty() {
        return Err(ConfigError::all(faults));
    }
    Ok(Buckets {
        company: bucket("JDY_RATE_COMPANY", "jdy:company", limits.jdy_rate_company)?.with_burst(5),
        batch_create: bucket(
            "JDY_RATE_BATCH_CREATE",
            "jdy:batch_create",
            limits.jdy_rate_batch_create,
        )?,
        single_create: bucket(
            "JDY_RATE_SINGLE_CREATE",
            "jdy:data_create",
            limits.jdy_rate_single_create,
        )?,
        update: bucket("JDY_RATE_WRITE", "jdy:update", limits.jdy_rate_write)?,
        delete: bucket("JDY_RATE_WRITE", "jdy:delete", limits.jdy_rate_write)?,
        list: bucket("JDY_RATE_READ", "jdy:list", limits.jdy_rate_read)?,
        widgets: bucket("JDY_RATE_READ", "jdy:widgets", limits.jdy_rate_read)?,
        apps: bucket("JDY_RATE_READ", "jdy:apps", limits.jdy_rate_read)?,
        forms: bucket("JDY_RATE_READ", "jdy:forms", limits.jdy_rate_read)?,
    })
}
