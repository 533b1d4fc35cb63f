//! Who has connected, whether TLS is spoken or not.

use std::net::SocketAddr;

/// Who has connected, by address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);
