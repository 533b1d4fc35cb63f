//! Who asks, in which language, for which page.

use super::failure::Failure;
use crate::{
    auth::{Principal, Role},
    pages,
};
use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{Html, IntoResponse, Response},
};
use maud::{Markup, html};
use readmodel::keep::State;
use std::sync::Arc;
use words::Language;

/// A request of somebody who was let in.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// Who.
    pub(crate) principal: Principal,
    /// In which language.
    pub(crate) language: Language,
    /// Path and query of the page.
    pub(crate) place: String,
    /// How far the read model goes, from which most pages are made.
    pub(crate) model: Arc<State>,
}

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let principal = parts.extensions.get::<Principal>().cloned();
        Ok(Self {
            principal: principal.ok_or(Failure::SignIn)?,
            language: super::language::of(&parts.headers),
            model: parts.extensions.get::<Arc<State>>().cloned().unwrap_or_default(),
            place: parts
                .uri
                .path_and_query()
                .map_or("/", |it| it.as_str())
                .to_owned(),
        })
    }
}

impl Ask {
    /// Whether they may do what this role may.
    ///
    /// # Errors
    /// When they may not.
    pub(crate) fn allow(&self, role: Role) -> Result<(), Failure> {
        match self.principal.may(role) {
            true => Ok(()),
            false => Err(Failure::Role(role)),
        }
    }

    /// A page of ours in their language.
    pub(crate) fn page(&self, page: impl FnOnce() -> pages::Page) -> Response {
        let markup = words::scoped(self.language, || pages::layout::whole(self, page()));
        Html(markup.into_string()).into_response()
    }

    /// The inside of a page in their language.
    pub(crate) fn inside(&self, page: impl FnOnce() -> pages::Page) -> Markup {
        words::scoped(
            self.language,
            || html! { (pages::layout::behind(self)) (page().body) },
        )
    }
}
