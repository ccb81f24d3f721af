//! `/licenses`.

use super::show::document;
use crate::html;
use axum::response::Response;

/// `GET /licenses`.
pub(super) async fn page() -> Response {
    document(html::licenses())
}
