//! Scripts, which Redis knows by their digest.

use redis::ToRedisArgs;

/// A Lua script that is sent as text once and called by digest from then on. Keep it in a `LazyLock` static.
#[derive(Debug)]
pub struct Script {
    pub(super) text: redis::Script,
    pub(super) asks: Asks,
}

/// Whether a script wants to know which run of the server it meets (`run.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// It does not matter to it.
    No,
    /// It goes on without knowing.
    IfKnown,
    /// It does nothing without knowing.
    Must,
}

impl Script {
    /// Takes the text, usually an `include_str!` of the `.lua` file beside the caller.
    pub fn new(text: &str) -> Self {
        Self {
            text: redis::Script::new(text),
            asks: Asks::No,
        }
    }

    /// One that knows in its local `run` which run of the server it meets, and in `history` of which line of descent its
    /// data is, if the server says so. Nothing is done when nobody knows the run. It gets one more key, the last one.
    pub fn of_run(text: &str) -> Self {
        let refuse = "if not run then return redis.error_reply('NORUN nobody says which run of the server this is') end";
        Self {
            text: redis::Script::new(&format!("{}\n{refuse}\n{text}", include_str!("run.lua"))),
            asks: Asks::Must,
        }
    }

    /// The same, with `run` nil when nobody knows the run.
    pub fn of_run_if_known(text: &str) -> Self {
        Self {
            text: redis::Script::new(&format!("{}\n{text}", include_str!("run.lua"))),
            asks: Asks::IfKnown,
        }
    }

    /// The call by digest.
    pub(super) fn call(&self, keys: &[String], args: &[impl ToRedisArgs]) -> redis::Cmd {
        let mut call = redis::cmd("EVALSHA");
        call.arg(self.text.get_hash()).arg(keys.len()).arg(keys);
        for arg in args {
            call.arg(arg);
        }
        call
    }
}
