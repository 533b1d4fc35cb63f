//! Free loopback ports for services that must keep theirs over a restart.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::bail;
use rand::RngExt;

/// Ports below the range from which the kernel takes the local ends of outgoing connections: while a service is
/// down, no client can be given its port by accident.
const RANGE: std::ops::Range<u16> = 12_000..32_000;

/// `N` different ports on which no process listens now.
pub fn free<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    let mut rng = rand::rng();
    for _ in 0..1_000 {
        if held.len() == N {
            return Ok(ports);
        }
        let port = rng.random_range(RANGE);
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            ports[held.len()] = port;
            held.push(listener);
        }
    }
    bail!("no free loopback port between {} and {}", RANGE.start, RANGE.end)
}
