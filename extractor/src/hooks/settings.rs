//! From what was typed about the webhook to a listener's configuration and a way to check signatures.

use super::{Signature, SignatureKind};
use crate::config::HookArgs;
use pipeline::{
    setting::{ConfigError, SecretArg},
    webhook::WebhookConfig,
};

impl HookArgs {
    /// Checks; `None` when no listener is wanted.
    pub(crate) fn check(self) -> Result<Option<(WebhookConfig, Signature)>, ConfigError> {
        let Some(listener) = self.listener.check()? else {
            return Ok(None);
        };
        let file = self.hook_secret_file.as_deref();
        let secret = SecretArg::new("HOOK_SECRET", self.hook_secret.as_ref(), file).optional()?;
        let usual = match secret {
            Some(_) => SignatureKind::HmacSha256,
            None => SignatureKind::Path,
        };
        let kind = self.hook_signature.unwrap_or(usual);
        if kind == SignatureKind::HmacSha256 && secret.is_none() {
            let remedy = words::text!("set it to the secret of the callback, or HOOK_SIGNATURE to path");
            return Err(ConfigError::new(
                "HOOK_SECRET",
                words::tr!("is required to check signatures"),
                remedy,
            ));
        }
        let header = self.hook_signature_header.trim().to_ascii_lowercase();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if header.is_empty() || !header.bytes().all(is_name) {
            let remedy = words::text!("write its name, such as X-Signature");
            return Err(ConfigError::new(
                "HOOK_SIGNATURE_HEADER",
                words::tr!("is no name of a header"),
                remedy,
            ));
        }
        Ok(Some((listener, Signature { kind, secret, header })))
    }
}
