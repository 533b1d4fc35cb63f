//! Why a widget got its field, or none.

use std::fmt::{self, Display};

use serde::Serialize;

use super::Field;

/// What became of a widget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WidgetReport {
    /// The name under which it is written.
    pub name: String,
    /// Its caption.
    pub label: String,
    /// The vendor's type.
    pub kind: String,
    /// The field that it shows, or why there is none.
    pub outcome: Result<Match, Reason>,
}

/// The field that a widget shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    /// Caption of the field.
    pub field: String,
    /// Caption of its group; empty when unknown.
    pub group: String,
    /// It is of the main contact.
    pub contact: bool,
    /// The value as it stands in the document.
    pub expression: String,
    /// Why this one.
    pub why: Why,
}

/// Why a field was taken for a caption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The same caption.
    Equal,
    /// Another word for it.
    Synonym,
    /// One caption is a part of the other one.
    Contained,
}

/// Why a widget has no value in the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Reason {
    /// It holds the customers' ids.
    Key,
    /// No caption fits.
    NoField,
    /// Parts of several captions fit equally well.
    Several {
        /// The captions.
        fields: Vec<String>,
    },
    /// Widgets of this type are not drafted.
    Type,
    /// The field would fit, but is no number.
    NoNumber {
        /// Its caption.
        field: String,
    },
    /// The field would fit, but is no date.
    NoDate {
        /// Its caption.
        field: String,
    },
    /// The field would fit, but holds files.
    Files {
        /// Its caption.
        field: String,
    },
    /// The field would fit, but its values are objects.
    Parts {
        /// Its caption.
        field: String,
    },
    /// The field would fit, but no customer shows how its values look.
    Unseen {
        /// Its caption.
        field: String,
    },
    /// The field would fit, but no path leads to it.
    NoPath {
        /// Its caption.
        field: String,
    },
}

/// Where a field goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldReport {
    /// The field.
    pub field: Field,
    /// How a document names it.
    pub reference: Option<String>,
    /// Captions of the widgets that show it.
    pub widgets: Vec<String>,
}

impl Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Equal => words::text!("the same caption"),
            Why::Synonym => words::text!("another word for it"),
            Why::Contained => words::text!("part of the caption; look at it"),
        })
    }
}

impl WidgetReport {
    /// The reason in words, which also depend on the widget's type.
    pub fn reason(&self) -> String {
        match &self.outcome {
            Ok(found) => found.why.to_string(),
            Err(Reason::Key) => words::text!("holds the customers' ids; the loader fills it").to_owned(),
            Err(Reason::NoField) => words::text!("OKKI has no field of that caption").to_owned(),
            Err(Reason::Several { fields }) => words::tr!(
                "several fields have a part of that caption: {}; choose one",
                words::list(fields)
            ),
            Err(Reason::Type) => of_type(&self.kind),
            Err(Reason::NoNumber { field }) => {
                words::tr!("{field} is no number in OKKI, but the widget takes numbers only")
            }
            Err(Reason::NoDate { field }) => {
                words::tr!("{field} is no date in OKKI, but the widget takes dates only")
            }
            Err(Reason::Files { field }) => words::tr!("{field} holds files, which are not copied"),
            Err(Reason::Parts { field }) => {
                words::tr!("the values of {field} have several parts; name one of them by hand")
            }
            Err(Reason::Unseen { field }) => {
                words::tr!("no customer at hand has a value of {field}, so its form is not known")
            }
            Err(Reason::NoPath { field }) => words::tr!("no path of a record leads to {field}"),
        }
    }
}

/// Why widgets of a type are left to a person.
fn of_type(kind: &str) -> String {
    match kind {
        "user" | "member" | "usergroup" | "members" => {
            words::text!("members are written by the user names of the form's side, which OKKI does not know")
                .to_owned()
        }
        "dept" | "department" | "deptgroup" | "departments" => words::text!(
            "departments are written by the numbers of the form's side, which OKKI does not know"
        )
        .to_owned(),
        "phone" => {
            words::text!("telephone widgets refuse numbers that they do not know; use a text").to_owned()
        }
        "address" | "location" => {
            words::text!("an address has four parts, and OKKI has one text; use a text").to_owned()
        }
        "image" | "upload" | "signature" => words::text!("files are not copied").to_owned(),
        "subform" => words::text!("rows of a subform are mapped by hand").to_owned(),
        "lookup" | "linkobject" | "linkdata" | "linkquery" => {
            words::text!("records of other forms are mapped by hand").to_owned()
        }
        kind => words::tr!("nothing can be written into a widget of type {kind}"),
    }
}
