//! Why a wish or a decision is refused.

use crate::store;

/// Why nothing was asked, cancelled or decided.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Redis.
    #[error("{}", words::tr!("ask Redis about wishes"))]
    Store(#[from] store::Error),
    /// Nobody has asked for it, or it was forgotten after a week.
    #[error("{}", words::tr!("there is no wish {0}"))]
    Unknown(String),
    /// Only a wish that waits can be cancelled.
    #[error("{}", words::tr!("wish {id} is {state} and can no longer be cancelled"))]
    NotWaiting {
        /// Which.
        id: String,
        /// The word of its state, as it is shown.
        state: &'static str,
    },
    /// Too many wait already.
    #[error("{}", words::tr!("{0} wishes are open already; wait until some of them are done, or cancel some"))]
    TooMany(u64),
    /// Nobody is named.
    #[error("{}", words::tr!("nobody is named who asks for it"))]
    Nobody,
    /// No reason is given.
    #[error("{}", words::tr!("a reason is missing; write one sentence"))]
    NoReason,
    /// Names and reasons are shown in lines.
    #[error("{}", words::tr!("the name or the reason is longer than {0} characters"))]
    TooLong(usize),
    /// No customer is named.
    #[error("{}", words::tr!("no customer is named"))]
    NoCustomer,
    /// So many are a period or a comparison.
    #[error("{}", words::tr!("{0} customers are named, at most {1} can be asked for at a time"))]
    TooManyCustomers(usize, usize),
    /// What cannot be an id.
    #[error("{}", words::tr!("`{0}` is no id of a customer"))]
    NoId(String),
    /// Nothing can have changed then.
    #[error("{}", words::tr!("the period lies before 2000 or in the future"))]
    Elsewhen,
    /// It ends before it begins.
    #[error("{}", words::tr!("the period ends before it begins"))]
    Period,
    /// Redis is no place for it.
    #[error("{}", words::tr!("it is too large"))]
    Large,
    /// No form is named.
    #[error("{}", words::tr!("no form is named, or by something that is no id"))]
    NoForm,
    /// No widget is named.
    #[error("{}", words::tr!("no widget is named"))]
    NoWidget,
}
