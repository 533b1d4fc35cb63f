//! Types of the target's fields. The target stores a value of a wrong type as blank and reports success, so the type
//! is decided here.

use mapping::{Parameter, ParameterType};

/// What a field of the target holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Widget {
    /// Text of any kind, also a single choice.
    Text,
    /// Number.
    Number,
    /// Date or date with time, sent as UTC.
    DateTime,
    /// List of choices.
    Choices,
    /// Address in four parts.
    Address,
    /// Phone number.
    Phone,
    /// One member by user name.
    Member,
    /// Several members.
    Members,
    /// One department by number.
    Department,
    /// Several departments.
    Departments,
    /// Rows.
    Subform,
    /// Record of another form.
    Lookup,
    /// Anything else, as JSON.
    Json,
}

impl Widget {
    /// By the target's name of the type; `None` is not writable or not known.
    pub fn parse(name: &str) -> Option<Widget> {
        Some(match name {
            "text" | "textarea" | "radiogroup" | "radio" | "combo" | "richtext" | "company" => Widget::Text,
            "number" => Widget::Number,
            "datetime" | "date" => Widget::DateTime,
            "checkboxgroup" | "checkbox" | "combocheck" => Widget::Choices,
            "address" => Widget::Address,
            "phone" => Widget::Phone,
            "user" | "member" => Widget::Member,
            "usergroup" | "members" => Widget::Members,
            "dept" | "department" => Widget::Department,
            "deptgroup" | "departments" => Widget::Departments,
            "subform" => Widget::Subform,
            "lookup" => Widget::Lookup,
            "linkobject" | "location" | "json" => Widget::Json,
            _ => return None,
        })
    }

    /// What a parameter says about itself when the form is not known.
    pub fn declared(parameter: &Parameter) -> Widget {
        match parameter.kind {
            ParameterType::Text => Widget::Text,
            ParameterType::Int | ParameterType::Float => Widget::Number,
            ParameterType::Date | ParameterType::DateTime => Widget::DateTime,
            ParameterType::Bool | ParameterType::Object => Widget::Json,
            ParameterType::Array if parameter.children.is_empty() => Widget::Json,
            ParameterType::Array => Widget::Subform,
        }
    }

    /// How a value goes out: a parser makes choices of a text, unless the form says what the field is.
    pub(super) fn sent(self, parameter: &Parameter, known: bool) -> Widget {
        match self {
            Widget::Text if !known && parameter.converter.makes_texts() => Widget::Choices,
            widget => widget,
        }
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Widget::Text => "text",
            Widget::Number => "number",
            Widget::DateTime => "datetime",
            Widget::Choices => "choices",
            Widget::Address => "address",
            Widget::Phone => "phone",
            Widget::Member => "member",
            Widget::Members => "members",
            Widget::Department => "department",
            Widget::Departments => "departments",
            Widget::Subform => "subform",
            Widget::Lookup => "lookup",
            Widget::Json => "json",
        }
    }
}
