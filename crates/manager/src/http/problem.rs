//! Errors as problem documents.

use super::input::Json;
use crate::state::ManagerError;
use api::codes;
use api::problem::Problem;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response as Answer};
use store::StoreError;
use utoipa::openapi::{RefOr, Response};

/// What a handler fails with.
#[derive(Debug)]
pub(crate) struct Fault(pub Box<Problem>);

/// A problem with its code; the title and status follow from it.
pub(crate) fn fault(code: &str, detail: impl Into<String>, remedy: &str) -> Fault {
    let (status, title) = match code {
        codes::LOGIN_NEEDED => (401, "You are not logged in."),
        codes::LOGIN_WRONG => (401, "The login failed."),
        codes::TOKEN_UNKNOWN => (401, "The token is not good."),
        codes::ACCOUNT_DISABLED => (403, "The account is disabled."),
        codes::LOGIN_TOO_OFTEN => (429, "Too many logins failed."),
        codes::ROLE_TOO_LOW => (403, "Your role may not do this."),
        codes::CSRF_MISSING => (403, "The request lacks its CSRF header."),
        codes::NOT_FOUND => (404, "There is no such thing."),
        codes::AMBIGUOUS => (409, "The name stands for several things."),
        codes::CONFLICT => (409, "Something is in the way."),
        codes::PLAN_CHANGED => (409, "The plan is another one now."),
        codes::CONSENT_NEEDED => (409, "The plan needs consent."),
        codes::BAD_REQUEST => (400, "The request is not as it must be."),
        _ => (500, "The manager failed."),
    };
    Fault(Box::new(Problem {
        kind: format!("/docs/errors/{code}"),
        code: code.to_owned(),
        title: title.to_owned(),
        status,
        detail: detail.into(),
        remedy: remedy.to_owned(),
    }))
}

/// Nothing of this name.
pub(crate) fn not_found(noun: &str, name: &str) -> Fault {
    fault(
        codes::NOT_FOUND,
        format!("There is no {noun} {name:?}."),
        "List them to see the names and ids that there are.",
    )
}

/// A request that cannot be understood.
pub(crate) fn bad(detail: impl Into<String>) -> Fault {
    fault(
        codes::BAD_REQUEST,
        detail,
        "Mend the request and send it again.",
    )
}

/// A path that is no operation.
pub(crate) async fn no_route() -> Fault {
    fault(
        codes::NOT_FOUND,
        "There is no such operation.",
        "See the operations in the API document.",
    )
}

impl IntoResponse for Fault {
    fn into_response(self) -> Answer {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, Json(self.0)).into_response()
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = stdx::chain::chain(&error), "The store failed.");
        fault(
            codes::INTERNAL,
            "The store could not do it.",
            "Try again; see the manager's log.",
        )
    }
}

impl From<ManagerError> for Fault {
    fn from(error: ManagerError) -> Self {
        match error {
            ManagerError::Store(error) => error.into(),
            ManagerError::ServerUnknown => not_found("server", "of this id"),
            ManagerError::RevokedAlready => fault(
                codes::CONFLICT,
                "The server is revoked already.",
                "Nothing is left to do.",
            ),
            other => {
                tracing::error!(error = stdx::chain::chain(&other), "The manager failed.");
                fault(
                    codes::INTERNAL,
                    other.to_string(),
                    "Try again; see the manager's log.",
                )
            }
        }
    }
}

/// How every operation can fail, for the API's document.
pub(crate) struct Problems;

impl utoipa::IntoResponses for Problems {
    fn responses() -> std::collections::BTreeMap<String, RefOr<Response>> {
        use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let response = ResponseBuilder::new()
            .description("What went wrong, and what to do.")
            .content("application/problem+json", content)
            .build();
        [("default".to_owned(), RefOr::T(response))].into()
    }
}
