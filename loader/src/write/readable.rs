//! Reading rows of many customers when one of them cannot be read: the query is divided until that one stands alone, so
//! that it costs itself and nobody else (I12).

use std::sync::atomic::Ordering;

use pipeline::failure::{Failure, VendorAnswer};
use pipeline::retry::Backoff;

use super::Writer;
use crate::jdy::client::Client;
use crate::jdy::lookup::{self, Found, Recognition};
use crate::jdy::types::{Refusal, Reply};
use crate::vendor::{Patience, RESEND, Tried};

/// How often a query for one customer may end in no answer, while others are answered.
const UNANSWERED: u32 = 3;

/// Customers that cannot be read, before it is about everybody.
const FEW: usize = 2;

/// What a query has shown.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) found: Found,
    /// Customers of whom every query fails while others succeed.
    pub(crate) unreadable: Vec<(String, Refusal)>,
    /// The vendor ignores filters, and the whole form was read: each row with a key in any spelling was seen.
    pub(crate) whole: bool,
}

/// Of a record whose row cannot be read, and so not be written.
pub(super) fn failure(refusal: &Refusal) -> Failure {
    let mut failure = Failure::new(
        "row-unreadable",
        words::tr!(
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

/// How key cells are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// As they should be written.
    Right,
    /// In the spellings that imports make of them.
    SpelledOtherwise,
}

impl Keys {
    async fn ask(self, client: &Client, recognition: &Recognition, group: &[&str]) -> Reply<lookup::Shown> {
        match self {
            Self::Right => client.rows_of(recognition, group).await,
            Self::SpelledOtherwise => client.rows_spelled_otherwise(recognition, group).await,
        }
    }
}

impl Writer {
    /// The rows of at most 100 customers; `None` when the form cannot be read now.
    pub(super) async fn readable(
        &self,
        recognition: &Recognition,
        companies: &[&str],
        keys: Keys,
        patience: &Patience,
    ) -> Option<Shown> {
        self.divided(recognition, companies, keys, patience, true).await
    }

    /// The same for commands, whose gate never opens.
    pub(crate) async fn readable_by_command(
        &self,
        recognition: &Recognition,
        companies: &[&str],
        patience: &Patience,
    ) -> Option<Shown> {
        self.divided(recognition, companies, Keys::Right, patience, false)
            .await
    }

    async fn divided(
        &self,
        recognition: &Recognition,
        companies: &[&str],
        keys: Keys,
        patience: &Patience,
        gated: bool,
    ) -> Option<Shown> {
        let (vendor, mut shown) = (&self.vendor, Shown::default());
        shown.whole = true;
        let mut backoff = Backoff::new(RESEND.0, RESEND.1);
        // Groups, and how often they have failed.
        let mut waiting = vec![(companies, 0)];
        while let Some((group, failed)) = waiting.pop() {
            let tried = vendor
                .try_until(None, patience, gated, move || async move {
                    let reply = keys.ask(&vendor.client, recognition, group).await;
                    vendor.about_rows(reply).await
                })
                .await;
            let refusal = match tried {
                Tried::Done(Ok(found), _) => {
                    vendor.queried.store(true, Ordering::Relaxed);
                    shown.found.extend(found.rows);
                    shown.whole &= found.whole;
                    continue;
                }
                Tried::Done(Err(refusal), _) => refusal,
                Tried::Refused(refusal, _) => {
                    vendor.is_away(&refusal);
                    return None;
                }
                Tried::Lost | Tried::Held | Tried::Aside => return None,
            };
            match group {
                // A page, or nothing at all, may be bad luck.
                [_] if !refusal.is_answer() && failed + 1 < UNANSWERED => {
                    if !patience.sleep(backoff.next_delay(), &vendor.stopping).await {
                        return None;
                    }
                    waiting.push((group, failed + 1));
                }
                [alone] => shown.unreadable.push(((*alone).to_owned(), refusal)),
                _ => {
                    let (left, right) = group.split_at(group.len().div_ceil(2));
                    waiting.extend([(right, 0), (left, 0)]);
                }
            }
            let is_about_all = shown.unreadable.len() > FEW || waiting.is_empty();
            if is_about_all && !vendor.queried.load(Ordering::Relaxed) {
                // Nobody could be read so far: it is not about the first few of them.
                let (_, refusal) = shown.unreadable.first()?;
                vendor.read_refused("rows of the form", refusal);
                return None;
            }
        }
        Some(shown)
    }
}
