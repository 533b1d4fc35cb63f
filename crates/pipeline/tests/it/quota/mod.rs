//! The shared quota on a real Redis: never overrun in any window, nobody left out, whatever the machine does beside it.
//!
//! Calls are judged by the times at which Redis counts them and by their order; how much of a limit is used in a second
//! is a question of speed, which the benchmark answers.

mod accounts;
mod days;
mod exact;
mod lanes;
mod late;
mod limits;
mod replicas;
