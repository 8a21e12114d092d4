//! The API's own description: made from the operations themselves, committed
//! as `openapi/v1.json`, and served at `/api/v1/openapi.json`.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::OnceLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, Info, License, OpenApi, OpenApiBuilder, SecurityRequirement, Server,
};

/// What the document says beside the operations.
pub(super) fn base() -> OpenApi {
    let mut info = Info::new("Candela", "1");
    info.description = Some(
        "Lists answer a page: `items`, `next` (give it as `cursor`), `total`. Errors are problem \
         documents with a stable `code` and a `remedy`. Within v1 things are only added."
            .to_owned(),
    );
    info.license = Some(License::new("MIT OR Apache-2.0"));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let cookie = ApiKeyValue::new(super::caller::COOKIE);
    let mut components = Components::new();
    components.schemas.insert(
        "Problem".to_owned(),
        <api::problem::Problem as utoipa::PartialSchema>::schema(),
    );
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let none: [&str; 0] = [];
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/api/v1")]))
        .components(Some(components))
        .security(Some([
            SecurityRequirement::new("token", none),
            SecurityRequirement::new("session", none),
        ]))
        .build()
}

/// The document, as JSON.
pub fn json() -> String {
    let (_, document) = super::operations().split_for_parts();
    let mut text = serde_json::to_string_pretty(&document)
        .expect("the document is built of texts and numbers only");
    text.push('\n');
    text
}

/// `GET /openapi.json`.
pub(super) async fn document() -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let text = DOCUMENT.get_or_init(json).as_str();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
