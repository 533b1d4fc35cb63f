//! Vendors' rate limits, shared by all replicas through Redis: exact in every one-second window, and used up to it.
//!
//! # How
//!
//! A caller asks one Lua script for a permit to send *now* (`take.lua`). The script keeps, per bucket, the times of the
//! last N calls (N = calls per second) on Redis' clock, and lets the next call go at
//!
//! ```text
//! at = max(now, nth_last + window · (1 + SLACK), last + pace, closed)      over all buckets of the call
//! ```
//!
//! where `closed` is the end of a pause that the vendor asked for ([`Quota::push_back`]).
//! Within a pause that is too long to wait for, one call goes now and then all the same (`PROBES` in `take.lua`), and when the
//! vendor answers it as others the pause ends ([`Quota::reopen`]): one header, of one record, of a proxy, must not silence
//! everybody for hours, and who means it is asked no more often than that.
//! If that moment is more than a breath away (`EARLY`), nothing is reserved: the answer says when to ask again.
//! Slots are never handed out ahead, so a replica that dies or stalls while waiting takes none with it, and a call
//! that waits for its endpoint's bucket does not punch holes into the company-wide one.
//!
//! # Why no window is ever overrun
//!
//! Let `c(k)` be the time granted to call k and `d(k) ≥ 0` its delay until the vendor counts it (waking up, network).
//! Calls k and k+N arrive `c(k+N) + d(k+N) − c(k) − d(k) ≥ 1 s · (1 + SLACK) + d(k+N) − d(k)` apart, so N+1 calls fit
//! into one second only if one delay exceeds another by more than the slack, 17 ms. A constant delay cancels out,
//! however long, and a delay of call k+N only helps; what hurts is a call k that leaves late. So a caller that wakes up later
//! than half of the slack gives the slot back and asks again (`permit::Permit::check`), and a caller that finds that its bytes went
//! out later than granted by a quarter of the slack, because a connection had to be opened or the machine was busy, says so
//! ([`Quota::sent`]; what several have to say goes together, `moves`):
//! then `c(k)` is the time at which they really went, long before call k+N asks. The rest of the slack is left to the network.
//! It does not depend on N: for 10/s and for 1000/s it is 17 ms of each second, 1.7 % of the quota; the rest is usable.
//!
//! The pace only spreads the calls within the window. A stall of up to 200 ms is made up for by sending faster, which
//! is what keeps the quota used on a busy machine, and after an idle time a few calls may go at once.
//!
//! A Redis that has lost its memory, or another server behind the same address, knows nothing of the last second:
//! the script recognises it by the server's run id and lets one full window pass before the first call.
//!
//! A call whose connection is still being opened is kept in the present of the log ([`Quota::follow`]), so that calls which
//! are granted meanwhile count it, however long it takes.
//!
//! # Whose limits
//!
//! Vendors limit accounts. All buckets lie under the keys of a [`VendorAccount`](crate::names::VendorAccount) that every
//! namespace of this Redis shares; each namespace is one *member* of them. Members tell each other their settings with
//! every question, and the lowest ones count: a rate for five minutes after its member has asked last, a daily limit for
//! the day. The day's count is kept for every bucket, and each process remembers what it was told last: after Redis has
//! lost it, counting goes on from the most that any process knows (`day`, and `count` in `take.lua`).
//!
//! # Who comes first
//!
//! Within a process and lane, callers queue in order, and the first asks for all that wait; what it gets beyond its own
//! goes to the next ones at once. Between replicas, the one that asks first wins; all of them ask at
//! the same moment, spread by a random millisecond, so each gets its share. Between lanes, a caller that has to
//! wait leaves a note with the time of its slot in each bucket, and lower lanes keep off that slot. Between namespaces in the
//! same lane, the one that has had less keeps the others off in the same way: they take turns, however many processes each
//! of them has, and one that missed its turn has the next ones.

mod allowance;
mod bucket;
mod clock;
mod day;
mod error;
mod heard;
mod limits;
mod moves;
mod permit;
mod scripts;
mod shared;
mod wait_queue;

pub use allowance::Allowance;
pub use bucket::{Bucket, Lane};
pub use error::Error;
pub use heard::{Heard, VENDOR_LIMITS, VendorLimit};
pub use permit::Granted;
pub use shared::{Quota, Today};
