//! The only code that knows Jiandaoyun: its codes, its value formats, its requests and its form.

pub mod canonical;
pub mod codes;
pub mod encode;
