//! `/healthz` and `/metrics`: how the server itself does.

use super::app::App;
use super::problem::Problem;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// `GET /healthz`: good as long as the store takes batches.
pub(super) async fn health(State(app): State<App>) -> Response {
    if app.fatal().borrow().is_some() {
        return Problem::Busy.into_response();
    }
    "ok\n".into_response()
}

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let worker = App::clone(&app);
    // The store may be busy sealing, which must hold up nobody else.
    let text = app.reading.run(move || worker.metrics.text(&worker.bodies, &worker.workspaces)).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
