//! Events of others than the consumer: the listing, and whoever moves dead letters.

use super::identity;
use crate::{
    failure::{fingerprint, record::FailureRecord},
    message::Subject,
    version::Version,
};
use proto::v1::{CompanyRef, Event, What};

/// A ref is in the queue.
#[must_use]
pub fn listed(reference: &CompanyRef) -> Event {
    let version = reference.version();
    Event {
        id: identity::listed(
            &reference.run_id,
            &reference.company_id,
            version.update_time,
            reference.removed,
        ),
        what: What::Listed.into(),
        company_id: reference.company_id.clone(),
        version: Some(version.into()),
        run_id: reference.run_id.clone(),
        lane: reference.lane,
        removed: reference.removed,
        ..Event::default()
    }
}

/// A ref is in the queue, or will be, of a customer that no listing named now: a push, an operator or a check asks for it.
#[must_use]
pub fn asked(reference: &CompanyRef) -> Event {
    let sequence = reference.sequence.to_string();
    Event {
        lane: reference.lane,
        removed: reference.removed,
        ..refetched(&reference.company_id, &reference.run_id, &sequence)
    }
}

/// A customer is to be fetched again; `occasion` distinguishes two times of it.
#[must_use]
pub fn refetched(company_id: &str, run_id: &str, occasion: &str) -> Event {
    Event {
        id: identity::moved(What::Refetched, company_id, occasion),
        what: What::Refetched.into(),
        company_id: company_id.to_owned(),
        run_id: run_id.to_owned(),
        ..Event::default()
    }
}

/// A row without a key got the id of its customer.
#[must_use]
pub fn adopted(company_id: &str, row_id: &str) -> Event {
    Event {
        id: identity::moved(What::Adopted, company_id, row_id),
        what: What::Adopted.into(),
        company_id: company_id.to_owned(),
        row_id: row_id.to_owned(),
        ..Event::default()
    }
}

/// A letter was moved, by the plan or operation of this id: put back, discarded, restored, edited or imported.
#[must_use]
pub fn moved(what: What, record: &FailureRecord, operation: &str) -> Event {
    let version = record.version.parse::<Version>().ok();
    Event {
        id: identity::moved(what, &record.id, operation),
        what: what.into(),
        company_id: record.company_id.clone(),
        version: version.map(Into::into),
        run_id: record.run_id.clone(),
        reason: record.code.clone(),
        group: fingerprint::of_record(record),
        vendor_code: vendor_code(record),
        letter_id: record.id.clone(),
        plan_id: operation.to_owned(),
        replays: record.replays,
        ..Event::default()
    }
}

/// The same of one customer of many whose records the letter carries.
#[must_use]
pub fn moved_in(what: What, record: &FailureRecord, operation: &str) -> Event {
    let subject = format!("{} {} {}", record.id, record.company_id, record.version);
    Event {
        id: identity::moved(what, &subject, operation),
        ..moved(what, record, operation)
    }
}

pub(super) fn vendor_code(record: &FailureRecord) -> String {
    let vendor = record.vendor.as_ref();
    vendor.map(|vendor| vendor.code.clone()).unwrap_or_default()
}
