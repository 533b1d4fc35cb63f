//! Style sheet and script, in the program, under names that change with their content.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

struct Asset {
    kind: &'static str,
    text: &'static str,
}

const CSS: Asset = Asset {
    kind: "text/css; charset=utf-8",
    text: include_str!("../../assets/style.css"),
};
const JS: Asset = Asset {
    kind: "text/javascript; charset=utf-8",
    text: include_str!("../../assets/desk.js"),
};
const ICON: Asset = Asset {
    kind: "image/svg+xml",
    text: include_str!("../../assets/icon.svg"),
};

/// Where the style sheet is.
pub(crate) static STYLE: LazyLock<String> = LazyLock::new(|| name("style", "css", CSS.text));
/// Where the script is.
pub(crate) static SCRIPT: LazyLock<String> = LazyLock::new(|| name("desk", "js", JS.text));

fn name(stem: &str, end: &str, text: &str) -> String {
    let digest = Sha256::digest(text);
    let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("/assets/{stem}-{digest}.{end}")
}

/// One of them.
pub(super) async fn asset(Path(file): Path<String>) -> Response {
    let path = format!("/assets/{file}");
    let asset = match path.as_str() {
        path if path == STYLE.as_str() => CSS,
        path if path == SCRIPT.as_str() => JS,
        "/assets/icon.svg" => ICON,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let keep = "public, max-age=31536000, immutable";
    (
        [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, keep)],
        asset.text,
    )
        .into_response()
}
