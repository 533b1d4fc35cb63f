//! The bench: what the product does on this machine beside what the broker alone could do, in figures and plots.

mod ceiling;
mod dead;
mod delay;
mod floor;
mod lag;
mod measure;
mod memory;
mod plot;
mod quota;
mod report;
mod scaling;
mod stages;

pub use self::measure::{Options, measure};
pub use self::report::Report;
