//! One HTTP exchange: sent, and judged by what comes back.

use pipeline::http::read_capped;
use pipeline::quota::Allowance;
use serde::de::DeserializeOwned;

use super::codes::{self, Class};
use super::company::TIMED_OUT;
use super::judge::judge;
use super::types::{Reply, Unsent};

/// A page of 100 wide rows is far below this.
const LARGEST_ANSWER: usize = 64 << 20;

/// Whether the answer is none that limits the rate.
pub(super) fn is_taken<T>(reply: &Reply<T>) -> bool {
    match reply {
        Reply::Ok(_) => true,
        Reply::Refused(refusal) => {
            refusal.status != 429 && !matches!(refusal.code, codes::RATE_COMPANY | codes::RATE_ENDPOINT)
        }
        Reply::Unknown(_) | Reply::Unsent(_) => false,
    }
}

/// Sends and judges; also says how many calls are left, where the vendor tells.
pub(super) async fn exchange<T: DeserializeOwned>(
    request: reqwest::RequestBuilder,
) -> (Reply<T>, Option<Allowance>) {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_connect() || error.is_builder() => {
            return (Reply::Unsent(Unsent::Connect(reason(&error))), None);
        }
        Err(error) => return (Reply::Unknown(reason(&error)), None),
    };
    let status = response.status().as_u16();
    let allowance = Allowance::read(response.headers());
    let reply = match read_capped(response, LARGEST_ANSWER).await {
        Ok(body) => judge(status, &body),
        Err(error) => Reply::Unknown(words::tr!("http {status}, {error}")),
    };
    (reply, allowance)
}

/// Why a request failed, without its URL.
fn reason(error: &reqwest::Error) -> String {
    use std::error::Error as _;
    let kind = if error.is_timeout() {
        TIMED_OUT
    } else if error.is_connect() {
        words::text!("cannot connect (JDY_BASE_URL)")
    } else {
        words::text!("connection lost")
    };
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    if error.source().is_none() {
        kind.to_owned()
    } else {
        format!("{kind}: {deepest}")
    }
}

pub(super) fn outcome_name<T>(reply: &Reply<T>) -> &'static str {
    match reply {
        Reply::Ok(_) => "ok",
        Reply::Refused(refusal) => match refusal.class {
            Class::Retry => "retry",
            Class::Row => "row",
            Class::Configuration => "configuration",
            Class::Stop => "stop",
        },
        Reply::Unknown(_) => "unknown",
        Reply::Unsent(_) => "unsent",
    }
}
