//! What a setting is made of, below everything that has settings: its error, durations, addresses, secrets.

mod addresses;
mod base_url;
mod duration;
mod error;
mod gather;
mod listen;
mod misspelt;
mod refused;
mod secret;
mod secret_arg;

pub use addresses::addresses;
pub(crate) use addresses::shown;
pub use base_url::base_url;
pub use duration::{duration_within, parse_duration, positive_duration};
pub use error::ConfigError;
pub use listen::parse_listen;
pub use misspelt::Misspelt;
pub(crate) use misspelt::{note, noted, warn};
pub(crate) use refused::{refuse, refused};
pub use secret::Secret;
pub use secret_arg::SecretArg;
