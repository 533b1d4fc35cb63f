//! Why an expression cannot be computed for a record.

/// The inside of an `EvalError`: a stable code and a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub code: &'static str,
    pub message: String,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Failure {
        Failure {
            code,
            message: message.into(),
        }
    }

    /// A bare text met arithmetic. The value may be personal data and stays out of the message.
    pub(crate) fn word(text: &str) -> Failure {
        let length = text.chars().count();
        Failure::new(
            "not-a-number",
            words::tr!("a number is needed, but the bare placeholder holds text ({length} characters)"),
        )
    }

    pub(crate) fn out_of_range() -> Failure {
        Failure::new("out-of-range", words::text!("the number does not fit"))
    }

    pub(crate) fn too_large(limit: usize) -> Failure {
        Failure::new(
            "too-large",
            words::tr!("the text would grow beyond {limit} bytes"),
        )
    }
}
