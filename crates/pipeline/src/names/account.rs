//! Redis keys of a vendor account: its quotas, its day's count and its token. They lie under a prefix of their own
//! (`ACCOUNT_NAMESPACE`), because a vendor counts the calls of an account, whichever namespace makes them.

use super::Namespace;
use sha2::{Digest, Sha256};
use std::fmt;
use url::Url;

/// An account that a vendor counts the calls of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VendorAccount {
    vendor: &'static str,
    host: String,
    /// Digest of what tells the accounts of one host apart; client ids are no secrets, but may hold any character.
    owner: String,
}

impl VendorAccount {
    /// Of `owner` (a client id, or the name of a company) at the host of `base`.
    #[must_use]
    pub fn new(vendor: &'static str, base: &Url, owner: &str) -> Self {
        let host = base.host_str().unwrap_or_default().trim_end_matches('.');
        let digest = Sha256::digest(owner.trim().as_bytes());
        Self {
            vendor,
            host: match base.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            },
            owner: digest[..6].iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

impl fmt::Display for VendorAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.vendor, self.host, self.owner)
    }
}

/// The keys of one vendor account.
#[derive(Debug, Clone)]
pub struct AccountKeys(String);

impl AccountKeys {
    /// Hash: run id of the server that the quota was asked at last, and since when.
    #[must_use]
    pub fn server(&self) -> String {
        format!("{}server", self.0)
    }

    /// Hash: state of a rate limit, and the day's count.
    #[must_use]
    pub fn bucket(&self, bucket: &str) -> String {
        format!("{}quota:{bucket}", self.0)
    }

    /// List: times of the last calls under a rate limit.
    #[must_use]
    pub fn calls(&self, bucket: &str) -> String {
        format!("{}quota:{bucket}:calls", self.0)
    }

    /// Sealed text: the vendor's token.
    #[must_use]
    pub fn token(&self) -> String {
        format!("{}token", self.0)
    }

    /// Lease: who fetches a new token.
    #[must_use]
    pub fn token_lease(&self) -> String {
        format!("{}token:renewal", self.0)
    }
}

impl Namespace {
    /// Where pipelines keep what belongs to vendor accounts, unless they are told otherwise.
    pub const ACCOUNTS: &str = "accounts";

    /// The keys of a vendor account; this namespace is the one of accounts, not that of a pipeline.
    #[must_use]
    pub fn account_keys(&self, account: &VendorAccount) -> AccountKeys {
        AccountKeys(self.key(format_args!("account:{account}:")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(base: &str, owner: &str) -> String {
        VendorAccount::new("okki", &base.parse().unwrap(), owner).to_string()
    }

    #[test]
    fn an_account_is_its_host_and_its_owner() {
        let one = account("https://API.vendor.example", "id");
        assert!(one.starts_with("okki:api.vendor.example:"), "{one}");
        for same in [
            "https://api.vendor.example/",
            "https://api.vendor.example:443",
            "https://api.vendor.example.",
        ] {
            assert_eq!(account(same, " id "), one, "{same}");
        }
        for other in [
            account("https://api.vendor.example", "id2"),
            account("https://api2.vendor.example", "id"),
            account("https://api.vendor.example:8443", "id"),
        ] {
            assert_ne!(other, one);
        }
    }

    #[test]
    fn keys_of_an_account_share_a_slot_and_meet_no_key_of_a_pipeline() {
        let accounts: Namespace = Namespace::ACCOUNTS.parse().unwrap();
        let keys = accounts.account_keys(&VendorAccount::new("okki", &"http://h:1".parse().unwrap(), "id"));
        assert!(keys.bucket("list").starts_with("{accounts}:account:okki:h:1:"));
        assert!(keys.calls("list").ends_with(":quota:list:calls"));
    }
}
