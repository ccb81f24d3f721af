//! `/tracker.js` and its types: the client for browsers and Node, compiled in.

use super::asset::{Asset, Reach};
use axum::http::HeaderMap;
use axum::response::Response;

const SCRIPT: Asset =
    Asset { media: "text/javascript; charset=utf-8", bytes: include_bytes!("tracker.js"), reach: Reach::AnySite };
const TYPES: Asset =
    Asset { media: "text/plain; charset=utf-8", bytes: include_bytes!("tracker.d.ts"), reach: Reach::AnySite };

/// `GET /tracker.js`.
pub(super) async fn script(headers: HeaderMap) -> Response {
    SCRIPT.answer(&headers)
}

/// `GET /tracker.d.ts`.
pub(super) async fn types(headers: HeaderMap) -> Response {
    TYPES.answer(&headers)
}
