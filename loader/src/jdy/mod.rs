//! The only code that knows Jiandaoyun: its codes, its value formats, its requests and its form.

mod body;
pub(crate) mod calls;
pub(crate) mod canonical;
pub(crate) mod cap;
pub(crate) mod client;
pub(crate) mod codes;
pub(crate) mod company;
mod decode;
pub(crate) mod encode;
mod exchange;
pub(crate) mod form;
mod found;
#[cfg(test)]
mod fuzz;
pub(crate) mod judge;
pub(crate) mod key;
pub(crate) mod key_widget;
pub(crate) mod kinds;
pub(crate) mod listing;
pub(crate) mod lookup;
pub(crate) mod pace;
pub(crate) mod types;
