//! The shared quota on a real Redis: never overrun in any window, and used up (I5).
//!
//! These tests measure milliseconds, so they have a binary of their own, beside which cargo runs no other.

mod exact;
mod lanes;
mod limits;
mod replicas;
