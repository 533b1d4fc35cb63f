//! Scripts, which Redis knows by their digest.

/// A Lua script that is sent as text once and called by digest from then on. Keep it in a `LazyLock` static.
#[derive(Debug)]
pub struct Script(pub(super) redis::Script);

impl Script {
    /// Takes the text, usually an `include_str!` of the `.lua` file beside the caller.
    pub fn new(text: &str) -> Self {
        Self(redis::Script::new(text))
    }
}
