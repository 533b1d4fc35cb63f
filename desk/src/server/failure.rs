//! What went wrong with a request, as a type; what people read of it is made in their language on the way out.

use crate::auth::{Role, store};
use axum::{
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use pipeline::cause::chain;
use replay::query::Problem;
use std::sync::Arc;

/// What a handler answers.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a request was not answered as it was meant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    /// Nobody knows who asks.
    #[error("{}", words::text!("sign in first"))]
    SignIn,
    /// The person may not do it.
    #[error("{}", words::tr!("that is for the role {} and above", .0.told()))]
    Role(Role),
    /// The request may come from another page than ours.
    #[error("{}", words::text!("this form is out of date, or another page has sent it; load the page again and repeat it"))]
    Form,
    /// The name in the address is not that of this machine.
    #[error("{}", words::text!("without sign-in the desk answers to localhost only"))]
    Host,
    /// A trusted proxy does not say who somebody is.
    #[error("{}", words::tr!("the proxy names nobody: {} has to be there once, with a name of up to 64 letters, digits, and . _ - @", .0))]
    Named(HeaderName),
    /// So many pages are kept up to date already.
    #[error("{}", words::text!("too many pages are open, so that this one stays as it is; close some, or load it again"))]
    Full,
    /// There is nothing of this name.
    #[error("{0}")]
    NotFound(String),
    /// Something that was given is wrong.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where.
        place: &'static str,
        /// What is wrong, and how to write it.
        problem: String,
    },
    /// Too many tries.
    #[error("{}", words::tr!("too many sign-ins have failed; try again in {}", replay::when::span(*.0)))]
    Wait(std::time::Duration),
    /// The dead letters are not to be had.
    #[error(transparent)]
    Letters(#[from] replay::error::Error),
    /// The read model does not answer.
    #[error(transparent)]
    Model(#[from] readmodel::error::Error),
    /// Redis does not answer.
    #[error("{}", words::text!("Redis does not answer"))]
    Redis(#[from] pipeline::store::Error),
    /// Running services cannot be asked for it.
    #[error(transparent)]
    Decide(#[from] replay::decide::Error),
    /// The file of people does not serve.
    #[error(transparent)]
    People(#[from] store::Error),
    /// A program, or the vendor behind it, does not do it; the sentence is shown as it is.
    #[error("{0}")]
    Refused(String),
    /// A file of the desk cannot be read or written.
    #[error("{}", words::text!("a file in DESK_DATA cannot be read or written"))]
    File(#[source] std::io::Error),
    /// What is kept cannot be read.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Failure {
    /// A name that nothing has.
    pub(crate) fn nothing(what: impl Into<String>) -> Self {
        Self::NotFound(what.into())
    }

    /// A field of a form or of a question.
    pub(crate) fn invalid(place: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid {
            place,
            problem: problem.into(),
        }
    }

    /// A query that cannot be read.
    pub(crate) fn query(problem: &Problem) -> Self {
        Self::invalid("where", problem.to_string())
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        use replay::error::Error::{
            Browsed, Busy, Interrupted, Invalid, NotFound, NotNow, Overtaken, WrongStage,
        };
        match self {
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Role(_) | Self::Form | Self::Host | Self::Named(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) | Self::Letters(NotFound { .. }) => StatusCode::NOT_FOUND,
            Self::Invalid { .. } | Self::Letters(Invalid { .. } | WrongStage { .. }) => {
                StatusCode::BAD_REQUEST
            }
            Self::Decide(error) => decided(error),
            Self::Wait(_) | Self::Full => StatusCode::TOO_MANY_REQUESTS,
            Self::Letters(Busy { .. } | Browsed { .. } | NotNow(_) | Interrupted(_) | Overtaken) => {
                StatusCode::CONFLICT
            }
            Self::Letters(_) | Self::Model(_) | Self::Redis(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::People(_) | Self::File(_) | Self::Json(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The whole chain in the language that is spoken.
    pub(crate) fn told(&self) -> String {
        match self {
            // Where it is stands in the log, and is nothing for whoever reads a page.
            Self::Redis(_) => {
                words::tr!("{self}: see whether it runs and REDIS_URL is right; the desk's log says more")
            }
            _ => words::retold(&chain(self)),
        }
    }
}

fn decided(error: &replay::decide::Error) -> StatusCode {
    use pipeline::wish::Error::{NotWaiting, Store, TooMany, Unknown};
    use replay::decide::Error::{Audit, Wish};
    match error {
        Wish(Unknown(_)) => StatusCode::NOT_FOUND,
        Wish(NotWaiting { .. } | TooMany(_)) => StatusCode::CONFLICT,
        Wish(Store(_)) | Audit(_) => StatusCode::SERVICE_UNAVAILABLE,
        Wish(_) => StatusCode::BAD_REQUEST,
    }
}

impl From<pipeline::wish::Error> for Failure {
    fn from(error: pipeline::wish::Error) -> Self {
        Self::Decide(error.into())
    }
}

/// Travels beside an answer to the layer that knows the language.
#[derive(Clone)]
pub(super) struct Failed(pub(super) Arc<Failure>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::warn!(
                error = words::english(|| chain(&self)),
                "a request was not answered"
            );
        }
        let mut response = status.into_response();
        response.extensions_mut().insert(Failed(Arc::new(self)));
        response
    }
}
