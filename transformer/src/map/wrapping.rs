//! The wrapping `{"value": X}` of a form's fields: documents may write it out as an object with a child `value`, and
//! parsers may build another one, which no field of a form takes.

use mapping::{Parameter, ParameterType, Problem, Taken};

use super::Widget;

/// What is odd about fields, while they are compiled.
pub(super) struct Remarks<'n> {
    /// Name of the document.
    pub name: &'n str,
    /// In the order of the document.
    pub list: Vec<Problem>,
}

impl Remarks<'_> {
    fn add(&mut self, parameter: &Parameter, message: String, without_effect: bool) {
        let mut problem = Problem::new(self.name, message).field(parameter.label.clone());
        problem.place = parameter.place;
        problem.without_effect = without_effect;
        self.list.push(problem);
    }
}

/// The field without a wrapping that is written out.
pub(super) fn unwrapped(parameter: &Parameter, remarks: &mut Remarks<'_>) -> Parameter {
    let wrapped = parameter.children.iter().find(|child| child.field == "value");
    let (ParameterType::Object, Some(child)) = (parameter.kind, wrapped) else {
        return parameter.clone();
    };
    for other in parameter.children.iter().filter(|other| other.field != "value") {
        let message = words::tr!(
            "{} has no effect: a field of the form takes nothing beside \"value\"",
            other.field
        );
        remarks.add(other, message, true);
    }
    let mut inner = unwrapped(child, remarks);
    inner.field.clone_from(&parameter.field);
    inner.label.clone_from(&parameter.label);
    inner.required |= parameter.required;
    inner.default = inner.default.or_else(|| parameter.default.clone());
    if inner.converter.is_empty() {
        inner.converter = parameter.converter.clone();
    }
    inner
}

/// Takes out what wraps the value for another target; `known` says that the form's own type is.
pub(super) fn for_form(parameter: &mut Parameter, widget: Widget, known: bool, remarks: &mut Remarks<'_>) {
    let takes_anything = known && widget == Widget::Json || parameter.kind == ParameterType::Object;
    let taken = match widget {
        _ if !known => Taken::Any,
        Widget::Phone => Taken::Phone,
        Widget::Address => Taken::Address,
        _ => Taken::Value,
    };
    if let Some(built) = parameter.converter.foreign(taken).filter(|_| !takes_anything) {
        parameter.converter = parameter.converter.for_form(taken);
        let message = words::tr!(
            "the parser has no effect: {built}, which no field of a form takes; the value itself is sent (params \"value\")"
        );
        remarks.add(parameter, message, true);
    }
    let is_date = matches!(parameter.kind, ParameterType::Date | ParameterType::DateTime);
    if known && is_date && widget != Widget::DateTime {
        let message = words::tr!(
            "the type of a date has no effect: the form's field is a {}, and the form decides",
            widget.name()
        );
        remarks.add(parameter, message, true);
    }
    let is_single = matches!(
        widget,
        Widget::Text
            | Widget::Number
            | Widget::DateTime
            | Widget::Phone
            | Widget::Member
            | Widget::Department
    );
    if known && is_single && parameter.converter.makes_list() {
        let message = words::tr!(
            "the parser makes a list, but the form's field is a {}",
            widget.name()
        );
        remarks.add(parameter, message, false);
    }
}
