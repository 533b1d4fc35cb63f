//! The API under `/api/v1`: whatever the pages show and do. Its OpenAPI document is made from the code.

mod acts;
mod answers;
mod letters;
mod looks;
mod rules;
mod setup;
mod wishes;

use crate::{
    auth::{Principal, Role},
    server::{App, Failure},
};
use axum::{
    Router,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "OKKI desk",
        description = "What the pages of the desk show and do. Programs send a token as `Authorization: Bearer …` \
            (`desk token add`); a browser's session also sends `x-form-token` with everything that changes something. \
            Whatever is refused says why in `error`. Only `/sign-in` counts tries and answers 429."
    ),
    servers((url = "/api/v1"))
)]
struct Document;

fn parts() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(looks::me))
        .routes(routes!(looks::overview))
        .routes(routes!(looks::health))
        .routes(routes!(looks::runs))
        .routes(routes!(looks::groups))
        .routes(routes!(looks::letters))
        .routes(routes!(looks::letter))
        .routes(routes!(looks::customers))
        .routes(routes!(looks::customer))
        .routes(routes!(looks::plans))
        .routes(routes!(looks::plan))
        .routes(routes!(looks::audit))
        .routes(routes!(letters::reveal))
        .routes(routes!(
            letters::draft,
            letters::open,
            letters::keep,
            letters::forget
        ))
        .routes(routes!(letters::edit))
        .routes(routes!(letters::export))
        .routes(routes!(letters::import))
        .routes(routes!(rules::list, rules::add))
        .routes(routes!(rules::test))
        .routes(routes!(rules::one))
        .routes(routes!(rules::change))
        .routes(routes!(acts::make))
        .routes(routes!(acts::run))
        .routes(routes!(acts::pause))
        .routes(routes!(acts::cancel))
        .routes(routes!(acts::discard))
        .routes(routes!(acts::undo))
        .routes(routes!(wishes::list, wishes::ask))
        .routes(routes!(wishes::doctors, wishes::examine))
        .routes(routes!(wishes::cancel))
        .routes(routes!(wishes::pause))
        .routes(routes!(wishes::resume))
        .routes(routes!(setup::look, setup::take))
        .routes(routes!(setup::mapping))
        .routes(routes!(setup::of_customer))
}

/// The API and its document.
pub(crate) fn routes() -> Router<App> {
    let (router, _) = parts().split_for_parts();
    router.route(
        "/openapi.json",
        get(async || ([("content-type", "application/json")], document())),
    )
}

/// The OpenAPI document as JSON.
pub(crate) fn document() -> String {
    answers::completed(parts().into_openapi())
        .to_pretty_json()
        .unwrap_or_default()
}

/// The older questions under `/v1`, which the commands ask, answer with texts of letters.
pub(crate) async fn operators_only(request: Request, next: Next) -> Response {
    let principal = request.extensions().get::<Principal>();
    match principal.is_some_and(|principal| principal.may(Role::Operator)) {
        true => next.run(request).await,
        false => Failure::Role(Role::Operator).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_names_every_address_and_its_parameters() {
        let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.len(), 35, "{:?}", paths.keys().collect::<Vec<_>>());
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().unwrap() {
                assert!(
                    operation["summary"].is_string() || operation["description"].is_string(),
                    "{method} {path}"
                );
                for (status, answer) in operation["responses"].as_object().unwrap() {
                    assert!(answer["description"].is_string(), "{method} {path}: {status}");
                    assert!(
                        status.as_str() < "400" || answer["content"]["application/json"].is_object(),
                        "{method} {path}: {status}"
                    );
                }
                assert!(
                    operation["responses"]["200"].is_object() || operation["responses"]["202"].is_object(),
                    "{method} {path}"
                );
            }
        }
    }
}
