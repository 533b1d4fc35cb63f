//! The only code that knows Jiandaoyun: its codes, its value formats, its requests and its form.

pub mod calls;
pub mod canonical;
pub mod cap;
pub mod client;
pub mod codes;
pub mod encode;
pub mod form;
#[cfg(test)]
mod fuzz;
pub mod judge;
pub mod lookup;
pub mod types;
