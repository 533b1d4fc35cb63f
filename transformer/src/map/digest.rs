//! Sixteen hex digits for texts that are compared and never shown.

use sha2::{Digest, Sha256};

pub(super) fn of(text: &str) -> String {
    hex(Sha256::digest(text))
}

/// Changes with every byte of either, and with a byte that moves from one to the other.
pub(super) fn of_both(document: &str, extras: &str) -> String {
    let mut hash = Sha256::new();
    for part in [document, extras] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex(hash.finalize())
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    let first = digest.as_ref().iter().take(8);
    first.map(|byte| format!("{byte:02x}")).collect()
}
