//! Where a customer is and how it got there, over all stages, read from the account of events (docs/events.md).
//!
//! Reading takes nothing away and needs nothing but the broker. Until there is a read model it goes through all of it,
//! which holds every customer; what is kept of it is bounded.

pub mod name;
mod open;
mod run;
#[cfg(test)]
mod sample;
mod standing;
mod step;
mod story;

pub use open::{OpenLetter, of_customer, open_letters};
pub use run::{Fate, Open, RunStory, read_run};
pub use standing::{Place, Standing, standing};
pub use step::{Step, told, told_word, word};
pub use story::{Story, read};
