//! What can be wished for, and which program does it.

use crate::{
    setup::{Sealed, Widget},
    stage::Stage,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WishKind {
    /// List what has changed up to now, without waiting for the schedule.
    ListNow,
    /// Fetch and write these customers, whatever is known of them.
    Customers {
        /// As the CRM has them.
        ids: Vec<String>,
    },
    /// List again what has changed between two times.
    Period {
        /// First second, unix time.
        from: i64,
        /// Last second, unix time.
        to: i64,
    },
    /// Compare everything that the CRM lists with everything that was loaded.
    Reconcile {
        /// Have what differs fetched again.
        fix: bool,
    },
    /// Read the whole form again.
    ReadForm,
    /// Send a test notice from a replica of this stage.
    TestNotice {
        /// Which.
        #[serde(with = "stage_word")]
        stage: Stage,
    },
    /// Say what the doctor of a replica of this stage finds.
    Doctor {
        /// Which.
        #[serde(with = "stage_word")]
        stage: Stage,
    },
    /// Try keys of a vendor, and keep them if it accepts them.
    Keys {
        /// Whose program's.
        #[serde(with = "stage_word")]
        stage: Stage,
        /// The keys.
        sealed: Sealed,
    },
    /// Say which apps and forms there are.
    Catalogue,
    /// Say what a form is made of, and what is in it.
    FormSheet {
        /// Its app.
        app_id: String,
        /// The form.
        entry_id: String,
        /// Whether rows are without a key is asked of this widget.
        key_widget: Option<String>,
    },
    /// Say which fields customers have, and show some.
    Fields {
        /// How many.
        customers: u32,
    },
    /// Write the settings of a program, which begins anew with them.
    Settings {
        /// Whose.
        #[serde(with = "stage_word")]
        stage: Stage,
        /// By the names of variables.
        settings: BTreeMap<String, String>,
        /// Documents by the variables that name their files.
        documents: BTreeMap<String, String>,
    },
    /// Show a customer as the CRM does, answered as [`Self::Fields`] is.
    Customer {
        /// As the CRM has it.
        id: String,
    },
    /// Show the row of a customer.
    Row {
        /// As the CRM has it.
        company_id: String,
    },
    /// Say what a mapping would make of some customers.
    TryMapping {
        /// The document and our additions, by the variables that name their files; none: those of the running program.
        documents: BTreeMap<String, String>,
        /// The form that it is compared with: its widgets.
        widgets: Vec<Widget>,
        /// The wish [`Self::Fields`] or [`Self::Customer`] whose customers are tried.
        customers_of: Option<String>,
    },
    /// Say whose the rows without a key are, and give them their keys.
    Adopt {
        /// Widgets that are compared: captions or names.
        matched: Vec<String>,
        /// Give them their keys, too.
        write: bool,
    },
}

impl WishKind {
    /// The stage whose program does it.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::ListNow | Self::Customers { .. } | Self::Period { .. } | Self::Reconcile { .. } => {
                Stage::Extract
            }
            Self::Fields { .. } | Self::Customer { .. } => Stage::Extract,
            Self::Row { .. } => Stage::Load,
            Self::TryMapping { .. } => Stage::Transform,
            Self::ReadForm | Self::Catalogue | Self::FormSheet { .. } | Self::Adopt { .. } => Stage::Load,
            Self::TestNotice { stage }
            | Self::Doctor { stage }
            | Self::Keys { stage, .. }
            | Self::Settings { stage, .. } => *stage,
        }
    }

    /// One wish of a lane is under way at a time.
    #[must_use]
    pub const fn lane(&self) -> &'static str {
        match self {
            Self::ListNow => "list-now",
            Self::Customers { .. } => "customers",
            Self::Period { .. } => "period",
            Self::Reconcile { .. } => "reconcile",
            Self::ReadForm => "read-form",
            Self::TestNotice { stage } => Self::notices(*stage),
            Self::Doctor { stage } => Self::doctor(*stage),
            Self::Catalogue => "catalogue",
            Self::FormSheet { .. } => "form-sheet",
            Self::Fields { .. } => "fields",
            Self::Keys { stage, .. } => Self::keys(*stage),
            Self::Settings { stage, .. } => Self::settings(*stage),
            Self::TryMapping { .. } => "try-mapping",
            Self::Customer { .. } => "customer",
            Self::Row { .. } => "row",
            Self::Adopt { .. } => "adopt",
        }
    }

    /// Only who may set the pipeline up may ask for it: it changes settings or rows of others, or shows customers.
    #[must_use]
    pub fn belongs_to_setup(&self) -> bool {
        match self {
            Self::Catalogue
            | Self::FormSheet { .. }
            | Self::Fields { .. }
            | Self::Keys { .. }
            | Self::Settings { .. }
            | Self::Adopt { .. } => true,
            Self::TryMapping { documents, .. } => !documents.is_empty(),
            _ => false,
        }
    }

    /// The lane of keys of a stage's vendor.
    #[must_use]
    pub const fn keys(stage: Stage) -> &'static str {
        match stage {
            Stage::Extract => "keys-extract",
            Stage::Transform => "keys-transform",
            Stage::Load => "keys-load",
        }
    }

    /// The lane of a stage's settings.
    #[must_use]
    pub const fn settings(stage: Stage) -> &'static str {
        match stage {
            Stage::Extract => "settings-extract",
            Stage::Transform => "settings-transform",
            Stage::Load => "settings-load",
        }
    }

    /// The lane of test notices of a stage.
    pub(crate) const fn notices(stage: Stage) -> &'static str {
        match stage {
            Stage::Extract => "test-notice-extract",
            Stage::Transform => "test-notice-transform",
            Stage::Load => "test-notice-load",
        }
    }

    /// The lane of the doctors of a stage.
    pub(crate) const fn doctor(stage: Stage) -> &'static str {
        match stage {
            Stage::Extract => "doctor-extract",
            Stage::Transform => "doctor-transform",
            Stage::Load => "doctor-load",
        }
    }

    /// In a few words, for people.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::ListNow => words::tr!("list now"),
            Self::Customers { ids } if ids.len() == 1 => words::tr!("customer {}", ids.concat()),
            Self::Customers { ids } => words::tr!("{} customers", ids.len()),
            Self::Period { from, to } => words::tr!("changes from {} to {}", instant(*from), instant(*to)),
            Self::Reconcile { fix: false } => words::tr!("compare with OKKI"),
            Self::Reconcile { fix: true } => words::tr!("compare with OKKI and fetch again what differs"),
            Self::ReadForm => words::tr!("read the form again"),
            Self::TestNotice { stage } => words::tr!("a test notice of {}", stage.program()),
            Self::Doctor { stage } => words::tr!("ask the doctor of {}", stage.program()),
            Self::Keys { stage, .. } => words::tr!("try keys, {}", stage.program()),
            Self::Catalogue => words::tr!("list apps and forms"),
            Self::FormSheet { entry_id, .. } => words::tr!("look at form {entry_id}"),
            Self::Fields { .. } => words::tr!("list fields of customers"),
            Self::Settings { stage, .. } => words::tr!("settings of {}", stage.program()),
            Self::TryMapping { .. } => words::tr!("try a mapping"),
            Self::Customer { id } => words::tr!("show customer {id}"),
            Self::Row { company_id } => words::tr!("show the row of customer {company_id}"),
            Self::Adopt { write: false, .. } => words::tr!("match rows without a key with customers"),
            Self::Adopt { write: true, .. } => words::tr!("give rows without a key their keys"),
        }
    }

    /// The same without what only the program has to see that does it: keys, documents, customers.
    #[must_use]
    pub(super) fn shown(self) -> Self {
        let blank = |texts: BTreeMap<String, String>| {
            let names = texts.into_keys();
            names.map(|name| (name, String::new())).collect()
        };
        match self {
            Self::Keys { stage, .. } => Self::Keys {
                stage,
                sealed: Sealed::default(),
            },
            Self::Settings {
                stage,
                settings,
                documents,
            } => Self::Settings {
                stage,
                settings,
                documents: blank(documents),
            },
            Self::TryMapping {
                documents,
                customers_of,
                ..
            } => Self::TryMapping {
                documents: blank(documents),
                widgets: Vec::new(),
                customers_of,
            },
            other => other,
        }
    }
}

fn instant(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// A stage as its word.
pub(super) mod stage_word {
    use crate::stage::Stage;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::wish) fn serialize<S: Serializer>(stage: &Stage, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(stage.name())
    }

    pub(in crate::wish) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Stage, D::Error> {
        let word = String::deserialize(from)?;
        Stage::named(&word).ok_or_else(|| D::Error::custom("no stage has this name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_as_they_were_written() {
        for (kind, text) in [
            (WishKind::ListNow, r#"{"kind":"list-now"}"#),
            (
                WishKind::Period { from: 1, to: 2 },
                r#"{"kind":"period","from":1,"to":2}"#,
            ),
            (
                WishKind::Reconcile { fix: true },
                r#"{"kind":"reconcile","fix":true}"#,
            ),
            (
                WishKind::TestNotice { stage: Stage::Load },
                r#"{"kind":"test-notice","stage":"load"}"#,
            ),
            (
                WishKind::Doctor {
                    stage: Stage::Extract,
                },
                r#"{"kind":"doctor","stage":"extract"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&kind).unwrap(), text);
            assert_eq!(serde_json::from_str::<WishKind>(text).unwrap(), kind);
        }
    }
}
