//! Operations from outside: an account that balances, traces that hold together, logs that keep secrets, scaling that costs
//! nothing, and commands that say what is wrong.

mod accounting;
mod checkpoint;
mod chinese;
mod chinese_notices;
mod closed_output;
mod commands;
mod draft;
mod fields;
mod leftovers;
mod lookups;
mod map_again;
mod mapping;
pub(crate) mod notices;
mod permissions;
mod rotation;
mod scaling;
mod secrets;
mod status;
mod told;
mod traces;

/// A row that the form refuses, by the text of a customer in it.
pub(crate) fn refuse_row(containing: &str) -> kit::simulator::Fault {
    use kit::simulator::{Fault, FaultKind, Vendor};
    let refusal = FaultKind::Code {
        code: 3005,
        message: String::new(),
        status: None,
    };
    Fault::on(Vendor::Jdy, "batch_create", refusal).containing(containing)
}
