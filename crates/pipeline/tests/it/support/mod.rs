//! What tests against a real Redis share: a store, and a namespace of their own in it.

use pipeline::names::{AccountKeys, Namespace, VendorAccount};
use pipeline::quota::Quota;
use pipeline::store::Store;

/// A store of its own, as another process would have.
pub(crate) fn store() -> Store {
    Store::connect(&kit::config::redis()).unwrap()
}

/// A namespace that no other test has.
pub(crate) fn namespace() -> Namespace {
    format!("t-{}", uuid::Uuid::new_v4().simple()).parse().unwrap()
}

/// The vendor account of tests; whose keys they are is said by the namespace of accounts.
pub(crate) fn account() -> VendorAccount {
    VendorAccount::new("test", &"http://vendor".parse().unwrap(), "id")
}

/// What this namespace has in Redis of the account, if accounts are kept under its own prefix.
pub(crate) fn account_keys(namespace: &Namespace) -> AccountKeys {
    namespace.account_keys(&account())
}

/// The quota of the account as another process of this namespace would have it, under its own prefix.
pub(crate) fn quota(namespace: &Namespace) -> Quota {
    quota_in(namespace, namespace)
}

/// The same with accounts under another prefix, which several namespaces may share.
pub(crate) fn quota_in(accounts: &Namespace, namespace: &Namespace) -> Quota {
    Quota::new(store(), accounts, &account(), namespace)
}
