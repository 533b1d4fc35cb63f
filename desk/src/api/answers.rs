//! What may be answered instead of what was asked for: the same for all that are asked alike, and always one sentence.

use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{
        Components, Content, OpenApi, Ref, RefOr, Response,
        path::{Operation, ParameterIn, PathItem},
    },
};

/// The body of every answer of 400 and above.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// What is wrong and what to do, in the language of `Accept-Language`, English or Chinese.
    error: String,
}

/// The document with what every address may answer besides; what an address says of itself stays.
pub(super) fn completed(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let schema = <Problem as utoipa::PartialSchema>::schema();
    components.schemas.insert(Problem::name().into_owned(), schema);
    for (path, item) in &mut document.paths.paths {
        for (operation, changes) in operations(item) {
            complete(path, operation, changes);
        }
    }
    document
}

/// Those of an address, and whether they change something.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    let questions = item.get.iter_mut().map(|it| (it, false));
    let changing = [&mut item.put, &mut item.post, &mut item.delete];
    questions.chain(changing.into_iter().flatten().map(|it| (it, true)))
}

fn complete(path: &str, operation: &mut Operation, changes: bool) {
    let is_in_query = |it: &RefOr<_>| match it {
        RefOr::T(parameter) => is_query(parameter),
        RefOr::Ref(_) => false,
    };
    let asks = operation.parameters.iter().flatten().any(is_in_query);
    let is_about = path.contains('{');
    let letters = ["/dead/", "/plans/", "/operations/"]
        .iter()
        .any(|start| path.starts_with(start));
    for (applies, status, description) in [
        (
            changes || asks && path != "/audit",
            400,
            "what was sent or asked cannot be; the sentence names the place",
        ),
        (true, 401, "nobody is signed in, or the token is unknown or over"),
        (
            true,
            403,
            "the role does not allow it, or another page has sent it",
        ),
        (is_about, 404, "there is nothing of this name"),
        (changes && letters, 409, "somebody else is at it, or it is over"),
        (true, 500, "a file in DESK_DATA cannot be read or written"),
        (
            path != "/me",
            503,
            "broker, Redis or the read model do not answer",
        ),
    ] {
        let answers = &mut operation.responses.responses;
        if applies {
            answers
                .entry(status.to_string())
                .or_insert_with(|| RefOr::T(Response::new(description)));
        }
    }
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        // Every answer has to have one.
        if answer.description.is_empty() {
            "what was asked for".clone_into(&mut answer.description);
        }
        if status.as_str() >= "400" {
            let body = Content::new(Some(Ref::from_schema_name(Problem::name())));
            answer.content.insert("application/json".to_owned(), body.into());
        }
    }
}

fn is_query(parameter: &utoipa::openapi::path::Parameter) -> bool {
    parameter.parameter_in == ParameterIn::Query
}
