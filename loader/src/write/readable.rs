//! Reading rows of many customers when one of them cannot be read: the query is divided until that one stands alone, so
//! that it costs itself and nobody else (I12).

use std::sync::atomic::Ordering;

use pipeline::failure::{Failure, VendorAnswer};
use pipeline::retry::Backoff;

use super::Writer;
use crate::jdy::codes::Class;
use crate::jdy::lookup::{Found, Recognition};
use crate::jdy::types::{Refusal, Reply};
use crate::vendor::{Patience, RESEND};

/// Answers of a query that say nothing, while others are answered.
const UNANSWERED: u32 = 3;

/// Customers that cannot be read, before it is about everybody.
const FEW: usize = 2;

/// What a query has shown.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) found: Found,
    /// Customers of whom every query fails while others succeed.
    pub(crate) unreadable: Vec<(String, Refusal)>,
}

/// How a query for some customers ended.
enum Read {
    Rows(Found),
    /// Not these, and others can be read.
    Not(Refusal),
    Held,
}

/// Of a record whose row cannot be read, and so not be written.
pub(super) fn failure(refusal: &Refusal) -> Failure {
    let mut failure = Failure::new(
        "row-unreadable",
        format!(
            "Jiandaoyun answers other queries, and each one that would show this customer's row ends in: {}; look at the \
             row in the form, or ask its support",
            refusal.describe()
        ),
    );
    failure.vendor = Some(VendorAnswer {
        code: refusal.label(),
        message: refusal.message.clone(),
    });
    failure
}

impl Writer {
    /// The rows of at most 100 customers; `None` when the form cannot be read now.
    pub(super) async fn readable(
        &self,
        recognition: &Recognition,
        companies: &[&str],
        patience: &Patience,
    ) -> Option<Shown> {
        let mut shown = Shown::default();
        let (mut waiting, mut suspect) = (vec![companies], false);
        let can_read = &self.vendor.queried;
        while let Some(group) = waiting.pop() {
            match self.read_these(recognition, group, patience, suspect).await {
                Read::Rows(found) => {
                    can_read.store(true, Ordering::Relaxed);
                    shown.found.extend(found);
                }
                Read::Not(refusal) => {
                    suspect = true;
                    match group {
                        [alone] => shown.unreadable.push(((*alone).to_owned(), refusal)),
                        _ => {
                            let (left, right) = group.split_at(group.len().div_ceil(2));
                            waiting.extend([right, left]);
                        }
                    }
                }
                Read::Held => return None,
            }
            // Nobody could be read so far: it is not about the first few of them.
            if !can_read.load(Ordering::Relaxed) && shown.unreadable.len() > FEW {
                break;
            }
        }
        match shown.unreadable.first() {
            Some((_, refusal)) if !can_read.load(Ordering::Relaxed) => {
                self.vendor.read_refused("rows of the form", refusal);
                None
            }
            _ => Some(shown),
        }
    }

    async fn read_these(
        &self,
        recognition: &Recognition,
        companies: &[&str],
        patience: &Patience,
        suspect: bool,
    ) -> Read {
        let vendor = &self.vendor;
        let mut backoff = Backoff::new(RESEND.0, RESEND.1);
        let mut unanswered = 0;
        loop {
            if !vendor.open(patience).await {
                return Read::Held;
            }
            let refusal = match vendor.client.rows_of(recognition, companies).await {
                Reply::Ok(found) => {
                    vendor.answered();
                    return Read::Rows(found);
                }
                Reply::Refused(refusal) => {
                    vendor.answered();
                    refusal
                }
                Reply::Unknown(reason) => Refusal::unanswered(&reason),
                Reply::Unsent(reason) => {
                    vendor.not_sent(&reason);
                    if !patience.sleep(backoff.next_delay(), &vendor.stopping).await {
                        return Read::Held;
                    }
                    continue;
                }
            };
            let asks_to_wait = refusal.class == Class::Retry && refusal.is_answer();
            if !asks_to_wait {
                if !vendor.works().await {
                    vendor.is_away(&refusal);
                } else if suspect || refusal.is_answer() {
                    return Read::Not(refusal);
                } else {
                    unanswered += 1;
                    if unanswered >= UNANSWERED {
                        return Read::Not(refusal);
                    }
                }
            }
            if !patience.sleep(backoff.next_delay(), &vendor.stopping).await {
                return Read::Held;
            }
        }
    }
}
