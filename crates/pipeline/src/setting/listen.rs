//! Addresses to listen on.

use std::net::SocketAddr;

/// Reads an address with its port; the error is a phrase for people.
///
/// # Errors
/// When it is a name, or has no address or no port.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let wrong =
        |_| words::tr!("`{text}` is no address; write 127.0.0.1:8088, or 0.0.0.0:8088 for all interfaces");
    text.trim().parse().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::parse_listen;

    #[test]
    fn what_is_no_address_is_told_with_what_to_write() {
        assert!(parse_listen(" 127.0.0.1:0 ").is_ok() && parse_listen("[::]:8088").is_ok());
        for wrong in ["localhost:8099", ":8088", "8088", "10.0.0.1", ""] {
            let told = parse_listen(wrong).unwrap_err();
            assert!(told.contains("write 127.0.0.1:8088"), "{told}");
        }
    }
}
