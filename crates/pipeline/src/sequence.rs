//! The one counter that orders what was fetched: the second half of a version.
//!
//! It only ever grows, also when Redis has lost everything: a number is never below Redis' clock in microseconds at
//! the time it was taken, so a fresh Redis goes on above the numbers of the old one.

use std::sync::LazyLock;

use crate::names::Namespace;
use crate::store::{Error, Script, Store};

static NEXT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
         local floor = time[1] * 1000000 + time[2]
         local first = math.max(floor, tonumber(redis.call('GET', KEYS[1]) or 0) + 1)
         redis.call('SET', KEYS[1], string.format('%.0f', first + ARGV[1] - 1))
         return first",
    )
});

/// Takes `n` numbers (at least one) and returns the first; the others follow it without gaps.
pub async fn next(store: &Store, namespace: &Namespace, n: u32) -> Result<u64, Error> {
    store
        .invoke(&NEXT, &[namespace.sequence_key()], &[n.max(1)])
        .await
}
