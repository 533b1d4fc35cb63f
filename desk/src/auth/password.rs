//! Passwords: argon2id, a few at a time, so that sign-ins cannot use up the machine.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Hashes at a time; each takes 19 MiB for some 30 ms.
static AT_A_TIME: Semaphore = Semaphore::const_new(2);
/// A shorter password is refused.
pub(crate) const SHORTEST: usize = 10;
/// A longer one, too: nobody types it, and it costs time.
const LONGEST: usize = 512;

/// Somebody who is not there is answered as slowly as somebody who is.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash(&super::secret::random()).unwrap_or_default());

/// Why a password cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("{}", words::tr!("the password cannot be hashed: {0}"))]
pub(crate) struct Error(argon2::password_hash::Error);

/// What is wrong with a password that somebody has chosen; `None`: nothing.
pub(crate) fn problem(password: &str) -> Option<String> {
    match password.chars().count() {
        0..SHORTEST => Some(words::tr!("a password has {SHORTEST} characters or more")),
        SHORTEST..=LONGEST => None,
        _ => Some(words::tr!("a password has {LONGEST} characters at most")),
    }
}

/// The hash to keep.
///
/// # Errors
/// When the machine has no randomness.
pub(crate) fn hash(password: &str) -> Result<String, Error> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(Error)?;
    Ok(hash.to_string())
}

/// Whether it is the password of this hash; `None` takes as long and is never right.
pub(crate) async fn is_right(password: String, hash: Option<String>) -> bool {
    if password.chars().count() > LONGEST {
        return false;
    }
    let Ok(_permit) = AT_A_TIME.acquire().await else {
        return false;
    };
    let checked = tokio::task::spawn_blocking(move || {
        let there = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let right = PasswordHash::new(&hash).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        });
        there && right
    });
    checked.await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_is_right() {
        let kept = hash("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(is_right("correct horse".into(), Some(kept.clone())).await);
        assert!(!is_right("correct horsf".into(), Some(kept)).await);
        assert!(!is_right("correct horse".into(), None).await);
        assert!(!is_right("x".into(), Some("no hash".into())).await);
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(problem("123456789").is_some() && problem(&"x".repeat(600)).is_some());
        assert!(problem("密码密码密码密码密码").is_none());
    }
}
