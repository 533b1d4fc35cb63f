//! A form that somebody has filled, which carries the token of their session.

use super::{Ask, failure::Failure};
use crate::auth::secret;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::header,
};
use url::form_urlencoded;

/// The field that carries the token.
pub(crate) const TOKEN: &str = "form_token";
/// A larger form is refused.
const MOST: usize = 256 * 1024;

/// What somebody writes for others to read in a line: not endless, and nothing that would move or turn what stands beside it.
pub(crate) fn is_a_line(text: &str) -> bool {
    text.chars().count() <= 500 && !text.contains('\n') && pipeline::mask::printable(text) == text
}

/// The fields of a form.
#[derive(Debug, Default)]
pub(crate) struct Filled(Vec<(String, String)>);

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

    /// A reason that says something.
    pub(crate) fn reason(&self) -> Result<&str, Failure> {
        match self.text("reason") {
            text if !is_a_line(text) => Err(Failure::invalid(
                "reason",
                words::kept!("write one line of 500 characters at most"),
            )),
            "" => Err(Failure::invalid(
                "reason",
                words::text!("say why in one sentence; it stays in the audit log"),
            )),
            reason => Ok(reason),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Filled {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let ask = Ask::from_request_parts(&mut parts, state).await?;
        let body = axum::body::to_bytes(body, MOST)
            .await
            .map_err(|_| Failure::invalid("form", words::kept!("it is too large")))?;
        let filled = Self::read(&body);
        let given = parts.headers.get("x-form-token").and_then(|it| it.to_str().ok());
        let given = given.unwrap_or_else(|| filled.raw(TOKEN));
        if ask.principal.needs_form_token() && !secret::same(given, &ask.principal.form_token) {
            return Err(Failure::Form);
        }
        Ok(filled)
    }
}

/// A body of JSON from a program; from a browser it carries the token in a header.
pub(crate) struct Sent<T>(pub(crate) T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let ask = Ask::from_request_parts(&mut parts, state).await?;
        let given = parts.headers.get("x-form-token").and_then(|it| it.to_str().ok());
        if ask.principal.needs_form_token()
            && !secret::same(given.unwrap_or_default(), &ask.principal.form_token)
        {
            return Err(Failure::Form);
        }
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
            .map_err(|_| Failure::invalid("body", words::kept!("it is too large")))?;
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
        assert!(Filled::read(b"reason=+").reason().is_err());
    }
}
