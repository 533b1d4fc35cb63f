//! "An outage is not a failure": one gate per process that every consumer waits at.
//!
//! A part that finds that nothing can succeed now (broker, Redis or vendor away, credentials refused, quota used up)
//! closes the gate with a reason. While any reason stands, no work is started, the process reports itself not ready
//! but live, and no attempt of any message is counted. [`Gate::close_until`] also starts a prober that opens it again.

mod pause;
mod state;

pub use pause::{Pause, StandingPause};
pub use state::Gate;
