//! A form that somebody has filled, which carries the token of their session.

use super::{Ask, failure::Failure};
use crate::auth::secret;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header},
};
use url::form_urlencoded;

/// The field that carries the token.
pub(crate) const TOKEN: &str = "form_token";
/// A larger form is refused.
const MOST: usize = 2 << 20;

/// Why something is decided: one line that others read, not endless, and nothing that would move or turn what stands beside it.
///
/// # Errors
/// When it says nothing, or is no such line.
pub(crate) fn reason(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let is_a_line =
        text.chars().count() <= 500 && !text.contains('\n') && pipeline::mask::printable(text) == text;
    let problem = match () {
        () if !is_a_line => words::kept!("write one line of 500 characters at most"),
        () if text.is_empty() => words::kept!("say why in one sentence; it stays in the audit log"),
        () => return Ok(pipeline::mask::mask_text(text)),
    };
    Err(Failure::invalid("reason", problem))
}

/// The fields of a form.
#[derive(Debug, Default)]
pub(crate) struct Filled(Vec<(String, String)>);

impl From<Vec<(String, String)>> for Filled {
    fn from(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }
}

impl Filled {
    pub(super) fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    #[cfg(test)]
    pub(crate) fn of(fields: &[(&str, &str)]) -> Self {
        Self(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    /// A field, without blanks around it; empty where it is not filled.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field as it was written.
    pub(crate) fn raw(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// All fields of a name: boxes that are ticked.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of_name = self.0.iter().filter(move |(found, _)| found == name);
        of_name.map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequest<S> for Filled {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let ask = Ask::from_request_parts(&mut parts, state).await?;
        let body = axum::body::to_bytes(body, MOST)
            .await
            .map_err(|_| Failure::invalid("form", words::kept!("it is larger than {} MiB", MOST >> 20)))?;
        let filled = Self::read(&body);
        admit(&ask, &parts.headers, filled.raw(TOKEN))?;
        Ok(filled)
    }
}

/// The token of the session stands in a header or in the form.
pub(super) fn admit(ask: &Ask, headers: &HeaderMap, in_form: &str) -> Result<(), Failure> {
    let in_header = headers.get("x-form-token").and_then(|it| it.to_str().ok());
    let given = in_header.unwrap_or(in_form);
    match !ask.principal.needs_form_token() || secret::same(given, &ask.principal.form_token) {
        true => Ok(()),
        false => Err(Failure::Form),
    }
}

/// A body of JSON from a program; from a browser it carries the token in a header.
pub(crate) struct Sent<T>(pub(crate) T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let ask = Ask::from_request_parts(&mut parts, state).await?;
        admit(&ask, &parts.headers, "")?;
        let kind = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|it| it.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            return Err(Failure::invalid(
                "content-type",
                words::kept!("send application/json"),
            ));
        }
        let body: Bytes = axum::body::to_bytes(body, MOST)
            .await
            .map_err(|_| Failure::invalid("body", words::kept!("it is larger than {} MiB", MOST >> 20)))?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| Failure::invalid("body", error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_a_browser_sends_them() {
        let filled = Filled::read("id=a&id=b+c&reason=+%E4%BF%AE+&x".as_bytes());
        assert_eq!(filled.all("id").collect::<Vec<_>>(), ["a", "b c"]);
        assert_eq!((filled.text("reason"), filled.raw("reason")), ("修", " 修 "));
        assert_eq!(filled.text("none"), "");
    }

    #[test]
    fn a_reason_is_a_line_that_says_something() {
        assert_eq!(reason(" 表单已修好 ").unwrap(), "表单已修好");
        for wrong in ["", " ", "two\nlines", "turned \u{202e}", "a\0b", &"x".repeat(501)] {
            assert!(reason(wrong).is_err(), "{wrong:?}");
        }
    }
}
