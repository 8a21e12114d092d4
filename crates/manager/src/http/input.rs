//! What callers send: bodies and queries that cannot be read are problems like
//! any other, with a code and what to do.

use super::problem::{Fault, bad};
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A JSON body, of a request or an answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Json<T>(pub T);

/// What stands behind the `?`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, state: &S) -> Result<Self, Fault> {
        let read = axum::Json::<T>::from_request(request, state).await;
        let refused = |rejection: JsonRejection| bad(rejection.body_text());
        read.map(|axum::Json(body)| Self(body)).map_err(refused)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let refused = |rejection: QueryRejection| bad(rejection.body_text());
        read.map(|axum::extract::Query(query)| Self(query))
            .map_err(refused)
    }
}
