//! The address of a vendor: scheme and host, no path, no credentials.

use url::Url;

use super::ConfigError;

/// A vendor's base URL: http(s), a host, perhaps a port, and nothing else; paths come from elsewhere.
pub fn base_url(name: &str, text: &str) -> Result<Url, ConfigError> {
    let refuse = |problem: &str| {
        ConfigError::new(
            name,
            problem,
            words::tr!("write scheme and host only, for example https://api.example.com"),
        )
    };
    let url = Url::parse(text.trim()).map_err(|error| refuse(&words::tr!("is not a URL ({error})")))?;
    match () {
        () if !matches!(url.scheme(), "http" | "https") => {
            Err(refuse(words::text!("must begin with http:// or https://")))
        }
        () if !url.username().is_empty() || url.password().is_some() => {
            Err(refuse(words::text!("must not hold credentials")))
        }
        () if url.path() != "/" => Err(refuse(words::text!("must not hold a path"))),
        () if url.query().is_some() || url.fragment().is_some() => {
            Err(refuse(words::text!("must not hold a query")))
        }
        () => Ok(url),
    }
}
