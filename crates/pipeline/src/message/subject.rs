//! What a message is about: the customer, the state that it carries, the run that listed it.

use super::cells;
use crate::version::Version;
use proto::v1::{CompanyRef, CompanySnapshot, FormRecord, Lane};

/// What a message is about; gives message ids, headers and the failure record their identity.
pub trait Subject {
    /// Value of the AMQP `type` property, package and message name.
    const TYPE: &'static str;
    /// The customer that the message is about.
    fn company_id(&self) -> &str;
    /// The customer's state that the message carries.
    fn version(&self) -> Version;
    /// The run that listed it.
    fn run_id(&self) -> &str;
    /// Priority of the work.
    fn lane(&self) -> Lane;
    /// Changes the priority of the work; a replay overrides the lane of an untouched body.
    fn set_lane(&mut self, lane: Lane);
    /// Shows everything that it holds of its customer, text by text.
    fn cells(&self, _see: &mut dyn FnMut(&str)) {}
}

/// Identity of a message, detached from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRef {
    /// The customer.
    pub company_id: String,
    /// The state that the message carried.
    pub version: Version,
}

impl Subject for CompanyRef {
    const TYPE: &'static str = "okki.pipeline.v1.CompanyRef";

    fn company_id(&self) -> &str {
        &self.company_id
    }

    fn version(&self) -> Version {
        Version {
            update_time: self.update_time,
            sequence: self.sequence,
        }
    }

    fn run_id(&self) -> &str {
        &self.run_id
    }

    fn lane(&self) -> Lane {
        self.lane.try_into().unwrap_or_default()
    }

    fn set_lane(&mut self, lane: Lane) {
        self.lane = lane.into();
    }
}

macro_rules! versioned_subject {
    ($message:ty, $name:literal, $cells:ident) => {
        impl Subject for $message {
            const TYPE: &'static str = concat!("okki.pipeline.v1.", $name);

            fn company_id(&self) -> &str {
                &self.company_id
            }

            fn version(&self) -> Version {
                self.version.map(Version::from).unwrap_or_default()
            }

            fn run_id(&self) -> &str {
                &self.run_id
            }

            fn lane(&self) -> Lane {
                self.lane.try_into().unwrap_or_default()
            }

            fn set_lane(&mut self, lane: Lane) {
                self.lane = lane.into();
            }

            fn cells(&self, see: &mut dyn FnMut(&str)) {
                $cells(self, see);
            }
        }
    };
}

versioned_subject!(CompanySnapshot, "CompanySnapshot", of_snapshot);
versioned_subject!(FormRecord, "FormRecord", of_record);

fn of_snapshot(snapshot: &CompanySnapshot, see: &mut dyn FnMut(&str)) {
    cells::of_json(&snapshot.detail_json, see);
}

fn of_record(record: &FormRecord, see: &mut dyn FnMut(&str)) {
    cells::of_fields(&record.fields, see);
}
