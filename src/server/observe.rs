//! Around every request: its line in the log, its count, and the headers that every answer has.
//!
//! Invariant: neither keys nor bodies nor the names in an address reach the log; routes are told as they are declared.

use super::app::App;
use super::endpoint::Access;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;

/// What every answer has that says nothing else.
const USUAL: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Answers and takes account of it.
pub(super) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let resources = if Access::of(request.uri().path()) == Access::Write { "cross-origin" } else { "same-origin" };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let resources = (HeaderName::from_static("cross-origin-resource-policy"), resources);
    for (name, value) in USUAL.into_iter().chain([resources]) {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    let (status, took) = (response.status().as_u16(), start.elapsed());
    app.metrics.count_request(&route, status, took);
    tracing::debug!(%method, route, status, ms = took.as_secs_f64() * 1000.0, "answered");
    response
}
