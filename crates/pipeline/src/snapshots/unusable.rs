//! Why what is kept of a customer is of no use.

/// Why a snapshot that is kept cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unusable {
    /// It was sealed with a key that this process does not have; the id of that key.
    #[error("{}", words::tr!("it was sealed with another key ({0}) than those of SNAPSHOT_KEY"))]
    OtherKey(String),
    /// It was sealed, and this process has no key.
    #[error("{}", words::tr!("it was sealed with a key ({0}), and SNAPSHOT_KEY is not set"))]
    NoKey(String),
    /// Nobody of us wrote it, or it was changed since.
    #[error("{}", words::tr!("it is damaged, or of another version of this program"))]
    Damaged,
}
