//! `/assets/{hash}/{name}`: files that pages load. What is there under a hash never changes, so browsers keep it.

use crate::html::asset::{self, File};
use crate::server::problem::Problem;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use std::io::Read;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// `GET /assets/{hash}/{name}`.
pub(super) async fn file(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Problem> {
    let file = asset::find(&hash, &name).ok_or(Problem::Address)?;
    let media = HeaderValue::from_static(file.media);
    let mut response = if file.is_packed { packed(file, &headers)? } else { file.bytes.into_response() };
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response.headers_mut().insert(header::CACHE_CONTROL, FOR_EVER);
    Ok(response)
}

/// The bytes of a file that is packed, unpacked for who cannot.
fn packed(file: &File, headers: &HeaderMap) -> Result<Response, Problem> {
    let mut response = if takes_gzip(headers) {
        ([(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))], file.bytes).into_response()
    } else {
        let mut plain = Vec::new();
        GzDecoder::new(file.bytes).read_to_end(&mut plain).map_err(|_| Problem::Fault)?;
        plain.into_response()
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    Ok(response)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let sent = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse().is_ok_and(|q: f32| q <= 0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}
